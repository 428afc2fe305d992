/** Helpers of the tests in this folder. */

import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { temporaryFolder } from '../../../../../test/support/temporary.ts';
import { ChainTree } from '../../chain/chain-tree.ts';
import { readlink } from '../../host/files.ts';
import { UNSTOPPED } from '../../host/testing/this-process.ts';
import { fsPath, join } from '../../name/bytes.ts';
import { Store } from '../../store/store.ts';
import type { Tree } from '../../tree/tree.ts';
import type { Draft } from '../draft.ts';
import { LayerStore } from '../layer-store.ts';

/** `at` is the state directory; a further store on it is as another process would have it. */
export function temporaryStore(): { store: LayerStore; at: Store; root: string } {
  const root = temporaryFolder();
  const at = new Store(root);
  return { store: new LayerStore(at), at, root };
}

/** Writes a layer with `write` on the chain of `below` (lowest → highest ids) and commits it as `id`. */
export async function layer(
  store: LayerStore,
  id: string,
  below: readonly string[],
  write: (draft: Draft) => void,
): Promise<string> {
  const draft = store.edit(below.length > 0 ? chain(store, below) : undefined, { uid: 0, gid: 0 }, UNSTOPPED);
  write(draft);
  await store.commit(draft, id);
  return id;
}

export function chain(store: LayerStore, ids: readonly string[], form: 'own' | 'movable' = 'own'): ChainTree {
  return new ChainTree(ids.map((id) => ({ id, path: store.path(id, form) })));
}

/** Everything a tree shows, one line an entry; `times` adds mtimes. */
export function dump(tree: Tree, { times = false } = {}, at = '/'): string[] {
  return tree.list(at).flatMap((name) => {
    const where = join(at, name);
    const { stat, hostPath } = tree.lookup(where)!;
    const content =
      stat.type === 'file'
        ? JSON.stringify(fs.readFileSync(fsPath(hostPath), 'latin1'))
        : stat.type === 'symlink'
          ? `-> ${readlink(hostPath)}`
          : '';
    const line =
      `${where} ${stat.type} ${stat.mode.toString(8)} ${stat.uid}:${stat.gid} ${content}`.trimEnd();
    return [
      times ? `${line} @${stat.mtimeNs}` : line,
      ...(stat.type === 'dir' ? dump(tree, { times }, where) : []),
    ];
  });
}

/** Runs `use` with an overlay of `lowers` (lowest → highest) and a writable `upper` mounted; needs root. */
export function withOverlay(
  lowers: readonly string[],
  upper: string | undefined,
  use: (merged: string) => void,
): void {
  const dir = temporaryFolder();
  const merged = path.join(dir, 'merged');
  fs.mkdirSync(merged);
  const work = upper && `${path.dirname(upper)}/work`;
  if (work) fs.mkdirSync(work, { recursive: true });
  fs.mkdirSync(path.join(dir, 'empty'));
  const stack = [...lowers.toReversed(), ...(lowers.length < 2 ? [path.join(dir, 'empty')] : [])].join(':');
  const options = `lowerdir=${stack}${upper ? `,upperdir=${upper},workdir=${work}` : ''},index=off,redirect_dir=off,metacopy=off,xino=off`;
  execFileSync('mount', ['-t', 'overlay', 'overlay', '-o', options, merged]);
  try {
    use(merged);
  } finally {
    execFileSync('umount', [merged]);
    if (work) fs.rmSync(work, { recursive: true });
  }
}

/** True if this process may mount overlays. */
export function canMount(): boolean {
  try {
    withOverlay([temporaryFolder()], undefined, () => {});
    return true;
  } catch {
    return false;
  }
}
