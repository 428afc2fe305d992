import { createHash } from 'node:crypto';
import { SolveFailure } from '@llb-ts/backend';
import { stepFailure } from '../error.ts';
import { type MatchInfo, matcherFor, type PatternMatcher } from '../pattern/pattern-matcher.ts';
import { findMatches, splitWildcards } from '../pattern/wildcards.ts';
import { nameOf, textOf } from '../tree/bytes.ts';
import { locate } from '../tree/locate.ts';
import type { Tree } from '../tree/tree.ts';
import { type WalkedEntry, walkBelow } from '../tree/walk.ts';
import { type DigestMemo, EntryDigester } from './entry-digest.ts';

/** What of an input counts for a cache key: one path with the options that choose what belongs to it (S B.8.3–B.8.5). */
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
   * What a selected link leads to counts as well as the link: it may be an archive, which is unpacked from behind a link
   * that a copy would keep. (BuildKit misses this, and so a change of such an archive.) Default: false.
   */
  readonly mayUnpack?: boolean;
}

export interface ContentDigestOptions {
  /** Awaited now and then in long loops. */
  readonly pause: () => Promise<void>;
  /** What to call the tree in an error. */
  readonly name: string;
  /** Digests of file contents known from before. Default: none. */
  readonly memo?: DigestMemo;
}

/** Links beyond this are a circle (`cache/contenthash/path.go`). */
const MAX_LINKS = 255;

/**
 * A digest of what a tree holds at the selected paths: names below them, types, owners, modes, sizes, link targets,
 * xattrs and content; neither times nor the name of the selected path itself (`cache/contenthash/checksum.go`).
 *
 * Fails with `failed to compute cache key: failed to calculate checksum of ref NAME: "/x": not found` and its like.
 */
export async function contentDigest(
  tree: Tree,
  selectors: readonly ContentSelector[],
  { pause, name, memo }: ContentDigestOptions,
): Promise<string> {
  const digester = new EntryDigester(pause, memo);
  const hash = createHash('sha256');
  try {
    for (const selector of withoutNested(selectors)) hash.update(await digestOne(tree, selector, digester));
  } catch (error) {
    if (!(error instanceof SolveFailure) || error.code !== 'step') throw error;
    const prefix = `failed to compute cache key: failed to calculate checksum of ref ${name}`;
    throw stepFailure(`${prefix}: ${error.message}`, { ...error.details, cause: error });
  }
  return `sha256:${hash.digest('hex')}`;
}

function digestOne(tree: Tree, selector: ContentSelector, digester: EntryDigester): Promise<string> {
  return isFiltered(selector)
    ? digestChosen(tree, selector, digester)
    : digestWhole(tree, selector, digester);
}

function isFiltered({ wildcard, includePatterns, excludePatterns }: ContentSelector): boolean {
  return wildcard || includePatterns.length > 0 || excludePatterns.length > 0;
}

