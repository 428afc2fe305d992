/**
 * Patterns become regular expressions of Go's kind before they are matched, and some mean there what they do not mean
 * elsewhere: `\d` a digit, `[[:alpha:]]` a letter, `a|b` either, `a{2}` two, `[*]` something odd. So the expression is built as BuildKit builds it
 * and read here as Go would, as far as a pattern can go: no groups or flags of its own.
 */

type Range = readonly [low: number, high: number];

const DIGIT: readonly Range[] = [[48, 57]];
const UPPER: readonly Range[] = [[65, 90]];
const LOWER: readonly Range[] = [[97, 122]];
const WORD: readonly Range[] = [...DIGIT, ...UPPER, [95, 95], ...LOWER];
const SPACE: readonly Range[] = [
  [9, 10],
  [12, 13],
  [32, 32],
];

const ESCAPED_CLASSES: Readonly<Record<string, readonly Range[]>> = { d: DIGIT, s: SPACE, w: WORD };
const ESCAPED_CONTROLS: Readonly<Record<string, number>> = { a: 7, f: 12, n: 10, r: 13, t: 9, v: 11 };

const NAMED_CLASSES: Readonly<Record<string, readonly Range[]>> = {
  alnum: [...DIGIT, ...UPPER, ...LOWER],
  alpha: [...UPPER, ...LOWER],
  ascii: [[0, 127]],
  blank: [
    [9, 9],
    [32, 32],
  ],
  cntrl: [
    [0, 31],
    [127, 127],
  ],
  digit: DIGIT,
  graph: [[33, 126]],
  lower: LOWER,
  print: [[32, 126]],
  punct: [
    [33, 47],
    [58, 64],
    [91, 96],
    [123, 126],
  ],
  space: [
    [9, 13],
    [32, 32],
  ],
  upper: UPPER,
  word: WORD,
  xdigit: [...DIGIT, [65, 70], [97, 102]],
};

/** The JavaScript expression for one of Go's; undefined if Go would not compile it (or it is beyond what is said above). */
export function compileGoRegExp(source: string): RegExp | undefined {
  const chars = Array.from(source);
  const parts: Part[] = [];
  for (let i = 0; i < chars.length; ) {
    const ch = chars[i]!;
    const repeat = ch === '{' ? REPEAT.exec(chars.slice(i).join('')) : undefined;
    if (repeat) {
      const repeated = repeatPart(parts.pop(), repeat);
      if (!repeated) return undefined;
      parts.push(repeated);
      i += repeat[0].length;
    } else if (ch === '[') {
      const parsed = parseClass(chars, i + 1);
      if (!parsed) return undefined;
      parts.push({ text: parsed.text, kind: 'atom' });
      i = parsed.next;
    } else if (ch === '\\') {
      const escaped = parseEscape(chars[i + 1]);
      if (escaped === undefined) return undefined;
      parts.push(escaped);
      i += 2;
    } else {
      parts.push(plainPart(ch));
      i++;
    }
  }
  return new RegExp(parts.map((part) => part.text).join(''), 'u');
}

/** A piece of an expression, and whether a repetition may follow it. */
interface Part {
  readonly text: string;
  readonly kind: 'atom' | 'assertion' | 'repetition' | 'open';
}

/** `{n}`, `{n,}`, `{n,m}`; with leading zeros Go takes it for plain text. */
const REPEAT = /^\{(0|[1-9][0-9]*)(?:,(0|[1-9][0-9]*|))?\}/;
const MAX_REPEAT = 1000;

function repeatPart(part: Part | undefined, [text, min, max = min]: RegExpExecArray): Part | undefined {
  const [low, high] = [Number(min), max === '' ? MAX_REPEAT : Number(max)];
  if (!part || low > high || high > MAX_REPEAT) return undefined;
  if (part.kind === 'atom') return { text: part.text + text, kind: 'repetition' };
  // JavaScript repeats no assertion; once is as good as often.
  if (part.kind === 'assertion') return { text: low === 0 ? '' : part.text, kind: 'repetition' };
  return undefined;
}

function plainPart(ch: string): Part {
  if (ch === '.') return { text: '[^\\n]', kind: 'atom' };
  if (ch === '^' || ch === '$') return { text: ch, kind: 'assertion' };
  if (ch === '*' || ch === '?') return { text: ch, kind: 'repetition' };
  if (ch === '|' || ch === '(') return { text: ch, kind: 'open' };
  return { text: ch === ')' ? ch : literal(ch.codePointAt(0)!), kind: 'atom' };
}

