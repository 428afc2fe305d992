import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Rig, withRig } from '../cli/rig.ts';

const BUILD = `
import { Copy, Diff, Local, Merge, Mkdir, Mkfile, Rm, Scratch } from 'llb-ts';
const src = Local('src', { dir: './src' });
const base = src.File(Mkdir('/d', 0o755).Mkfile('/d/a', 0o644, 'a'));
const next = base.File(Rm('/f1')).File(Mkfile('/d/b', 0o644, 'b'));
const copy = Scratch().File(Copy(src, '/f*', '/copied/', { allowWildcard: true, createDestPath: true }));
const touched = base.File(Copy(src, '/f2', '/f2', { createdTime: new Date(5) }));
export default Merge(next, Diff(base, next), copy, Diff(base, touched), Diff(copy, base));
`;

/** Every exporter at once, so that blobs of layers are there as well as their folders. */
const SOLVE = ['solve', '-o', 'out', '-o', 'type=oci,tar=false,dest=layout', '-o', 'type=oci,dest=image.tar'];

const store = (rig: Rig) => join(rig.folder, '../state');

async function solved(rig: Rig): Promise<string> {
  for (const name of ['out', 'layout', 'image.tar'])
    rmSync(join(rig.folder, name), { recursive: true, force: true });
  const { status, stderr } = await rig.call(SOLVE);
  expect(status, stderr).toBe(0);
  checkBlobs(join(rig.folder, 'layout'));
  const unpacked = join(rig.folder, 'unpacked');
  rmSync(unpacked, { recursive: true, force: true });
  mkdirSync(unpacked);
  execFileSync('tar', ['-xf', join(rig.folder, 'image.tar'), '-C', unpacked]);
  checkBlobs(unpacked);
  return execFileSync('tar', ['--sort=name', '--mtime=@0', '-cf', '-', '-C', join(rig.folder, 'out'), '.'], {
    maxBuffer: 1 << 26,
  }).toString('latin1');
}

function checkBlobs(layout: string): void {
  const folder = join(layout, 'blobs/sha256');
  for (const name of readdirSync(folder)) {
    expect(
      createHash('sha256')
        .update(readFileSync(join(folder, name)))
        .digest('hex'),
    ).toBe(name);
  }
}

/** All files and folders of the store that are not inside a layer's folders, but those folders themselves. */
function targets(root: string): readonly string[] {
  const found: string[] = [];
  const pending = [''];
  for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
    for (const name of readdirSync(join(root, folder))) {
      const path = join(folder, name);
      if (path === 'lock' || path === 'staging' || path === 'empty') continue;
      const isLeaf = !lstatSync(join(root, path)).isDirectory() || /^layers\/[^/]+\/./.test(path);
      if (isLeaf) found.push(path);
      else pending.push(path);
    }
  }
  return found;
}

const DAMAGES: Readonly<Record<string, (path: string) => void>> = {
  gone: (path) => rmSync(path, { recursive: true }),
  'a folder': (path) => {
    rmSync(path, { recursive: true });
    mkdirSync(join(path, 'inside'), { recursive: true });
  },
  empty: (path) => replace(path, ''),
  null: (path) => replace(path, 'null'),
  'of zeroes': (path) => replace(path, '\0'.repeat(100)),
  'cut in two': (path) => {
    const bytes = isFile(path) ? readFileSync(path) : Buffer.alloc(0);
    replace(path, bytes.subarray(0, bytes.length / 2));
  },
  'changed in one byte': (path) => {
    const bytes = isFile(path) ? readFileSync(path) : Buffer.alloc(1);
    const at = Math.floor(bytes.length / 2);
    if (bytes.length > 0) bytes[at] = bytes[at]! ^ 1;
    replace(path, bytes);
  },
};

function isFile(path: string): boolean {
  return lstatSync(path).isFile();
}

function replace(path: string, content: string | Uint8Array): void {
  rmSync(path, { recursive: true });
  writeFileSync(path, content);
}

/** Not a record that is well-formed and tells another truth, nor a folder that holds something else: nobody can see that. */
const isTellTale = (path: string, damage: string) =>
  damage === 'changed in one byte'
    ? path.startsWith('blobs/sha256/')
    : damage !== 'a folder' || !/^layers\/[^/]+\/(own|movable)$/.test(path);

describe('a damaged store', () => {
  test.each(Object.keys(DAMAGES))('is repaired by the next solve where a file is %s', (damage) =>
    withRig({ 'build.ts': BUILD, 'src/f1': '1', 'src/f2': '2', 'src/f3': '3' }, async (rig) => {
      const whole = await solved(rig);
      for (const share of [0.2, 1]) {
        const hit = targets(store(rig)).filter((path) => isTellTale(path, damage) && Math.random() < share);
        for (const path of hit) DAMAGES[damage]!(join(store(rig), path));
        expect(await solved(rig), `damaged: ${hit.join(' ')}`).toBe(whole);
        // And it is whole again: nothing has to run.
        const { stderr } = await rig.call(['solve']);
        expect(stderr, `damaged: ${hit.join(' ')}`).toMatch(/: 0 ran,/);
      }
    }),
  );

  test.each(['layers', 'refs', 'blobs', 'blobs/sha256'])('is repaired where %s is gone', (name) =>
    withRig({ 'build.ts': BUILD, 'src/f1': '1', 'src/f2': '2', 'src/f3': '3' }, async (rig) => {
      const whole = await solved(rig);
      rmSync(join(store(rig), name), { recursive: true });
      expect(await solved(rig)).toBe(whole);
      expect(existsSync(join(store(rig), 'staging'))).toBe(true);
    }),
  );
});
