import { INVALID_RUNE, type Rune, runeAt } from './runes.ts';

/**
 * Go's `filepath.Match`: `*` and `?` stop at `/`, `[a-c]` and `[^a-c]` are classes, `\` takes the next character as it
 * is. No braces, no `**`, and a leading dot is nothing special. Both are byte strings.
 *
 * @returns undefined if the pattern is malformed. As in Go, a pattern is only looked at as far as it takes to decide.
 */
export function matchPath(pattern: string, name: string): boolean | undefined {
  let restPattern = pattern;
  let restName = name;
  while (restPattern !== '') {
    const { star, chunk, rest } = nextChunk(restPattern);
    restPattern = rest;
    if (star && chunk === '') return !restName.includes('/');
    let at = matchChunk(chunk, restName, 0);
    const last = restPattern === '';
    if (star) {
      for (
        let skip = 0;
        !ends(at, last, restName) && skip < restName.length && restName[skip] !== '/';
        skip++
      ) {
        at = matchChunk(chunk, restName, skip + 1);
        if (at === undefined) return undefined;
      }
    }
    if (at === undefined) return undefined;
    if (!ends(at, last, restName)) return false;
    restName = restName.slice(at);
  }
  return restName === '';
}

/** A chunk that matched up to `at` may stand, unless it is the last one and does not use up the name. */
function ends(at: number | undefined, last: boolean, name: string): boolean {
  return at !== undefined && at >= 0 && (!last || at === name.length);
}

/** Splits off what comes before the next `*`, and the stars in front of it. */
function nextChunk(pattern: string): { star: boolean; chunk: string; rest: string } {
  let start = 0;
  while (pattern[start] === '*') start++;
  let inClass = false;
  let end = start;
  for (; end < pattern.length; end++) {
    const ch = pattern[end];
    if (ch === '\\') end++;
    else if (ch === '[') inClass = true;
    else if (ch === ']') inClass = false;
    else if (ch === '*' && !inClass) break;
  }
  return { star: start > 0, chunk: pattern.slice(start, end), rest: pattern.slice(end) };
}

const NO_MATCH = -1;

/** The end in `name` of a chunk without stars that begins at `from`; -1 if it does not match, undefined if malformed. */
function matchChunk(chunk: string, name: string, from: number): number | undefined {
  let at = from;
  let failed = false;
  for (let i = 0; i < chunk.length; ) {
    failed ||= at >= name.length;
    const ch = chunk[i];
    if (ch === '[') {
      const rune = failed ? INVALID_RUNE : runeAt(name, at);
      const end = matchClass(chunk, i, rune.code);
      if (end === undefined) return undefined;
      if (!failed) at += rune.width;
      failed ||= !end.matched;
      i = end.next;
    } else if (ch === '?') {
      if (!failed) {
        failed = name[at] === '/';
        at += runeAt(name, at).width;
      }
      i++;
    } else {
      if (ch === '\\') i++;
      if (i >= chunk.length) return undefined;
      failed ||= chunk[i] !== name[at];
      at++;
      i++;
    }
  }
  return failed ? NO_MATCH : at;
}

/** The class that begins at `open`: whether it takes `code`, and where it ends. */
function matchClass(
  chunk: string,
  open: number,
  code: number,
): { matched: boolean; next: number } | undefined {
  let i = open + 1;
  const negated = chunk[i] === '^';
  if (negated) i++;
  let matched = false;
  for (let ranges = 0; ranges === 0 || chunk[i] !== ']'; ranges++) {
    const low = classRune(chunk, i);
    if (!low) return undefined;
    i = low.next;
    let high = low;
    if (chunk[i] === '-') {
      const upper = classRune(chunk, i + 1);
      if (!upper) return undefined;
      high = upper;
      i = high.next;
    }
    matched ||= low.code <= code && code <= high.code;
  }
  return { matched: matched !== negated, next: i + 1 };
}

/** A character of a class, perhaps escaped; there must be more behind it. */
function classRune(chunk: string, at: number): (Rune & { next: number }) | undefined {
  const escaped = chunk[at] === '\\';
  const start = escaped ? at + 1 : at;
  if (start >= chunk.length || (!escaped && (chunk[at] === '-' || chunk[at] === ']'))) return undefined;
  const rune = runeAt(chunk, start);
  if (rune === INVALID_RUNE || start + rune.width >= chunk.length) return undefined;
  return { ...rune, next: start + rune.width };
}
