import { createHash } from 'node:crypto';
import { SolveFailure } from '@llb-ts/backend';
import { stepFailure } from '../error/error.ts';
import type { Pacer } from '../host/pacer.ts';
import { nameOf, parentOf, textOf } from '../name/bytes.ts';
import type { Entry } from '../name/entry.ts';
import { EVERYTHING, Selection, type Verdict } from '../pattern/selection.ts';
import { findMatches, splitWildcards } from '../pattern/wildcard-paths.ts';
import { locate } from '../tree/locate.ts';
import { resolve, resolveParent } from '../tree/resolve.ts';
import type { Tree } from '../tree/tree.ts';
import { type WalkedEntry, walkBelow } from '../tree/walk.ts';
import { type DigestMemo, EntryDigester } from './entry-digest.ts';

/** The part of an input that counts for a cache key: one path with the options that choose what belongs to it (docs/buildkit-semantics.md#key-of-file-ops). */
export interface ContentSelector {
  /** Clean absolute byte string; may hold wildcards if `wildcard`. */
  readonly path: string;
  readonly wildcard: boolean;
  readonly followLinks: boolean;
  /** Text, as in the op. */
  readonly includePatterns: readonly string[];
  readonly excludePatterns: readonly string[];
  readonly requiredPaths: readonly string[];
  /**
   * The target of a selected link counts as well as the link: it may be an archive, which is unpacked from behind a link
   * that a copy would keep. (BuildKit misses this, and so a change of such an archive.) Default: false.
   */
  readonly mayUnpack?: boolean;
}

export interface ContentDigestOptions {
  /** Awaited now and then in long loops. */
  readonly pacer: Pacer;
  /** The name of the tree in an error. */
  readonly name: string;
  /** Digests of file contents known from before. Default: none. */
  readonly memo?: DigestMemo;
  /** Finds a name at or below a directory that BuildKit lists but cannot look up (`chain/applied-merge.ts`). Default: none. */
  readonly ghostIn?: (directories: ReadonlySet<string>) => string | undefined;
}

/** Links beyond this are a circle (`cache/contenthash/path.go`). */
const MAX_LINKS = 255;

/**
 * A digest of what a tree holds at the selected paths, one after the other: names below them, types, owners, modes, sizes,
 * link targets, xattrs, content, and which files are one; neither times nor the name of a selected path itself
 * (`cache/contenthash/checksum.go`). What would come out the same for two trees that an operation can tell apart is no
 * digest: where BuildKit passes something over that is read all the same, it counts here.
 *
 * Fails with `failed to compute cache key: failed to calculate checksum of ref NAME: "/x": not found` and its like.
 *
 * @param tree undefined: there is no filesystem at all, and so no path but the root
 */
export async function contentDigest(
  tree: Tree | undefined,
  selectors: readonly ContentSelector[],
  { pacer, name, memo, ghostIn }: ContentDigestOptions,
): Promise<string> {
  const hash = createHash('sha256');
  try {
    for (const selector of selectors) {
      const ghost = tree && ghostIn?.(new Set([walkedFor(tree, selector)]));
      if (ghost !== undefined) throw ghostFailure(ghost);
      const digester = new EntryDigester(pacer, memo);
      hash.update(tree ? await digestOne(tree, selector, digester, selectors) : digestNothing(selector));
    }
  } catch (error) {
    if (!(error instanceof SolveFailure) || error.code !== 'step') throw error;
    const prefix = `failed to compute cache key: failed to calculate checksum of ref ${name}`;
    throw stepFailure(`${prefix}: ${error.message}`, { ...error.details, cause: error });
  }
  return `sha256:${hash.digest('hex')}`;
}

function digestNothing({ path }: ContentSelector): string {
  if (path !== '/') throw stepFailure(`${textOf(path)}: no such file or directory`);
  return 'nothing\n';
}

async function digestOne(
  tree: Tree,
  selector: ContentSelector,
  digester: EntryDigester,
  all: readonly ContentSelector[],
): Promise<string> {
  const digest = isFiltered(selector)
    ? await digestChosen(tree, selector, digester)
    : await digestWhole(tree, selector, digester, all);
  const elsewhere = await digestElsewhere(
    tree,
    selector.wildcard ? prefixOf(selector) : selector.path,
    selector,
    digester,
  );
  return `${digest}${elsewhere}\n`;
}

function isFiltered({ wildcard, includePatterns, excludePatterns }: ContentSelector): boolean {
  return wildcard || includePatterns.length > 0 || excludePatterns.length > 0;
}

