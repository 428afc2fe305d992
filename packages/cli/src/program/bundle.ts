import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { suggestion } from '@llb-ts/llb';
import type { BuildFailure, Message, Plugin } from 'esbuild';
import { CliError } from '../error/cli-error.ts';
import { readText, shownPath } from '../words/shown-path.ts';
import { packageModules } from './package-modules.ts';

/** One module made of build.ts and what it imports. */
export interface Bundle {
  readonly code: string;
  /** Source map, version 3; sources are relative to the folder of build.ts. */
  readonly map: string;
}

/** The language as build.ts sees it: where its module is, and what it exports. */
export interface Dsl {
  readonly url: string;
  readonly names: readonly string[];
}

/**
 * Compiles build.ts with everything it imports from files to one module. Packages stay imports of the files they
 * resolve to; `llb-ts` is always the language of the running program, whatever is installed beside build.ts.
 */
export async function bundle(file: string, dsl: Dsl): Promise<Bundle> {
  const esbuild = await import('esbuild');
  const folder = dirname(file);
  try {
    const { outputFiles, warnings } = await esbuild.build({
      entryPoints: [file],
      absWorkingDir: folder,
      outfile: `${folder}/build.mjs`,
      bundle: true,
      write: false,
      format: 'esm',
      platform: 'node',
      target: `node${process.versions.node}`,
      // The conditions that Node itself looks for, since Node loads the packages.
      conditions: ['node-addons'],
      mainFields: ['main'],
      sourcemap: 'external',
      sourcesContent: true,
      charset: 'utf8',
      legalComments: 'none',
      logLevel: 'silent',
      // CommonJS files ask for Node's modules and for packages with it; esbuild names others of that name otherwise.
      banner: { js: requireFrom(file) },
      define: moduleConstants.define,
      plugins: [dslModule(dsl), moduleConstants.plugin, packageModules()],
    });
    const undefinedImport = warnings
      .map((one) => [one, undefinedName(one)] as const)
      .find(([, name]) => name);
    if (undefinedImport) throw compileError(undefinedImport[0], folder, dsl);
    const text = (ending: string) => outputFiles.find((output) => output.path.endsWith(ending))?.text ?? '';
    return { code: text('.mjs'), map: text('.map') };
  } catch (error) {
    if (error instanceof CliError) throw error;
    const failure = firstMessage(error);
    if (!failure) throw error;
    throw compileError(failure, folder, dsl);
  }
}

function requireFrom(file: string): string {
  return [
    "import { createRequire as __llbTsCreateRequire } from 'node:module';",
    `const require = __llbTsCreateRequire(${JSON.stringify(file)});`,
  ].join('\n');
}

/** An explicit list of names, so that esbuild itself points at an import that does not exist. */
function dslModule({ url, names }: Dsl): Plugin {
  return {
    name: 'llb-ts',
    setup(build) {
      build.onResolve({ filter: /^llb-ts$/ }, ({ path }) => ({
        path,
        namespace: 'llb-ts',
        sideEffects: false,
      }));
      build.onResolve({ filter: /^/, namespace: 'llb-ts' }, ({ path }) => ({ path, external: true }));
      build.onLoad({ filter: /^/, namespace: 'llb-ts' }, () => ({
        contents: `export { ${names.join(', ')} } from ${JSON.stringify(url)};`,
      }));
    },
  };
}

/**
 * A bundled file must not see that it was moved: `import.meta.url`, `__dirname` and their kin keep the values of the
 * file they are written in. The values come from an import at the end of the file, which moves no line and no column.
 */
