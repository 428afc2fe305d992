/** One entry of a tar archive as Go's `archive/tar` knows it: {@link encodeTarHeader} turns it into the same bytes. */
export interface NewTarHeader {
  readonly type: TarType;
  /** Byte string without leading slash; a directory's ends with one. */
  readonly name: string;
  /** Target of a symlink or name of the first hard link; byte string. */
  readonly linkname?: string;
  /** Bytes of content that follow; types without content may state one all the same. */
  readonly size: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly uname?: string;
  readonly gname?: string;
  /** Nanoseconds since 1970. */
  readonly mtimeNs: bigint;
  /** Only kept where `format` is chosen, as in Go. */
  readonly atimeNs?: bigint;
  readonly ctimeNs?: bigint;
  readonly major?: number;
  readonly minor?: number;
  /**
   * PAX records (byte strings), such as `SCHILY.xattr.user.a`. Having any forces PAX. Records of fields above count only
   * where they say the same as the field.
   */
  readonly pax?: ReadonlyMap<string, string>;
  /**
   * `any`: the first of USTAR, PAX, GNU that can hold the entry, the time rounded to the nearest second.
   * `pax`: USTAR where it loses nothing, else PAX. The others: only that one.
   */
  readonly format: 'any' | TarFormat;
}

export type TarFormat = 'ustar' | 'pax' | 'gnu';

/** Type flags by name; other flags are single characters. */
export const TAR_TYPE = {
  file: '0',
  link: '1',
  symlink: '2',
  char: '3',
  block: '4',
  dir: '5',
  fifo: '6',
  globalPax: 'g',
} as const;

/** The type flag: one character. */
export type TarType = string;

/** True if an entry of this type has no content, whatever its size says. */
export function isHeaderOnly(type: TarType): boolean {
  return type >= '1' && type <= '6';
}

/** Longest names that a USTAR header holds in its name and prefix fields. */
export const NAME_SIZE = 100;
export const PREFIX_SIZE = 155;
export const BLOCK = 512;

/** Name of the PAX record of an extended attribute. */
export const XATTR_RECORD = 'SCHILY.xattr.';