/** Sorted by path; a plain path inside another one that is followed alike adds nothing. */
function withoutNested(selectors: readonly ContentSelector[]): readonly ContentSelector[] {
  const plain = selectors.filter((selector) => !isFiltered(selector));
  const isNested = (selector: ContentSelector, at: number) =>
    plain.some((outer, other) => {
      if (outer.followLinks !== selector.followLinks) return false;
      if (outer.path === selector.path) return other < at;
      return outer.path === '/' || selector.path.startsWith(`${outer.path}/`);
    });
  const kept = [...plain.filter((selector, at) => !isNested(selector, at)), ...selectors.filter(isFiltered)];
  return kept.toSorted((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}

/** The digest of a file, or of a directory with everything in it. */
async function digestWhole(tree: Tree, selector: ContentSelector, digester: EntryDigester): Promise<string> {
  const found = find(tree, selector.path, selector.followLinks);
  if (!found) throw notFound(selector.path);
  const target = unpackable(tree, found, selector);
  const own = await digestTree(tree, found, digester);
  return target ? own + (await digestTree(tree, target, digester)) : own;
}

/** What may be unpacked from behind a link. */
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
  const include = matcherFor('includepatterns', selector.includePatterns);
  const exclude = matcherFor('excludepatterns', selector.excludePatterns);
  const prefix = selector.wildcard ? splitWildcards(selector.path).prefix : selector.path;
  for (const { path, shown } of startsOf(tree, selector, prefix)) {
    const start = find(tree, path, selector.followLinks);
    // A link counts as what it leads to; where patterns choose by name, one that leads nowhere is not even looked at.
    if (!start && selector.followLinks && !include && find(tree, path, false)) throw notFound(shown);
    const target = start && unpackable(tree, start, selector);
    if (target) chosen.push({ path: shown, digest: () => digestTree(tree, target, digester) });
    if (start && !include && !exclude && start.path !== path) {
      // A link that was followed counts with all it leads to.
      chosen.push({ path: shown, digest: () => digestTree(tree, start, digester) });
    } else if (start) {
      for (const next of choose(
        tree,
        start,
        shown,
        { include, exclude, followLinks: selector.followLinks },
        digester,
      )) {
        chosen.push(next);
      }
    }
  }
  for (const required of selector.requiredPaths) {
    if (!chosen.some(({ path }) => textOf(path).startsWith(required))) throw notFound(required);
  }
  if (chosen.length === 1 && nameOf(chosen[0]!.path) === nameOf(selector.path)) return chosen[0]!.digest();
  const hash = createHash('sha256').update('list\0');
  for (const { path, digest } of chosen) {
    hash.update(`${path.slice(prefix === '/' ? 0 : prefix.length)}\0${await digest()}`, 'latin1');
  }
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
  readonly include: MatchInfo | undefined;
  readonly exclude: MatchInfo | undefined;
  chosen: boolean;
}

interface Choice {
  readonly include: PatternMatcher | undefined;
  readonly exclude: PatternMatcher | undefined;
  readonly followLinks: boolean;
}

/** What the patterns choose at and below one path, with the directories that lead there. */
function* choose(
  tree: Tree,
  start: WalkedEntry,
  shown: string,
  { include, exclude, followLinks }: Choice,
  digester: EntryDigester,
): Generator<Chosen> {
  const open: OpenDirectory[] = [];
  const isRoot = shown === '/';
  for (const { path, entry } of withStart(tree, start, isRoot)) {
    while (open.length > 0 && !path.startsWith(`${open.at(-1)!.path}/`)) open.pop();
    const parent = open.at(-1);
    const below = path.slice(start.path === '/' ? 0 : start.path.length);
    const verdict = judge(below.slice(1), include, exclude, parent);
    const isFollowed = followLinks && !parent && entry.stat.type === 'symlink';
    const header: Chosen = {
      path: (isRoot ? '' : shown) + below,
      digest: () => (isFollowed ? digestLinked(tree, path, digester) : digester.digest(entry)),
    };
    if (verdict.chosen) {
      for (const directory of open) {
        if (!directory.chosen) yield directory.header;
        directory.chosen = true;
      }
      yield header;
    }
    if (entry.stat.type === 'dir') open.push({ path, header, ...verdict });
  }
}

/** A link right below the root counts with all it leads to, however little of that is copied. */
function digestLinked(tree: Tree, path: string, digester: EntryDigester): Promise<string> {
  const target = find(tree, path, true);
  if (!target) throw notFound(path);
  return digestTree(tree, target, digester);
}

/** The root of a tree has no header of its own in a list. */
function* withStart(tree: Tree, start: WalkedEntry, isRoot: boolean): Generator<WalkedEntry> {
  if (!isRoot) yield start;
  if (start.entry.stat.type === 'dir') yield* walkBelow(tree, start.path);
}

function judge(
  candidate: string,
  include: PatternMatcher | undefined,
  exclude: PatternMatcher | undefined,
  parent: OpenDirectory | undefined,
): { chosen: boolean; include: MatchInfo | undefined; exclude: MatchInfo | undefined } {
  const included = include?.match(candidate, parent?.include);
  if (included && !included.matched) return { chosen: false, include: included.info, exclude: undefined };
  const excluded = exclude?.match(candidate, parent?.exclude);
  return { chosen: !excluded?.matched, include: included?.info, exclude: excluded?.info };
}