/** What stands behind a backslash outside of a class. */
function parseEscape(ch: string | undefined): Part | undefined {
  if (ch === 'b' || ch === 'B') return { text: `\\${ch}`, kind: 'assertion' };
  if (ch === 'A') return { text: '^', kind: 'assertion' };
  if (ch === 'z') return { text: '$', kind: 'assertion' };
  const ranges = escapedRanges(ch);
  return ranges && { text: classOf(ranges, false), kind: 'atom' };
}

function escapedRanges(ch: string | undefined): readonly Range[] | undefined {
  if (ch === undefined) return undefined;
  const known = ESCAPED_CLASSES[ch.toLowerCase()];
  if (known) return /[A-Z]/.test(ch) ? invert(known) : known;
  const control = ESCAPED_CONTROLS[ch];
  const code = control ?? ch.codePointAt(0)!;
  if (control === undefined && (code >= 0x80 || /[0-9A-Za-z]/.test(ch))) return undefined;
  return [[code, code]];
}

/** A class from behind its `[`. */
function parseClass(chars: readonly string[], from: number): { text: string; next: number } | undefined {
  let i = from;
  const negated = chars[i] === '^';
  if (negated) i++;
  const ranges: Range[] = [];
  for (let first = true; first || chars[i] !== ']'; first = false) {
    if (i >= chars.length) return undefined;
    const named = parseNamed(chars, i);
    if (named) {
      if (!named.ranges) return undefined;
      ranges.push(...named.ranges);
      i = named.next;
      continue;
    }
    const low = classChar(chars, i);
    if (!low) return undefined;
    i = low.next;
    if (!low.single || chars[i] !== '-' || chars[i + 1] === undefined || chars[i + 1] === ']') {
      ranges.push(...low.ranges);
      continue;
    }
    const high = classChar(chars, i + 1);
    if (!high?.single || high.code < low.code) return undefined;
    ranges.push([low.code, high.code]);
    i = high.next;
  }
  return { text: classOf(ranges, negated), next: i + 1 };
}

/** `[:name:]` or `[:^name:]`; without ranges if there is no such name. */
function parseNamed(
  chars: readonly string[],
  at: number,
): { ranges?: readonly Range[]; next: number } | undefined {
  if (chars[at] !== '[' || chars[at + 1] !== ':') return undefined;
  const rest = chars.slice(at + 2).join('');
  const end = rest.indexOf(':]');
  if (end < 0) return undefined;
  const name = rest.slice(0, end);
  const next = at + 2 + Array.from(name).length + 2;
  const ranges = NAMED_CLASSES[name.startsWith('^') ? name.slice(1) : name];
  if (!ranges) return { next };
  return { ranges: name.startsWith('^') ? invert(ranges) : ranges, next };
}

interface ClassChar {
  readonly ranges: readonly Range[];
  readonly single: boolean;
  readonly code: number;
  readonly next: number;
}

function classChar(chars: readonly string[], at: number): ClassChar | undefined {
  const ch = chars[at];
  if (ch === undefined) return undefined;
  const ranges: readonly Range[] | undefined =
    ch === '\\' ? escapedRanges(chars[at + 1]) : [[ch.codePointAt(0)!, ch.codePointAt(0)!]];
  if (!ranges) return undefined;
  const code = ranges[0]![0];
  const single = ranges.length === 1 && ranges[0]![1] === code;
  return { ranges, single, code, next: at + (ch === '\\' ? 2 : 1) };
}

function invert(ranges: readonly Range[]): readonly Range[] {
  const inverted: Range[] = [];
  let from = 0;
  for (const [low, high] of ranges.toSorted((a, b) => a[0] - b[0])) {
    if (low > from) inverted.push([from, low - 1]);
    from = high + 1;
  }
  return [...inverted, [from, 0x10ffff]];
}

function classOf(ranges: readonly Range[], negated: boolean): string {
  return `[${negated ? '^' : ''}${ranges.map(([low, high]) => `${literal(low)}-${literal(high)}`).join('')}]`;
}

function literal(code: number): string {
  return `\\u{${code.toString(16)}}`;
}
