import type { Caller } from '../base/call-site.ts';
import { fileMode, record, text, uint32 } from '../base/check.ts';
import { type Checked, type Checks, given } from '../graph/option.ts';
import type { FileSettings } from '../graph/source-spec.ts';

/** How the one file of a download or blob looks. */
export interface FileInfo {
  /** Default: the last part of the URL, or what the server says. */
  readonly filename?: string;
  /** Permission bits. Default: 0o600. */
  readonly perm?: number;
  /** Default: root. */
  readonly owner?: { readonly uid: number; readonly gid: number };
}
/** An option of `HTTP`, `ImageBlob` and `OCILayoutBlob`: how the one file looks. */
export type FileInfoOption = FileInfo;

export const fileInfoChecks = {
  filename: text,
  perm: fileMode,
  owner: (at: Caller, what: string, value: unknown) => {
    const { uid, gid } = record(at, what, ['uid', 'gid'], value);
    return { uid: uint32(at, `${what}.uid`, uid), gid: uint32(at, `${what}.gid`, gid) };
  },
} satisfies Checks<FileInfo>;

export function fileSettings(info: Checked<typeof fileInfoChecks>): FileSettings {
  return {
    filename: info.filename ?? '',
    perm: (info.perm ?? 0) & 0o777,
    uid: info.owner?.uid ?? 0,
    gid: info.owner?.gid ?? 0,
  };
}

/** Permission bits of a download. `HTTP('https://example.com/tool', Chmod(0o755))` */
export function Chmod(perm: number): { readonly perm: number } {
  return given(Chmod, { perm });
}

/** Owner of a download. `HTTP('https://example.com/tool', Chown(1000, 1000))` */
export function Chown(
  uid: number,
  gid: number,
): { readonly owner: { readonly uid: number; readonly gid: number } } {
  return given(Chown, { owner: { uid, gid } });
}

/** Name of a download. `HTTP('https://example.com/v1', Filename('tool'))` */
export function Filename(name: string): { readonly filename: string } {
  return given(Filename, { filename: name });
}
