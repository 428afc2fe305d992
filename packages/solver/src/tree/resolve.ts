import { stepFailure } from '../error.ts';
import { readlink } from '../host/files.ts';
import { clean, join, nameOf, parentOf, textOf } from './bytes.ts';
import { locate } from './locate.ts';
import type { Tree } from './tree.ts';

const MAX_LINKS = 255;

/**
 * The path that `path` means inside a tree, every link followed, the last one too: absolute targets start again at the
 * root, `..` stops there, what does not exist is taken as it is written (`RootPath` of continuity's `fs/path.go`).
 *
 * It goes through the path again and again, putting one link's target in place of its name at each component, until a
 * round finds no link. That matters: a `..` in a target is taken off the text of the round, not off where links led.
 *
 * Fails with `lstat P: not a directory` where a file is on the way, `too many links` on a circle.
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

function replaceLinks(tree: Tree, path: string, linksBefore: number): { path: string; links: number } {
  let at = '/';
  let links = linksBefore;
  for (const name of path.split('/')) {
    if (name === '') continue;
    if (links > MAX_LINKS) throw stepFailure('too many links');
    const next = clean(`${at}/${name}`);
    const target = next === '/' ? undefined : linkTarget(tree, next);
    if (target === undefined) {
      at = next;
      continue;
    }
    links++;
    at = target.startsWith('/') ? target : clean(`${clean(at)}/${target}`);
  }
  return { path: at, links };
}

/** The target of the link at `path`, undefined if it is none or missing. Links on the way are followed. */
function linkTarget(tree: Tree, path: string): string | undefined {
  const location = locate(tree, path, { follow: false });
  if (location.kind === 'found') {
    return location.entry.stat.type === 'symlink' ? readlink(location.entry.hostPath) : undefined;
  }
  if (location.kind === 'failed' && location.code !== 'ENOENT') {
    const why = location.code === 'ENOTDIR' ? 'not a directory' : 'too many levels of symbolic links';
    throw stepFailure(`lstat ${textOf(path)}: ${why}`);
  }
  return undefined;
}
