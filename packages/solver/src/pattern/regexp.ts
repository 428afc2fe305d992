import { createRequire } from 'node:module';

/**
 * Compiles an expression in Go's syntax. RE2JS is a port of Go's own `regexp`: the syntax is the same, and the time to
 * match is linear, so a pattern of a hostile definition cannot stop a solve.
 *
 * The library is loaded by the first expression, since most builds have none and loading takes 15 ms.
 * @returns whether the text has a match; undefined if Go would not compile the expression
 */
export function compileRegExp(source: string): ((text: string) => boolean) | undefined {
  const { RE2JS, RE2JSSyntaxException } = createRequire(import.meta.url)('re2js') as typeof import('re2js');
  try {
    const compiled = RE2JS.compile(source);
    return (text) => compiled.test(text);
  } catch (error) {
    if (error instanceof RE2JSSyntaxException) return undefined;
    throw error;
  }
}
