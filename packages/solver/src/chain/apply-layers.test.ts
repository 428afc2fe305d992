import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { lstat } from '../host/files.ts';
import { isRoot, UNSTOPPED } from '../host/testing/this-process.ts';
import { layer, temporaryStore } from '../layer/testing/layers.ts';
import { applyLayers } from './apply-layers.ts';

const { store } = temporaryStore();
let serial = 0;

type Kind = 'socket' | 'block' | 'directory' | 'filled' | 'file';

async function make(kind: Kind): Promise<string> {
  return layer(store, `l${serial++}`, [], (draft) => {
    if (kind === 'file') draft.writeFile('/d', Buffer.from('file'), 0o644);
    else if (kind === 'socket' || kind === 'block') draft.makeNode('/d', kind, 0o660, 7, 200);
    else draft.makeDirectory('/d', 0o711);
    if (kind === 'filled') draft.writeFile('/d/in', Buffer.from('in'), 0o644);
  });
}

/** The state of `/d` after layers of these kinds were applied to an empty tree. */
async function applied(...kinds: readonly Kind[]): Promise<string> {
  const folders = [];
  for (const id of await Promise.all(kinds.map(make))) folders.push({ id, path: store.path(id, 'movable') });
  const staged = store.stageLayer();
  try {
    await applyLayers(folders, [], staged.folder, UNSTOPPED);
    const { type, mode } = lstat(`${staged.folder}/d`)!;
    return `${type} ${mode.toString(8)} of ${fs.readdirSync(staged.folder).length}`;
  } finally {
    store.drop(staged);
  }
}

describe.runIf(isRoot)('applyLayers: the type of a block device or socket has the bit of a directory', () => {
  it('leaves what is there under a directory, which gives it its mode', async () => {
    expect(await applied('socket', 'directory')).toBe('socket 711 of 1');
    expect(await applied('block', 'directory')).toBe('block 711 of 1');
  });

  it.each([
    ['block', 'filled', 'failed to stat during copy apply: lstat /d/in: not a directory'],
    ['socket', 'filled', 'failed to stat during copy apply: lstat /d/in: not a directory'],
    [
      'directory',
      'block',
      'failed to hardlink during apply: failed to hardlink during apply: link /d: file exists',
    ],
    [
      'socket',
      'block',
      'failed to hardlink during apply: failed to hardlink during apply: link /d: file exists',
    ],
    ['directory', 'socket', 'failed to copy during apply: failed to mknod during apply: file exists'],
    ['block', 'socket', 'failed to copy during apply: failed to mknod during apply: file exists'],
  ] as const)('fails where there is a %s and a %s comes', async (under, over, text) => {
    await expect(applied(under, over)).rejects.toThrow(
      `failed to apply diffs: failed to handle changes: ${text}`,
    );
  });

  it('replaces what has not', async () => {
    expect(await applied('file', 'socket', 'socket')).toBe('socket 660 of 1');
    expect(await applied('block', 'block', 'file', 'directory')).toBe('dir 711 of 1');
  });

  it('leaves the layers as they are', async () => {
    const [block, directory] = [await make('block'), await make('directory')];
    const staged = store.stageLayer();
    const folders = [block, directory].map((id) => ({ id, path: store.path(id, 'movable') }));
    await applyLayers(folders, [], staged.folder, UNSTOPPED);
    expect(lstat(`${store.path(block, 'own')}/d`)?.mode).toBe(0o660);
    store.drop(staged);
  });
});
