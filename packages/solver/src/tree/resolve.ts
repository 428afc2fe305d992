import type { SolveFailure } from '@llb-ts/backend';
import { errnoOf, stepFailure } from '../error/error.ts';
import { readlink } from '../host/files.ts';
import { clean, join, nameOf, parentOf, textOf } from '../name/bytes.ts';
import type { Entry } from '../name/entry.ts';
import { locate } from './locate.ts';
import type { Tree } from './tree.ts';

const MAX_LINKS = 255;
/** Bytes that the kernel takes, without the closing NUL. */
const LONGEST_PATH = 4095;

/**
 * The path that `path` means inside a tree, every link followed, the last one too: absolute targets start again at the
 * root, `..` stops there, what does not exist is taken as it is written (`RootPath` of continuity's `fs/path.go`).
 *
 * It goes through the path again and again, putting one link's target in place of its name at each component, until a
 * round finds no link. That matters: a `..` in a target is taken off the text of the round, not off where links led.
 *
 * Fails with `lstat P: not a directory` where a file is on the way, `file name too long` beyond what the kernel takes,
 * `too many links` on a circle.
 */
export function resolve(tree: Tree, path: string): string {
  let current = path;
  let links = 0;
  for (;;) {
    const round = replaceLinks(tree, current, links);
    const plain = clean(round.path);
    if (round.links === links && plain === round.path) return plain;
    current = round.links === links ? plain : round.path;
    links = round.links;
  }
}

/** As {@link resolve}, but the last component is kept even if it is a link. */
export function resolveParent(tree: Tree, path: string): string {
  const plain = clean(path);
  return plain === '/' ? '/' : join(resolve(tree, parentOf(plain)), nameOf(plain));
}

interface Found {
  readonly path: string;
  readonly entry: Entry;
}

/** Nothing is there, nor can be below. */
const MISSING = Symbol('missing');

function replaceLinks(tree: Tree, path: string, linksBefore: number): { path: string; links: number } {
  let at = '/';
  let links = linksBefore;
  // The directory that `at` leads to, where that is known: what is in it is found with one look, however deep it is.
  let place: string | typeof MISSING | undefined = '/';
  for (const name of path.split('/')) {
    if (name === '') continue;
    if (links > MAX_LINKS) throw stepFailure('too many links');
    const isStep: boolean = place !== undefined && name !== '.' && name !== '..';
    const next: string = isStep ? join(at, name) : clean(`${at}/${name}`);
    if (next.length > LONGEST_PATH) throw lookFailure(next, 'file name too long');
    if (isStep && place === MISSING) {
      at = next;
      continue;
    }
    const found: Found | undefined =
      next === '/' ? undefined : look(tree, next, isStep ? join(place as string, name) : undefined);
    if (found?.entry.stat.type !== 'symlink') {
      at = next;
      if (next === '/') place = '/';
      else place = !found ? MISSING : found.entry.stat.type === 'dir' ? found.path : undefined;
      continue;
    }
    const target = readlink(found.entry.hostPath);
    links++;
    at = target.startsWith('/') ? target : clean(`${clean(at)}/${target}`);
    place = undefined;
  }
  return { path: at, links };
}

/**
 * The entry at `path`, undefined if there is none. Links on the way are followed.
 * @param known where it is, if its directory is known
 */
function look(tree: Tree, path: string, known: string | undefined): Found | undefined {
  try {
    if (known !== undefined) {
      const entry = tree.lookup(known);
      return entry && { path: known, entry };
    }
    const location = locate(tree, path, { follow: false });
    if (location.kind === 'found') return location;
    if (location.kind === 'failed' && location.code !== 'ENOENT') {
      throw lookFailure(
        path,
        location.code === 'ENOTDIR' ? 'not a directory' : 'too many levels of symbolic links',
      );
    }
    return undefined;
  } catch (error) {
    if (errnoOf(error) === 'ENAMETOOLONG') throw lookFailure(path, 'file name too long', error);
    if (errnoOf(error) === 'ERR_INVALID_ARG_VALUE') throw lookFailure(path, 'invalid argument', error);
    throw error;
  }
}

function lookFailure(path: string, why: string, cause?: unknown): SolveFailure {
  return stepFailure(`lstat ${textOf(path)}: ${why}`, { cause });
}
