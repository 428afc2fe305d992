import { type Fields, isText, isTexts, type Records } from '../../store/records.ts';
import type { ScannedEntry } from './scan.ts';

/** The entry that one path had when the folder was last transferred. */
export interface IndexRow {
  readonly signature: string;
  /** Hex sha256 of the content of a file; empty for what has none. */
  readonly content: string;
  /** Target of a symbolic link, byte string; empty for what is none. */
  readonly target: string;
  /** Names (byte strings) and values (base64), sorted. */
  readonly xattrs: readonly (readonly [string, string])[];
  /** It was read so soon after its last change that a further change may not show: read it again. */
  readonly racy: boolean;
}

/** True if a row still matches an entry, as far as its metadata shows. */
export function isUnchanged({ signature, stat, linkTo }: ScannedEntry, row: IndexRow): boolean {
  if (row.racy || row.signature !== signature) return false;
  // The content of a file stands with its first name.
  return stat.type !== 'file' || (row.content === '') === (linkTo !== undefined);
}

/** A folder's entries when it was last transferred, and the layer that was made of them. */
export interface LocalIndex {
  readonly rows: ReadonlyMap<string, IndexRow>;
  /** Digest of the tree. */
  readonly digest: string;
  /** Id of the stored layer. */
  readonly layer: string;
}

type StoredRow = readonly [
  path: string,
  signature: string,
  content: string,
  racy: 0 | 1,
  target?: string,
  xattrs?: IndexRow['xattrs'],
];

interface StoredIndex {
  readonly digest: string;
  readonly layer: string;
  readonly rows: readonly StoredRow[];
}

/** Reads an index; undefined if there is none that can be used. */
export function readIndex(records: Records, file: string): LocalIndex | undefined {
  return records.read(file, parseIndex, BYTE_STRINGS);
}

/** Writes an index; a reader sees the old one or the new one. */
export function writeIndex(records: Records, file: string, { rows, digest, layer }: LocalIndex): void {
  const stored: StoredIndex = {
    digest,
    layer,
    rows: [...rows].map(([path, { signature, content, target, xattrs, racy }]): StoredRow => {
      const start = [path, signature, content, racy ? 1 : 0] as const;
      if (xattrs.length > 0) return [...start, target, xattrs];
      return target === '' ? start : [...start, target];
    }),
  };
  records.write(file, stored, BYTE_STRINGS);
}

const BYTE_STRINGS = { encoding: 'latin1' } as const;

function parseIndex({ digest, layer, rows: stored }: Fields): LocalIndex | undefined {
  if (!isText(digest) || !isText(layer) || !Array.isArray(stored) || !stored.every(isRow)) return undefined;
  const rows = new Map<string, IndexRow>();
  for (const [path, signature, content, racy, target = '', xattrs = []] of stored) {
    rows.set(path, { signature, content, target, xattrs, racy: racy === 1 });
  }
  return { rows, digest, layer };
}

function isRow(row: unknown): row is StoredRow {
  if (!Array.isArray(row)) return false;
  const [path, signature, content, racy, target = '', xattrs = []] = row as unknown[];
  return (
    isTexts([path, signature, content, target]) &&
    (racy === 0 || racy === 1) &&
    Array.isArray(xattrs) &&
    xattrs.every(isTexts)
  );
}
