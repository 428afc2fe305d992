/** Chooses the tar format and the PAX records that can hold an entry, as Go's `archive/tar` does. */
import {
  isHeaderOnly,
  NAME_SIZE,
  type NewTarHeader,
  PREFIX_SIZE,
  TAR_TYPE,
  type TarFormat,
} from './tar-writer-header.ts';

export interface ChosenFormat {
  readonly format: TarFormat;
  /** Records to be written before the entry; only for PAX. */
  readonly records: ReadonlyMap<string, string>;
}

/** Records that stand for header fields: taken from the field, never from {@link NewTarHeader.pax} alone. */
const FIELD_RECORDS = new Set([
  'path',
  'linkpath',
  'size',
  'uid',
  'gid',
  'uname',
  'gname',
  'mtime',
  'atime',
  'ctime',
]);
const TEXT_RECORDS = new Set(['path', 'linkpath', 'uname', 'gname']);

/** Nanoseconds. */
export const SECOND = 1_000_000_000n;
// biome-ignore lint/suspicious/noControlCharactersInRegex: NUL and non-ASCII bytes are what is looked for.
const NOT_PLAIN = /[\x00\x80-\xff]/;

/** Chooses the format for a header whose `any` times are already rounded. Throws a RangeError if none can hold it. */
export function chooseFormat(header: NewTarHeader): ChosenFormat {
  if (header.type === TAR_TYPE.globalPax) return { format: 'pax', records: header.pax ?? new Map() };
  const choice = new Choice(header);
  choice.text(header.name, NAME_SIZE, 'path');
  choice.text(header.linkname ?? '', NAME_SIZE, 'linkpath');
  choice.text(header.uname ?? '', 32, 'uname');
  choice.text(header.gname ?? '', 32, 'gname');
  choice.number(header.mode, 8, undefined);
  choice.number(header.uid, 8, 'uid');
  choice.number(header.gid, 8, 'gid');
  choice.number(header.size, 12, 'size');
  choice.number(header.major ?? 0, 8, undefined);
  choice.number(header.minor ?? 0, 8, undefined);
  choice.time(header.mtimeNs, 'mtime');
  choice.time(header.atimeNs, 'atime');
  choice.time(header.ctimeNs, 'ctime');
  if ('0346'.includes(header.type) && header.name.endsWith('/')) {
    throw cannotEncode('filename may not have trailing slash');
  }
  if (header.size < 0 && !isHeaderOnly(header.type)) throw cannotEncode('negative size on header-only type');
  return choice.made();
}

class Choice {
  readonly #header: NewTarHeader;
  readonly #allowed = new Set<TarFormat>(['ustar', 'pax', 'gnu']);
  readonly #records = new Map<string, string>();
  /** USTAR could hold the entry but would cut a time. */
  #prefersPax = false;

  constructor(header: NewTarHeader) {
    this.#header = header;
  }

  text(value: string, size: number, record: string): void {
    const tooLong = value.length > size;
    const anyLengthInGnu = record === 'path' || record === 'linkpath';
    if (value.includes('\0') || (tooLong && !anyLengthInGnu)) this.#allowed.delete('gnu');
    if (tooLong || NOT_PLAIN.test(value)) {
      if (record !== 'path' || !splitName(value)) this.#allowed.delete('ustar');
      this.#records.set(record, value);
    }
    this.#keepAgreeing(record, value);
  }

  number(value: number, size: number, record: string | undefined): void {
    if (!fitsBase256(size, value)) this.#allowed.delete('gnu');
    if (!fitsOctal(size, value)) {
      this.#allowed.delete('ustar');
      if (record) this.#records.set(record, String(value));
      else this.#allowed.delete('pax');
    }
    if (record) this.#keepAgreeing(record, String(value));
  }

