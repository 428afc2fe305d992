import fs from 'node:fs';
import { errnoOf, stepFailure } from '../../error.ts';
import { lstat, readlink } from '../../host/files.ts';
import { bindMount, unmount } from '../../host/mount.ts';
import { resolveInRoot } from '../../host/root-path.ts';
import { bytesOf, clean, fsPath } from '../../tree/bytes.ts';

const MOST_TRIES = 10;
const O_PATH = 0o10000000;

/** Whether a selector chooses the whole tree. */
export function selectsAll(selector: string): boolean {
  return clean(selector) === '/';
}

/**
 * The part of a tree that a selector names; links are followed, none leads out. For trees that nobody else writes to.
 * Fails with BuildKit's text when it is missing.
 */
export function selectPart(tree: string, selector: string): string {
  const path = resolveInRoot(tree, bytesOf(selector));
  if (!lstat(path)) throw missing(selector);
  return path;
}

/**
 * The same in a tree that other processes may be changing: what was found is held fast and bound to a place of its own
 * (`executor/oci/spec_linux.go` sub).
 *
 * @param place an unused path in an existing folder
 */
export function pinPart(
  tree: string,
  selector: string,
  place: string,
): { readonly path: string; release(): void } {
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const path = resolveInRoot(tree, bytesOf(selector));
    let file: number;
    try {
      file = fs.openSync(fsPath(path), O_PATH | fs.constants.O_NOFOLLOW);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') throw missing(selector);
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

function missing(selector: string) {
  return stepFailure(`open ${selector}: no such file or directory`);
}
