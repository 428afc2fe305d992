import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withTemporaryFolder } from '../../../../../test/support/temporary.ts';
import { getXattr, listXattrs, removeXattr, setXattr } from '../../host/syscalls.ts';
import { UNSTOPPED } from '../../host/testing/this-process.ts';
import { temporaryStore } from '../../layer/testing/layers.ts';
import { FolderTree } from '../../tree/folder-tree.ts';
import { importFolder } from './import-folder.ts';
import { PathFilter } from './path-filter.ts';
import { replicate } from './replicate.ts';
import { scanFolder } from './scan.ts';
import { treeDigest } from './tree-digest.ts';

const { store } = temporaryStore();
const owner = { uid: 0, gid: 0 };

/** Something that happens to a folder; what cannot happen does not. */
const change = fc.record({
  what: fc.constantFrom(
    'dir',
    'file',
    'touch',
    'remove',
    'link',
    'symlink',
    'chmod',
    'rename',
    'xattr',
    'pipe',
  ),
  at: fc.constantFrom('a', 'b', 'c', 'a/a', 'a/b', 'b/a', 'b/b', 'a/a/a', 'b/a/b'),
  to: fc.constantFrom('a', 'b', 'c', 'a/a', 'a/b', 'b/a', 'b/b', 'b/a/b'),
  value: fc.nat(3),
});
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;

function apply(root: string, { what, at, to, value }: Change): void {
  const [here, there] = [path.join(root, at), path.join(root, to)];
  try {
    if (what === 'dir') fs.mkdirSync(here, { recursive: true });
    // Opening a pipe would wait for somebody.
    else if (what === 'file' && !isPipe(here)) fs.writeFileSync(here, `${value}`.repeat(value + 1));
    else if (what === 'touch') fs.utimesSync(here, value, value);
    else if (what === 'remove') fs.rmSync(here, { recursive: true, force: true });
    else if (what === 'link') fs.linkSync(here, there);
    else if (what === 'symlink') fs.symlinkSync(to, here);
    else if (what === 'chmod') fs.chmodSync(here, [0o755, 0o2750, 0o4711, 0o600][value]!);
    else if (what === 'rename') fs.renameSync(here, there);
    else if (what === 'pipe') execFileSync('mkfifo', [here], { stdio: 'ignore' });
    else if (value === 0) removeXattr(here, 'user.x');
    else setXattr(here, 'user.x', Buffer.from([value]));
  } catch (error) {
    if (!(error instanceof Error)) throw error;
  }
}

function isPipe(file: string): boolean {
  return fs.statSync(file, { throwIfNoEntry: false })?.isFIFO() ?? false;
}

/** All that can be told of a folder; of names of one inode, that they are. */
function listing(root: string): readonly string[] {
  const inodes = new Map<bigint, string>();
  const names = fs.readdirSync(root, { recursive: true, encoding: 'utf8' }).sort();
  return names.map((name) => {
    const file = path.join(root, name);
    const stat = fs.lstatSync(file, { bigint: true });
    const content = stat.isFile() ? fs.readFileSync(file, 'utf8') : '';
    const target = stat.isSymbolicLink() ? fs.readlinkSync(file) : '';
    const first = stat.isFile() ? (inodes.get(stat.ino) ?? name) : '';
    inodes.set(stat.ino, first);
    const xattrs = listXattrs(file).map((one) => `${one}=${getXattr(file, one)?.toString('hex')}`);
    return [name, stat.mode, stat.uid, stat.gid, stat.mtimeNs, content, target, first, ...xattrs].join(' ');
  });
}

describe('a folder that was brought before', () => {
  it('is brought the same by changing a replica as from nothing, whatever happened to it', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(change, { maxLength: 12 }), { minLength: 2, maxLength: 4 }),
        async (rounds) => {
          await withTemporaryFolder(async (root) => {
            let earlier: Parameters<typeof importFolder>[1]['earlier'];
            for (const round of rounds) {
              for (const one of round) apply(root, one);
              const entries = await scanFolder(root, new PathFilter([], []), UNSTOPPED);
              // Far ahead: nothing may count as changed just now, or all would be read again.
              const common = { scannedNs: 1n << 62n, onBytes: () => {} };
              const anew = store.edit(undefined, owner, UNSTOPPED);
              const wanted = await importFolder(entries, {
                ...common,
                draft: anew,
                earlier: undefined,
                isReplica: false,
              });
              const draft = store.edit(undefined, owner, UNSTOPPED);
              if (earlier)
                expect(await replicate(store.path(earlier.layer, 'own'), draft.upper).done).toBe(true);
              const isReplica = earlier !== undefined;
              const known = await importFolder(entries, { ...common, draft, earlier, isReplica });
              expect(treeDigest(known)).toBe(treeDigest(wanted));
              expect(draft.notes.bytes).toBe(anew.notes.bytes);
              expect(listing(draft.upper)).toEqual(listing(anew.upper));
              const layer = store.newId();
              await store.commit(draft, layer);
              store.discard(anew);
              const rows = new Map(known.map(({ entry, row }) => [entry.path, row]));
              earlier = { rows, layer, tree: new FolderTree(store.path(layer, 'own'), { isFixed: true }) };
            }
          });
        },
      ),
      { numRuns: 60 },
    );
  });

  it('cannot be replicated where there is nothing, and a copy can be stopped', async () => {
    const draft = store.edit(undefined, owner, UNSTOPPED);
    expect(await replicate('/nowhere', draft.upper).done).toBe(false);
    const stopped = replicate('/usr/lib', draft.upper);
    stopped.stop();
    expect(await stopped.done).toBe(false);
    store.discard(draft);
  });
});
