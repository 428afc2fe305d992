import { encodeTarHeader, TAR_END, TAR_ZEROS, tarPadding } from '../../archive/tar-writer.ts';
import { type NewTarHeader, TAR_TYPE } from '../../archive/tar-writer-header.ts';

/** An entry of an archive that a test makes: names stand as they are given. */
export interface MadeEntry extends Partial<Omit<NewTarHeader, 'type' | 'size'>> {
  readonly name: string;
  /** Default: `file`. */
  readonly type?: keyof typeof TAR_TYPE;
  readonly content?: string | Uint8Array;
}

/** An archive of these entries, with times in 2001 unless they say otherwise. */
export function makeTar(...entries: readonly MadeEntry[]): Buffer {
  return Buffer.concat([...entries.flatMap(blocksOf), TAR_END]);
}

function blocksOf({ type = 'file', content = '', ...fields }: MadeEntry): Buffer[] {
  const bytes = Buffer.from(content);
  const header: NewTarHeader = {
    mode: type === 'dir' ? 0o755 : 0o644,
    uid: 0,
    gid: 0,
    mtimeNs: 1_000_000_000_000_000_000n,
    format: 'pax',
    ...fields,
    size: bytes.length,
    type: TAR_TYPE[type],
  };
  return [encodeTarHeader(header), bytes, TAR_ZEROS.subarray(0, tarPadding(bytes.length))];
}

/** An archive of a file `f` that is one hole of `size` bytes (GNU sparse format 0.1), which few bytes say. */
export function hollowTar(size: number): Buffer {
  const records = [
    ['major', '0'],
    ['minor', '1'],
    ['numblocks', '0'],
    ['size', String(size)],
  ].map(([key, value]) => paxRecord(`GNU.sparse.${key}`, value ?? ''));
  const [header = Buffer.alloc(0), ...content] = blocksOf({
    name: 'pax',
    content: records.join(''),
    format: 'any',
  });
  header.write('x', 156);
  header.fill(' ', 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return Buffer.concat([header, ...content, makeTar({ name: 'f', format: 'any' })]);
}

function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  let length = rest.length;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return `${length}${rest}`;
}
