import { createHash, hash } from 'node:crypto';
import fs from 'node:fs';
import { readlink } from '../host/files.ts';
import type { Pacer } from '../host/pacer.ts';
import { getXattr, listXattrs } from '../host/syscalls.ts';
import { isOverlayXattr } from '../layer/whiteout.ts';
import { fsPath } from '../name/bytes.ts';
import type { Entry, EntryStat } from '../name/entry.ts';

/** Digests of files, with owner, mode and xattrs, that are known from before. */
export interface DigestMemo {
  get(entry: Entry): string | undefined;
  set(entry: Entry, digest: string): void;
}

/** Files above this are read in pieces, with pauses. */
const PIECE = 4 << 20;

/**
 * Digests of single entries: what they are, and the content of files. Of a file that was digested before under another
 * name, which of them it was counts too: a copy of both keeps them one file.
 */
export class EntryDigester {
  readonly #pacer: Pacer;
  readonly #memo: DigestMemo | undefined;
  /** The first names of files that may have several, with how many entries came before. */
  readonly #firstNames = new Map<string, { readonly hostPath: string; readonly place: number }>();
  #place = 0;

  constructor(pacer: Pacer, memo?: DigestMemo) {
    this.#pacer = pacer;
    this.#memo = memo;
  }

  async digest(entry: Entry): Promise<string> {
    await this.#pacer.pause();
    const first = this.#firstPlace(entry);
    const digest = await this.#digestAlone(entry);
    return first === undefined ? digest : `${digest} is ${first}`;
  }

  #firstPlace({ stat, hostPath, source }: Entry): number | undefined {
    const place = this.#place++;
    if (stat.type !== 'file' || stat.nlink < 2) return undefined;
    const identity = `${source}\0${stat.dev}:${stat.ino}`;
    const first = this.#firstNames.get(identity);
    if (!first) this.#firstNames.set(identity, { hostPath, place });
    return first && first.hostPath !== hostPath ? first.place : undefined;
  }

  async #digestAlone(entry: Entry): Promise<string> {
    if (entry.stat.type !== 'file') return digestOf(headerOf(entry), '');
    const known = this.#memo?.get(entry);
    if (known !== undefined) return known;
    const digest = digestOf(headerOf(entry), await this.#contentDigest(entry));
    this.#memo?.set(entry, digest);
    return digest;
  }

  async #contentDigest({ stat, hostPath }: Entry): Promise<string> {
    if (stat.size === 0) return '';
    if (stat.size > PIECE) return this.#digestPieces(hostPath);
    return hash('sha256', fs.readFileSync(fsPath(hostPath)), 'hex');
  }

  async #digestPieces(hostPath: string): Promise<string> {
    const whole = createHash('sha256');
    const piece = Buffer.allocUnsafe(PIECE);
    const file = fs.openSync(fsPath(hostPath), 'r');
    try {
      for (let length = fs.readSync(file, piece); length > 0; length = fs.readSync(file, piece)) {
        whole.update(piece.subarray(0, length));
        await this.#pacer.pause();
      }
    } finally {
      fs.closeSync(file);
    }
    return whole.digest('hex');
  }
}

/**
 * The digest of a file without xattrs whose content is known already.
 * @param content hex sha256 of its bytes, empty for an empty file
 */
export function plainFileDigest(stat: EntryStat, content: string): string {
  return digestOf(headerWith(stat, '', []), content);
}

function digestOf(header: string, content: string): string {
  return hash('sha256', Buffer.from(`${header}\0${content}`, 'latin1'), 'hex');
}

/** Everything of an entry but its name, times and content; a socket counts as the file that a copy makes of it. */
function headerOf(entry: Entry): string {
  const { stat, hostPath } = entry;
  return headerWith(stat, stat.type === 'symlink' ? readlink(hostPath) : '', xattrsOf(hostPath));
}

function headerWith(stat: EntryStat, link: string, xattrs: readonly string[]): string {
  return [typeOf(stat), modeOf(stat), stat.uid, stat.gid, link, ...xattrs].join('\0');
}

function typeOf({ type, size, major, minor }: EntryStat): string {
  if (type === 'file') return `file ${size}`;
  if (type === 'socket') return 'file 0';
  return type === 'char' || type === 'block' ? `${type} ${major}:${minor}` : type;
}

/** The mode of a link means nothing and differs between filesystems. */
function modeOf({ type, mode }: EntryStat): number {
  return type === 'symlink' ? 0o777 : mode;
}

function xattrsOf(hostPath: string): readonly string[] {
  const counted = listXattrs(hostPath).filter(counts).sort();
  return counted.map((name) => `${name}=${getXattr(hostPath, name)?.toString('hex') ?? ''}`);
}

/** Labels of the machine and marks of overlayfs say nothing about the content. Lists of access are copied, and so count. */
function counts(name: string): boolean {
  return name === 'security.capability' || !(name.startsWith('security.') || isOverlayXattr(name));
}