const moduleConstants = {
  define: {
    'import.meta.url': '__llbTsUrl',
    'import.meta.filename': '__llbTsFilename',
    'import.meta.dirname': '__llbTsDirname',
  },
  plugin: {
    name: 'module-constants',
    setup(build) {
      build.onLoad({ filter: /\.[cm]?[jt]sx?$/, namespace: 'file' }, async ({ path }) => {
        const text = await readFile(path, 'utf8');
        if (!/\bimport\.meta\b|\b__(?:dir|file)name\b/.test(text)) return undefined;
        const [, language = 'ts', x = ''] = /\.[cm]?([jt]s)(x?)$/.exec(path) ?? [];
        return {
          contents: isCommonJs(path, text)
            ? `${commonJsConstants(path)}${text}`
            : `${text}\n${importConstants(path)}`,
          loader: `${language}${x}` as 'js' | 'jsx' | 'ts' | 'tsx',
          resolveDir: dirname(path),
        };
      });
      build.onResolve({ filter: /^llb-ts-place:/ }, ({ path }) => ({
        path: path.slice('llb-ts-place:'.length),
        namespace: 'llb-ts-place',
        sideEffects: false,
      }));
      build.onLoad({ filter: /^/, namespace: 'llb-ts-place' }, ({ path }) => ({
        contents: [
          `export const url = ${JSON.stringify(pathToFileURL(path).href)};`,
          `export const filename = ${JSON.stringify(path)};`,
          `export const dirname = ${JSON.stringify(dirname(path))};`,
        ].join('\n'),
      }));
    },
  } satisfies Plugin,
};

function importConstants(path: string): string {
  const names = [
    'url as __llbTsUrl',
    'filename as __llbTsFilename',
    'dirname as __llbTsDirname',
    'filename as __filename',
    'dirname as __dirname',
  ];
  return `import { ${names.join(', ')} } from ${JSON.stringify(`llb-ts-place:${path}`)};`;
}

/** An import would make another kind of module of it; columns of its first line are told wrong instead. */
function commonJsConstants(path: string): string {
  return `var __filename = ${JSON.stringify(path)}, __dirname = ${JSON.stringify(dirname(path))};`;
}

function isCommonJs(path: string, text: string): boolean {
  return /\.c[jt]s$/.test(path) || !/^\s*(?:import|export)\b/m.test(text);
}

function firstMessage(error: unknown): Message | undefined {
  return error instanceof Error && 'errors' in error ? (error as BuildFailure).errors[0] : undefined;
}

function compileError(message: Message, folder: string, dsl: Dsl): CliError {
  const { location, notes } = message;
  const missing = missingName(message) ?? undefinedName(message);
  const text =
    missing === undefined
      ? decapitalise(message.text)
      : missing === 'default'
        ? 'llb-ts has no default export'
        : `llb-ts has no export named ${JSON.stringify(missing)}`;
  const help =
    missing === 'default'
      ? "name what is used: import { Image, Scratch } from 'llb-ts'"
      : missing === undefined
        ? (unresolvedHelp(message.text) ?? notes[0]?.text)
        : suggestionFor(missing, dsl.names);
  return new CliError('program', text, {
    ...(location && {
      place: {
        file: shownPath(location.file, folder),
        line: location.line,
        character: utf16Column(location.lineText, location.column),
        text: readText(resolve(folder, location.file)) ?? '',
      },
    }),
    ...(help !== undefined && { help }),
  });
}

/** The name in `import { name } from 'llb-ts'` that the language does not have. */
function missingName({ text }: Message): string | undefined {
  return /^No matching export in "llb-ts:llb-ts" for import "(.*)"$/.exec(text)?.[1];
}

/** The name in `llb.name`, of `import * as llb from 'llb-ts'`, that the language does not have. */
function undefinedName({ id, text }: Message): string | undefined {
  if (id !== 'import-is-undefined' || !text.includes('"llb-ts:llb-ts"')) return undefined;
  return /^Import "(.*?)" will always be undefined/.exec(text)?.[1];
}

function unresolvedHelp(text: string): string | undefined {
  const path = /^Could not resolve "(.*)"$/.exec(text)?.[1];
  if (path === undefined) return undefined;
  if (/^[./]/.test(path)) return 'there is no such file, also not with .ts, .js or .json behind it';
  const name = /^(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? path;
  return `is it installed? npm install --save-dev ${name}`;
}

function suggestionFor(name: string, names: readonly string[]): string | undefined {
  const text = suggestion(name, names);
  return text.startsWith('did you mean') ? text : undefined;
}

function decapitalise(text: string): string {
  return /^[A-Z][a-z]/.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text;
}

/** esbuild counts columns in bytes of UTF-8. */
function utf16Column(line: string, bytes: number): number {
  return Buffer.from(line).subarray(0, bytes).toString().length;
}
