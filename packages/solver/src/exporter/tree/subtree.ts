import { readlink } from '../../host/files.ts';
import { join, parentOf, textOf } from '../../name/bytes.ts';
import type { Tree } from '../../tree/tree.ts';
import { exportFailure } from '../base/failure.ts';

const MAX_LINKS = 255;

/**
 * The directory that `src` means: links are followed inside the tree, also before a `..`, which cannot leave it
 * (`exporter/local/fs.go` resolveSafeSource). Fails with code `export` and BuildKit's texts.
 * @param source byte string as the user wrote it
 * @returns clean absolute path of a directory of `tree`
 */
export function sourceDirectory(tree: Tree, source: string): string {
  const fail = (reason: string) => exportFailure(`src=${textOf(source)}: ${reason}`);
  const pending = source.split('/').reverse();
  let at = '/';
  let links = 0;
  for (let part = pending.pop(); part !== undefined; part = pending.pop()) {
    if (part === '' || part === '.') continue;
    if (part === '..') {
      at = parentOf(at);
      continue;
    }
    const here = tree.lookup(at);
    if (here && here.stat.type !== 'dir') throw fail('not a directory');
    const path = join(at, part);
    const entry = tree.lookup(path);
    if (entry?.stat.type !== 'symlink') {
      at = path;
      continue;
    }
    if (++links > MAX_LINKS) throw fail('too many links');
    const target = readlink(entry.hostPath);
    if (target.startsWith('/')) at = '/';
    pending.push(...target.split('/').reverse());
  }
  const found = tree.lookup(at);
  if (!found) throw fail('no such file or directory');
  if (found.stat.type !== 'dir') throw fail('not a directory');
  return at;
}
