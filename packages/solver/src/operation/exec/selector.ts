import fs from 'node:fs';
import { errnoOf, stepFailure } from '../../error/error.ts';
import { lstat, readlink } from '../../host/files.ts';
import { O_PATH } from '../../host/mkdirat.ts';
import { bindMount, unmount } from '../../host/mount.ts';
import { resolveInRoot } from '../../host/root-path.ts';
import { bytesOf, clean, fsPath, parentOf, textOf } from '../../name/bytes.ts';

const MOST_TRIES = 10;

/** True if a selector selects the whole tree. */
export function selectsAll(selector: string): boolean {
  return clean(selector) === '/';
}

/**
 * The part of a tree that a selector names; links are followed, none leads out. For trees that no other process writes to.
 * Fails with BuildKit's text when it is missing.
 */
export function selectPart(tree: string, selector: string): string {
  const path = resolve(tree, selector);
  if (!lstat(path)) throw missing(tree, path, selector);
  return path;
}

/**
 * The same for a tree that other processes may be changing: the selected file is opened and bind mounted at a path of its
 * own (`executor/oci/spec_linux.go` sub).
 *
 * @param place an unused path in an existing folder
 */
export function pinPart(
  tree: string,
  selector: string,
  place: string,
): { readonly path: string; release(): void } {
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const path = resolve(tree, selector);
    let file: number;
    try {
      file = fs.openSync(fsPath(path), O_PATH | fs.constants.O_NOFOLLOW);
    } catch (error) {
      const code = errnoOf(error);
      if (code === 'ENOENT' || code === 'ENOTDIR') throw missing(tree, path, selector);
      throw error;
    }
    try {
      const handle = `/proc/self/fd/${file}`;
      if (readlink(handle) !== path) continue;
      if (fs.fstatSync(file).isDirectory()) fs.mkdirSync(place);
      else fs.writeFileSync(place, '');
      bindMount(handle, place);
    } finally {
      fs.closeSync(file);
    }
    return { path: place, release: () => unmount(place) };
  }
  throw stepFailure(`unable to safely resolve subpath ${selector}`);
}

function resolve(tree: string, selector: string): string {
  try {
    return resolveInRoot(tree, bytesOf(selector));
  } catch (error) {
    if (errnoOf(error) === 'ELOOP') throw stepFailure('too many links', { cause: error });
    throw error;
  }
}

/** BuildKit names the selector as it was given where that is the end of the path, else where its links lead. */
function missing(tree: string, path: string, selector: string) {
  const inside = textOf(path.slice(tree.length));
  const name = inside.endsWith(selector) ? selector : inside;
  const isBelowFile = isFile(parentOf(path), tree);
  return stepFailure(
    isBelowFile ? `lstat ${name}: not a directory` : `open ${name}: no such file or directory`,
  );
}

/** True if the nearest existing ancestor, up to the tree itself, is no folder. */
function isFile(path: string, tree: string): boolean {
  const stat = lstat(path);
  if (stat || path === tree) return stat?.type !== 'dir';
  return isFile(parentOf(path), tree);
}