/** The directory that BuildKit walks for a selector, all below it included (`scanPath`). */
function walkedFor(tree: Tree, selector: ContentSelector): string {
  return isFiltered(selector) ? '/' : parentOf(placeRead(tree, selector.path, selector.followLinks) ?? '/');
}

function ghostFailure(path: string): SolveFailure {
  const shown = textOf(path);
  return stepFailure(`failed to walk ${shown}: lstat ${shown}: no such file or directory`);
}

/** The part before the first wildcard. */
function prefixOf({ path }: ContentSelector): string {
  return splitWildcards(path).prefix;
}

/**
 * An operation may read another place than BuildKit counts: it takes a `..` in a link's target off the text
 * (`resolve`), as the key does not. Then that counts too.
 */
async function digestElsewhere(
  tree: Tree,
  path: string,
  { followLinks }: ContentSelector,
  digester: EntryDigester,
): Promise<string> {
  const there = find(tree, path, followLinks)?.path;
  const read = placeRead(tree, path, followLinks);
  const entry = read === undefined || read === there ? undefined : tree.lookup(read);
  return read !== undefined && entry ? ` ${await digestTree(tree, { path: read, entry }, digester)}` : '';
}

function placeRead(tree: Tree, path: string, follow: boolean): string | undefined {
  try {
    return follow ? resolve(tree, path) : resolveParent(tree, path);
  } catch (error) {
    // Then the operation fails too.
    if (error instanceof SolveFailure && error.code === 'step') return undefined;
    throw error;
  }
}

/** The digest of a file, or of a directory with everything in it. */
async function digestWhole(
  tree: Tree,
  selector: ContentSelector,
  digester: EntryDigester,
  all: readonly ContentSelector[],
): Promise<string> {
  const found = find(tree, selector.path, selector.followLinks);
  if (!found) {
    if (isWithinAnother(selector, all)) return 'nothing';
    throw notFound(selector.path);
  }
  const target = unpackable(tree, found, selector);
  const own = await digestTree(tree, found, digester);
  return target ? own + (await digestTree(tree, target, digester)) : own;
}

/** True if another plain path that is followed alike leads to it: BuildKit does not look for it on its own. */
function isWithinAnother({ path, followLinks }: ContentSelector, all: readonly ContentSelector[]): boolean {
  return all.some(
    (outer) =>
      !isFiltered(outer) &&
      outer.followLinks === followLinks &&
      (outer.path === '/' ? path !== '/' : path.startsWith(`${outer.path}/`)),
  );
}

/** A file that may be unpacked from behind a link. */
function unpackable(
  tree: Tree,
  { path, entry }: WalkedEntry,
  selector: ContentSelector,
): WalkedEntry | undefined {
  return selector.mayUnpack && entry.stat.type === 'symlink' ? find(tree, path, true) : undefined;
}

async function digestTree(
  tree: Tree,
  { path, entry }: WalkedEntry,
  digester: EntryDigester,
): Promise<string> {
  const own = await digester.digest(entry);
  if (entry.stat.type !== 'dir') return own;
  const hash = createHash('sha256').update(`dir\0${own}`);
  const start = path === '/' ? 0 : path.length;
  for (const below of walkBelow(tree, path)) {
    hash.update(`${below.path.slice(start)}\0${await digester.digest(below.entry)}`, 'latin1');
  }
  return hash.digest('hex');
}

function find(tree: Tree, path: string, follow: boolean): WalkedEntry | undefined {
  const location = locate(tree, path, { follow, jail: '/', maxLinks: MAX_LINKS });
  if (location.kind === 'failed' && location.code === 'ELOOP') throw stepFailure('too many links');
  return location.kind === 'found' ? location : undefined;
}

const notFound = (path: string) => stepFailure(`${JSON.stringify(textOf(path))}: not found`);

/** One entry that the patterns chose. */
interface Chosen {
  /** As the selector would write it, whatever links are on the way. */
  readonly path: string;
  readonly digest: () => Promise<string>;
}

