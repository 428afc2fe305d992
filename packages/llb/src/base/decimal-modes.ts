import { type Caller, type CallSite, callSiteOf } from './call-site.ts';

/** Decimal numbers that read like a mode: 755 is 0o1363, hardly what is meant, and yet a mode. */
const suspects = new Set([
  400, 440, 444, 500, 550, 555, 600, 640, 644, 660, 664, 666, 700, 710, 711, 744, 750, 751, 754, 755, 770,
  771, 774, 775, 777,
]);

/** The text of a build file from a place on: the line and those after it. */
export type SourceReader = (site: CallSite) => string | undefined;

let readSource: SourceReader | undefined;

/**
 * Tells the language how to read the build file that runs, so that a mode written as `755` is told from one written as
 * `0o1363`: they are the same number. Without a reader both are taken. `readSourcesWith((site) => lines.get(site.line))`
 */
export function readSourcesWith(reader: SourceReader | undefined): void {
  readSource = reader;
}

/** True if the call of `at` has `mode` in decimal where it was meant in octal. */
export function mistakesDecimal(at: Caller, mode: number): boolean {
  if (!readSource || !suspects.has(mode)) return false;
  const site = callSiteOf(at);
  const source = site && readSource(site);
  return source !== undefined && new RegExp(`(?<![\\w.])${mode}(?![\\w.])`).test(callText(source));
}

/** The text up to the parenthesis that ends the call, roughly: parentheses in strings count too. */
function callText(source: string): string {
  let depth = 0;
  for (let i = 0; i < source.length; i++) {
    if (source[i] === '(') depth++;
    else if (source[i] === ')' && --depth <= 0) return source.slice(0, i);
  }
  return source;
}
