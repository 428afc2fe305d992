/**
 * Go reads text as UTF-8 and takes every byte that is none for one U+FFFD. Names here are byte strings; where a pattern
 * counts characters (`?`, `[…]`) they must be counted alike.
 */

const NON_ASCII = /[\u0080-\u00ff]/;

/** One character of a byte string: its code point and how many bytes it takes. */
export interface Rune {
  readonly code: number;
  readonly width: number;
}

export const INVALID_RUNE: Rune = { code: 0xfffd, width: 1 };

/** The character at `at`, which must be within the string. */
export function runeAt(bytes: string, at: number): Rune {
  const lead = bytes.charCodeAt(at);
  if (lead < 0x80) return { code: lead, width: 1 };
  const width = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || at + width > bytes.length) return INVALID_RUNE;
  let code = lead & (0xff >> (width + 1));
  for (let i = 1; i < width; i++) {
    const next = bytes.charCodeAt(at + i);
    if ((next & 0xc0) !== 0x80) return INVALID_RUNE;
    code = (code << 6) | (next & 0x3f);
  }
  const shortest = width === 2 ? 0x80 : width === 3 ? 0x800 : 0x10000;
  const surrogate = code >= 0xd800 && code <= 0xdfff;
  return code < shortest || code > 0x10ffff || surrogate ? INVALID_RUNE : { code, width };
}

/** The text of a byte string, with one U+FFFD for each byte that is not part of UTF-8. */
export function runesOf(bytes: string): string {
  if (!NON_ASCII.test(bytes)) return bytes;
  let text = '';
  for (let at = 0; at < bytes.length; ) {
    const { code, width } = runeAt(bytes, at);
    text += String.fromCodePoint(code);
    at += width;
  }
  return text;
}
