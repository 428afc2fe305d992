import { encodeTarHeader, TAR_END, TAR_ZEROS, tarPadding } from '../../archive/tar-writer.ts';
import { TAR_TYPE, type TarHeader } from '../../archive/tar-writer-header.ts';

/** An entry of an archive that a test makes: names stand as they are given. */
export interface MadeEntry extends Partial<Omit<TarHeader, 'type' | 'size'>> {
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
  const header: TarHeader = {
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
