/** File names are bytes; in JSON they must be text. These two keep every byte (Python's `surrogateescape`). */

const decoder = new TextDecoder('utf-8', { fatal: true });

/** UTF-8 as text; each byte of anything else as U+DC00 + byte. */
export function textOfBytes(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    return decodeInPieces(bytes);
  }
}

export function bytesOfText(text: string): Buffer {
  const pieces: Buffer[] = [];
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    const isEscapedByte = code >= 0xdc80 && code <= 0xdcff;
    pieces.push(isEscapedByte ? Buffer.from([code - 0xdc00]) : Buffer.from(character, 'utf8'));
  }
  return Buffer.concat(pieces);
}

export function compareAsBytes(a: string, b: string): number {
  return Buffer.compare(bytesOfText(a), bytesOfText(b));
}

function decodeInPieces(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; ) {
    const length = characterLength(bytes, at);
    text +=
      length === 0
        ? String.fromCharCode(0xdc00 + (bytes[at] ?? 0))
        : decoder.decode(bytes.subarray(at, at + length));
    at += Math.max(length, 1);
  }
  return text;
}

/** Bytes of the UTF-8 character at `at`; 0 when there is none. */
function characterLength(bytes: Uint8Array, at: number): number {
  for (let length = 1; length <= 4 && at + length <= bytes.length; length++) {
    try {
      decoder.decode(bytes.subarray(at, at + length));
      return length;
    } catch {
      // Not a whole character; one more byte may complete it.
    }
  }
  return 0;
}