/** The digest of the entries that wildcard and patterns choose, each with its path, directories without what they hold. */
async function digestChosen(tree: Tree, selector: ContentSelector, digester: EntryDigester): Promise<string> {
  const chosen: Chosen[] = [];
  const starts: Entry[] = [];
  const selection = new Selection(selector.includePatterns, selector.excludePatterns);
  const prefix = selector.wildcard ? prefixOf(selector) : selector.path;
  for (const { path, shown } of startsOf(tree, selector, prefix)) {
    const start = find(tree, path, selector.followLinks);
    // A link counts as what it leads to; where patterns choose by name, one that leads nowhere is not even looked at.
    if (!start && selector.followLinks && selector.includePatterns.length === 0 && find(tree, path, false)) {
      throw notFound(shown);
    }
    if (!start) continue;
    starts.push(start.entry);
    const target = unpackable(tree, start, selector);
    if (target) chosen.push({ path: shown, digest: () => digestTree(tree, target, digester) });
    if (selection.isEverything && start.path !== path) {
      // A link that was followed counts with all it leads to.
      chosen.push({ path: shown, digest: () => digestTree(tree, start, digester) });
    } else {
      const chosenHere = choose(
        tree,
        { start, shown, selection, followLinks: selector.followLinks },
        digester,
      );
      for (const next of chosenHere) chosen.push(next);
    }
  }
  for (const required of selector.requiredPaths) {
    if (!chosen.some(({ path }) => textOf(path).startsWith(required))) throw notFound(required);
  }
  const [only] = chosen;
  if (only && chosen.length === 1 && selection.isEverything && nameOf(only.path) === nameOf(selector.path)) {
    return only.digest();
  }
  const hash = createHash('sha256').update('list\0');
  for (const { path, digest } of chosen) {
    hash.update(`${path.slice(prefix === '/' ? 0 : prefix.length)}\0${await digest()}`, 'latin1');
  }
  // It is copied whatever the patterns say.
  for (const start of starts) hash.update(`\0${await digester.digest(start)}`);
  return hash.digest('hex');
}

/** The selected path itself, or what its wildcards match: where it is, and how the selector would write it. */
function startsOf(
  tree: Tree,
  { path, wildcard }: ContentSelector,
  prefix: string,
): readonly { readonly path: string; readonly shown: string }[] {
  if (!wildcard) return [{ path, shown: path }];
  const base = find(tree, prefix, true);
  if (!base) return [];
  const below = base.path === '/' ? '' : base.path;
  const shownBelow = prefix === '/' ? '' : prefix;
  const { pattern } = splitWildcards(path);
  return findMatches(tree, base.path, pattern, { strict: true }).map((match) => ({
    path: match,
    shown: shownBelow + match.slice(below.length),
  }));
}

interface OpenDirectory {
  readonly path: string;
  readonly header: Chosen;
  readonly verdict: Verdict;
  chosen: boolean;
}

interface Choice {
  readonly start: WalkedEntry;
  /** The start as the selector would write it. */
  readonly shown: string;
  readonly selection: Selection;
  readonly followLinks: boolean;
}

/** The entries that the patterns choose at and below one path, with the directories that lead there. */
function* choose(
  tree: Tree,
  { start, shown, selection, followLinks }: Choice,
  digester: EntryDigester,
): Generator<Chosen> {
  const open: OpenDirectory[] = [];
  const isRoot = shown === '/';
  let enters = true;
  for (const { path, entry } of withStart(tree, start, isRoot, () => enters)) {
    while (open.length > 0 && !path.startsWith(`${open.at(-1)!.path}/`)) open.pop();
    const parent = open.at(-1);
    const isStart = path === start.path;
    const below = path.slice(start.path === '/' ? 0 : start.path.length);
    const verdict = selection.judge(below.slice(1), parent?.verdict ?? EVERYTHING);
    const isFollowed = followLinks && !parent && entry.stat.type === 'symlink';
    const header: Chosen = {
      path: (isRoot ? '' : shown) + below,
      digest: () => (isFollowed ? digestLinked(tree, path, digester) : digester.digest(entry)),
    };
    if (verdict?.included) {
      for (const directory of open) {
        if (!directory.chosen) yield directory.header;
        directory.chosen = true;
      }
      yield header;
    }
    if (entry.stat.type !== 'dir') continue;
    // The first entry of a copy is opened whatever the patterns say.
    const inside = isStart ? EVERYTHING : verdict;
    enters = inside !== undefined && selection.enters(inside);
    if (enters) open.push({ path, header, verdict: inside!, chosen: verdict?.included ?? false });
  }
}

/** A link right below the root counts with all it leads to, however little of that is copied. */
function digestLinked(tree: Tree, path: string, digester: EntryDigester): Promise<string> {
  const target = find(tree, path, true);
  if (!target) throw notFound(path);
  return digestTree(tree, target, digester);
}

/** The root of a tree has no header of its own in a list. */
function* withStart(
  tree: Tree,
  start: WalkedEntry,
  isRoot: boolean,
  enter: () => boolean,
): Generator<WalkedEntry> {
  if (!isRoot) yield start;
  if (start.entry.stat.type === 'dir') yield* walkBelow(tree, start.path, enter);
}
