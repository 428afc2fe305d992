/** Escape sequences, control characters but tab and newline, and what turns the direction of text. */
const UNSAFE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it is about
  /\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])|[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above
const COLOR = /^\x1b\[[0-9;:]*m$/;
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;
const ZERO = /[\p{Mn}\p{Me}\p{Cf}]/u;

/**
 * Text that came from a step, a file, an image or a server, as a terminal may get it: escape sequences are left out,
 * other control characters and marks of direction are written as `\\x07` and `\\u202e`. Tabs and newlines stay.
 *
 * @param colors keep those of the text. Default: false
 */
export function shownText(text: string, { colors = false } = {}): string {
  return text.replace(UNSAFE, (found, at: number) => {
    if (found.length > 1) return colors && COLOR.test(found) ? found : '';
    if (found === '\r' && text[at + 1] === '\n') return '';
    const code = found.charCodeAt(0).toString(16);
    return code.length > 2 ? `\\u${code.padStart(4, '0')}` : `\\x${code.padStart(2, '0')}`;
  });
}

/** One line of {@link shownText}; of a line that was overwritten with `\r`, what stood there last. */
export function plainLine(text: string): string {
  const last = text.replace(/\r+$/, '');
  return shownText(last.slice(last.lastIndexOf('\r') + 1)).replace(/[\t\n]/g, ' ');
}

/** Columns that `text` takes. */
export function widthOf(text: string): number {
  let width = 0;
  for (const char of text) width += charWidth(char);
  return width;
}

/** Cuts `text` to `width` columns; a cut ends in `…`. */
export function clip(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let used = 1;
  let out = '';
  for (const char of text) {
    used += charWidth(char);
    if (used > width) break;
    out += char;
  }
  return width < 1 ? '' : `${out}…`;
}

function charWidth(char: string): number {
  const code = char.codePointAt(0) as number;
  if (code < 0x300) return 1;
  return ZERO.test(char) ? 0 : WIDE.test(char) ? 2 : 1;
}
