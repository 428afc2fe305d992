import type { Ref } from '../../chain/ref.ts';
import { stepFailure } from '../../error/error.ts';
import { bytesOf } from '../../name/bytes.ts';
import type { Entry } from '../../name/entry.ts';
import type { Workbench } from '../../work/operation.ts';

/** How a source of one file lays it down: `http.filename`, `http.perm`, `http.uid`, `http.gid`. */
export interface FileAttributes {
  /** Empty: the source chooses. */
  readonly filename: string;
  /** 0 stands for 0600. */
  readonly perm: number;
  readonly uid: number;
  readonly gid: number;
}

/** Reads the attributes; a number may be decimal, octal (`0644`) or hexadecimal, as Go's `ParseInt` with base 0. */
export function parseFileAttributes(attrs: Readonly<Record<string, string>>): FileAttributes {
  return {
    filename: attrs['http.filename'] ?? '',
    perm: parseNumber(attrs['http.perm']),
    uid: parseNumber(attrs['http.uid']),
    gid: parseNumber(attrs['http.gid']),
  };
}

function parseNumber(text: string | undefined): number {
  if (text === undefined) return 0;
  const bad = () => stepFailure(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  const [, sign = '', digits = ''] = /^([+-]?)(0x[0-9a-f]+|0o?[0-7]+|0b[01]+|0|[1-9]\d*)$/i.exec(text) ?? [];
  if (digits === '') throw bad();
  const value = Number(/^0[0-7]/.test(digits) ? `0o${digits.slice(1)}` : digits);
  if (!Number.isSafeInteger(value)) throw bad();
  return sign === '-' ? -value : value;
}

/** Bytes of a file name. */
const LONGEST_NAME = 255;

export interface SingleFile {
  readonly name: string;
  readonly content: Entry;
  readonly attributes: FileAttributes;
  readonly mtimeNs: bigint;
  /** Of the layer. */
  readonly description: string;
}

/** A ref that holds one file, copied from `content`. */
export async function singleFile(
  { name, content, attributes: { perm, uid, gid }, mtimeNs, description }: SingleFile,
  work: Workbench,
): Promise<Ref> {
  const path = `/${bytesOf(name)}`;
  // A server may have chosen it.
  if (path.length > LONGEST_NAME + 1) {
    throw stepFailure(`open ${path.slice(0, 40)}…: file name too long`, {
      hint: 'choose a name for the file: Filename(…)',
    });
  }
  const draft = work.edit(undefined);
  try {
    // Other bits are not set on a new file.
    draft.copyFile(path, content, (perm === 0 ? 0o600 : perm) & 0o777);
    if (uid !== 0 || gid !== 0) draft.setOwner(path, uid, gid);
    draft.setTimes(path, mtimeNs, mtimeNs);
    return await work.commit(draft, description);
  } catch (error) {
    work.discard(draft);
    throw error;
  }
}
