/**
 * A filesystem tree as data: what a conformance case expects and what is read back from an exported tar.
 *
 * Entries are sorted by the bytes of their paths; the root is not listed. Paths and link targets are text in which a
 * byte that is no UTF-8 stands as a lone surrogate U+DC80–U+DCFF, as Python's `surrogateescape` has it.
 */
export type FileTree = readonly TreeEntry[];

export interface TreeEntry {
  /** Absolute and clean. */
  readonly path: string;
  readonly type: 'file' | 'dir' | 'symlink' | 'fifo' | 'char' | 'block' | 'dangling hard link';
  /** Four octal digits, with setuid, setgid and sticky; `0777` for symbolic links. */
  readonly mode: string;
  readonly uid: number;
  readonly gid: number;
  /** Files only. */
  readonly size?: number;
  /** Hexadecimal; files only. */
  readonly sha256?: string;
  readonly linkname?: string;
  /** `major:minor`. */
  readonly dev?: string;
  /** Values in base64. Overlayfs' own are left out. */
  readonly xattrs?: Readonly<Record<string, string>>;
  /**
   * Nanoseconds since 1970, only when before 2020: times that a build sets are compared, "now" is not. A tar export
   * has whole seconds.
   */
  readonly mtime?: string;
  /** The first name, in order, of a file with several names in this tree. */
  readonly links?: string;
}

/** The result of a solve. */
export type Outcome = FileTree | { readonly error: string };

export function isFailure(outcome: Outcome): outcome is { readonly error: string } {
  return 'error' in outcome;
}

/** Every way in which `got` is not `want`, one line each; empty when they are the same. */
export function differencesOf(want: FileTree, got: FileTree): readonly string[] {
  const wanted = byPath(want);
  const found = byPath(got);
  const lines: string[] = [];
  for (const path of wanted.keys()) if (!found.has(path)) lines.push(`missing ${path}`);
  for (const path of found.keys()) if (!wanted.has(path)) lines.push(`extra ${path}`);
  for (const [path, entry] of wanted) {
    const other = found.get(path);
    if (other) lines.push(...fieldDifferences(entry, other).map((line) => `${path} ${line}`));
  }
  return lines;
}

function fieldDifferences(want: TreeEntry, got: TreeEntry): readonly string[] {
  const wanted: Readonly<Record<string, unknown>> = { ...want };
  const found: Readonly<Record<string, unknown>> = { ...got };
  return [...new Set([...Object.keys(wanted), ...Object.keys(found)])].sort().flatMap((field) => {
    const [a, b] = [JSON.stringify(wanted[field]), JSON.stringify(found[field])];
    return a === b ? [] : [`${field}: want ${a ?? 'none'}, got ${b ?? 'none'}`];
  });
}

function byPath(tree: FileTree): ReadonlyMap<string, TreeEntry> {
  return new Map(tree.map((entry) => [entry.path, entry]));
}

/** Compares two outcomes; of failures only that both failed, since their texts depend on what was cached. */
export function outcomeDifferences(want: Outcome, got: Outcome): readonly string[] {
  if (isFailure(want)) return isFailure(got) ? [] : [`succeeded, but should fail with: ${want.error}`];
  if (isFailure(got)) return [`failed: ${got.error}`];
  return differencesOf(want, got);
}

/** One line an entry, indented by depth: for people. */
export function drawTree(tree: FileTree): string {
  return tree
    .map((entry) => {
      const parts = entry.path.split('/');
      const name = '  '.repeat(parts.length - 2) + parts.at(-1);
      const suffix = entry.type === 'dir' ? '/' : entry.linkname === undefined ? '' : ` -> ${entry.linkname}`;
      return `${entry.mode} ${String(entry.uid)}:${String(entry.gid)} ${name}${suffix}`;
    })
    .join('\n');
}
