import { SolveFailure } from '@llb-ts/backend';
import { stepFailure } from '../error/error.ts';
import { bytesOf, cleanPath } from '../name/bytes.ts';
import { matchPath } from './glob-match.ts';
import { compileRegExp } from './regexp.ts';
import { runesOf } from './runes.ts';

/** The patterns that matched a directory, to be handed on to what lies in it. */
export type MatchInfo = readonly boolean[];

/**
 * Include and exclude lists in the syntax of `.dockerignore` (`moby/patternmatcher`): `**` crosses directories, `!` takes
 * back what earlier patterns matched, and what matches a directory matches everything in it.
 */
export class PatternMatcher {
  /** True if a pattern begins with `!`: then a directory that matches may still hold something that does not. */
  readonly hasExceptions: boolean;
  readonly #patterns: readonly Pattern[];

  /** @param patterns text; empty ones are passed over. Fails with `syntax error in pattern` where one is malformed. */
  constructor(patterns: readonly string[]) {
    const parsed: Pattern[] = [];
    for (const text of patterns) {
      const trimmed = text.replace(SPACE_AROUND, '');
      if (trimmed !== '') parsed.push(new Pattern(cleanPath(bytesOf(trimmed))));
    }
    this.#patterns = parsed;
    this.hasExceptions = parsed.some((pattern) => pattern.exception);
  }

  /**
   * Matches a path (relative, clean, byte string). With the info of its parent directory only the path itself
   * is looked at; without, each of its parents is.
   */
  match(path: string, parent?: MatchInfo): { readonly matched: boolean; readonly info: MatchInfo } {
    let matched = false;
    const info = this.#patterns.map((pattern, i) => {
      let hit = parent?.[i] ?? false;
      if (!hit) {
        // It cannot change the outcome.
        if (pattern.exception !== matched) return false;
        hit = pattern.matches(path) || (!parent && pattern.matchesParentOf(path));
      }
      if (hit) matched = !pattern.exception;
      return hit;
    });
    return { matched, info };
  }
}

/**
 * The matcher of one list of an action, undefined for an empty one. A malformed pattern fails with
 * `invalid includepatterns: [a [b]: syntax error in pattern`.
 */
export function matcherFor(
  list: 'includepatterns' | 'excludepatterns',
  patterns: readonly string[],
): PatternMatcher | undefined {
  if (patterns.length === 0) return undefined;
  try {
    return new PatternMatcher(patterns);
  } catch (error) {
    if (!(error instanceof SolveFailure)) throw error;
    throw stepFailure(`invalid ${list}: [${patterns.join(' ')}]: ${error.message}`, { cause: error });
  }
}

/** The characters that Go's `strings.TrimSpace` removes. */
const SPACE_AROUND =
  /^[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+|[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+$/g;

const badPattern = () => stepFailure('syntax error in pattern');

class Pattern {
  readonly exception: boolean;
  readonly #pattern: string;
  #test: ((path: string) => boolean) | undefined;

  constructor(pattern: string) {
    this.exception = pattern.startsWith('!');
    if (pattern === '!') throw stepFailure('illegal exclusion pattern: "!"');
    this.#pattern = this.exception ? pattern.slice(1) : pattern;
    if (matchPath(this.#pattern, '.') === undefined) throw badPattern();
  }

  matches(path: string): boolean {
    // Only now: a pattern that is never tried may be one that cannot be compiled.
    this.#test ??= compile(this.#pattern);
    return this.#test(path);
  }

  matchesParentOf(path: string): boolean {
    for (let cut = path.indexOf('/'); cut >= 0; cut = path.indexOf('/', cut + 1)) {
      if (this.matches(path.slice(0, cut))) return true;
    }
    return false;
  }
}

/**
 * The test for one pattern. Plain names, `dir/**` and `**` + plain name are compared as they are; everything else goes
 * through a regular expression, with all that means for escapes and classes.
 */
function compile(pattern: string): (path: string) => boolean {
  const { kind, expression } = translate(runesOf(pattern));
  if (kind === 'exact') return (path) => path === pattern;
  if (kind === 'prefix') {
    const prefix = pattern.slice(0, -2);
    return (path) => path.startsWith(prefix);
  }
  if (kind === 'suffix') {
    const suffix = pattern.slice(2);
    const whole = suffix.startsWith('/') ? suffix.slice(1) : undefined;
    return (path) => path.endsWith(suffix) || path === whole;
  }
  const matches = compileRegExp(expression);
  if (!matches) throw badPattern();
  return (path) => matches(runesOf(path));
}

type Kind = 'exact' | 'prefix' | 'suffix' | 'regexp';

/** Not among them: `|`, `{` and `}`, which so have the meaning they have in an expression (a bug of the original). */
const ESCAPED = '.+()$';

function translate(pattern: string): { kind: Kind; expression: string } {
  const chars = Array.from(pattern);
  let kind: Kind = 'exact';
  let expression = '^';
  for (let i = 0; i < chars.length; i++) {
    const ch = chars[i]!;
    if (ch === '*' && chars[i + 1] === '*') {
      const start = i === 0;
      i += chars[i + 2] === '/' ? 2 : 1;
      if (i + 1 < chars.length) {
        expression += '(.*/)?';
        kind = 'regexp';
      } else if (kind === 'exact') {
        kind = 'prefix';
      } else {
        expression += '.*';
        kind = 'regexp';
      }
      if (start) kind = 'suffix';
    } else if (ch === '*' || ch === '?') {
      expression += ch === '*' ? '[^/]*' : '[^/]';
      kind = 'regexp';
    } else if (ESCAPED.includes(ch)) {
      expression += `\\${ch}`;
    } else if (ch === '\\') {
      const next = chars[++i];
      expression += `\\${next ?? ''}`;
      if (next !== undefined) kind = 'regexp';
    } else {
      expression += ch;
      if (ch === '[' || ch === ']') kind = 'regexp';
    }
  }
  return { kind, expression: `${expression}$` };
}
