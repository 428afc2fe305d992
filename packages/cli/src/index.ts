/** What a build file imports: the language. Its names are listed by hand in `@llb-ts/llb`. */
export * from '@llb-ts/llb';
