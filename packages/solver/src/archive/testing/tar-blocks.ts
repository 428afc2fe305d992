/** Tar archives by hand, so that tests can make what no program would. */

export interface BlockFields {
  readonly name?: string;
  readonly linkname?: string;
  readonly type?: string;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly mtime?: number;
  readonly size?: number;
  readonly major?: number;
  readonly minor?: number;
  readonly prefix?: string;
}

/** The end mark of an archive. */
export const END = Buffer.alloc(1024);

/** A ustar header block; `edit` may damage it before its checksum is made, `off` is added to the checksum. */
export function blockOf(fields: BlockFields, size: number, edit?: (raw: Buffer) => void, off = 0): Buffer {
  const raw = Buffer.alloc(512);
  const digits = (offset: number, length: number, value: number) =>
    raw.write(value.toString(8).padStart(length - 1, '0'), offset);
  raw.write(fields.name ?? '', 0, 100, 'latin1');
  digits(100, 8, fields.mode ?? 0o644);
  digits(108, 8, fields.uid ?? 0);
  digits(116, 8, fields.gid ?? 0);
  digits(124, 12, fields.size ?? size);
  digits(136, 12, fields.mtime ?? 0);
  raw.write(fields.type ?? '0', 156);
  raw.write(fields.linkname ?? '', 157, 100, 'latin1');
  raw.write('ustar\x0000', 257, 'latin1');
  digits(329, 8, fields.major ?? 0);
  digits(337, 8, fields.minor ?? 0);
  raw.write(fields.prefix ?? '', 345, 155, 'latin1');
  edit?.(raw);
  raw.fill(' ', 148, 156);
  const sum = raw.reduce((total, byte) => total + byte, off);
  raw.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return raw;
}

/** A header with its content and padding. */
export function entry(fields: BlockFields, content: string | Uint8Array = ''): Buffer {
  const bytes = typeof content === 'string' ? Buffer.from(content, 'latin1') : content;
  const padding = Buffer.alloc((512 - (bytes.length % 512)) % 512);
  return Buffer.concat([blockOf(fields, bytes.length), bytes, padding]);
}

/** An extended header for the entry that follows. */
export function paxEntry(records: Readonly<Record<string, string>>): Buffer {
  let text = '';
  for (const [key, value] of Object.entries(records)) {
    const body = ` ${key}=${value}\n`;
    let length = body.length + 1;
    while (String(length).length + body.length !== length) length++;
    text += `${length}${body}`;
  }
  return entry({ name: 'pax', type: 'x' }, text);
}

/** The bytes in chunks of one size. */
export async function* streamOf(bytes: Uint8Array, chunk = 65_536): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += chunk) yield bytes.subarray(at, at + chunk);
}