  time(ns: bigint | undefined, record: 'mtime' | 'atime' | 'ctime'): void {
    if (ns === undefined) return;
    const isMtime = record === 'mtime';
    const fits = fitsOctal(12, Number(wholeSeconds(ns)));
    if (!isMtime || !fits) this.#allowed.delete('ustar');
    if (!isMtime || !fits || ns % SECOND !== 0n) {
      this.#prefersPax = true;
      this.#records.set(record, paxTime(ns));
    }
    this.#keepAgreeing(record, paxTime(ns));
  }

  made(): ChosenFormat {
    const { pax, format } = this.#header;
    if (pax && pax.size > 0) {
      for (const [key, value] of pax) {
        const owned = this.#records.has(key) || FIELD_RECORDS.has(key) || key.startsWith('GNU.sparse.');
        if (!owned) this.#records.set(key, value);
      }
      this.#allowed.delete('ustar');
      this.#allowed.delete('gnu');
    }
    for (const [key, value] of this.#records) checkRecord(key, value);
    for (const candidate of ['ustar', 'pax', 'gnu'] as const) {
      const wanted =
        format === 'any' ||
        format === candidate ||
        (format === 'pax' && candidate === 'ustar' && !this.#prefersPax);
      if (wanted && this.#allowed.has(candidate)) return { format: candidate, records: this.#records };
    }
    throw cannotEncode(`no format holds ${JSON.stringify(this.#header.name)}`);
  }

  /** A record that says what the field says stays, even where the field alone would do. */
  #keepAgreeing(record: string, value: string): void {
    if (this.#header.pax?.get(record) === value) this.#records.set(record, value);
  }
}

function checkRecord(key: string, value: string): void {
  const bad = TEXT_RECORDS.has(key) ? value.includes('\0') : key.includes('\0');
  if (key === '' || key.includes('=') || bad) {
    throw cannotEncode(`invalid PAX record: ${JSON.stringify(`${key} = ${value}`)}`);
  }
}

export function cannotEncode(why: string): RangeError {
  return new RangeError(`archive/tar: cannot encode header: ${why}`);
}

/** Cuts a long ASCII name at a slash into what the prefix and name fields of USTAR hold; undefined if that cannot be done. */
export function splitName(name: string): { readonly prefix: string; readonly name: string } | undefined {
  if (name.length <= NAME_SIZE || NOT_PLAIN.test(name)) return undefined;
  let searched = name.length;
  if (searched > PREFIX_SIZE + 1) searched = PREFIX_SIZE + 1;
  else if (name.endsWith('/')) searched--;
  const cut = name.lastIndexOf('/', searched - 1);
  const rest = name.length - cut - 1;
  if (cut <= 0 || rest > NAME_SIZE || rest === 0 || cut > PREFIX_SIZE) return undefined;
  return { prefix: name.slice(0, cut), name: name.slice(cut + 1) };
}

/** True if `value` fits into octal digits and a NUL of a field of `size` bytes. */
export function fitsOctal(size: number, value: number): boolean {
  return value >= 0 && value < 8 ** (size - 1);
}

/** True if `value` fits into GNU's binary form of a field. */
export function fitsBase256(size: number, value: number): boolean {
  if (size >= 9) return true;
  const bound = 2 ** ((size - 1) * 8);
  return value >= -bound && value < bound;
}

/** Seconds since 1970, rounded down. */
export function wholeSeconds(ns: bigint): bigint {
  const rest = ns % SECOND;
  return (ns - (rest < 0n ? rest + SECOND : rest)) / SECOND;
}

/** Decimal seconds as PAX writes them: no trailing zeros, exact for times before 1970 too. */
function paxTime(ns: bigint): string {
  if (ns % SECOND === 0n) return String(ns / SECOND);
  const positive = ns < 0n ? -ns : ns;
  const fraction = String(positive % SECOND)
    .padStart(9, '0')
    .replace(/0+$/, '');
  return `${ns < 0n ? '-' : ''}${positive / SECOND}.${fraction}`;
}
