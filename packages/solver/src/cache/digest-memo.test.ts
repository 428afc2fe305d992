import { hash } from 'node:crypto';
import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { UNSTOPPED } from '../host/testing/this-process.ts';
import { chain, layer, temporaryStore } from '../layer/testing/layers.ts';
import { contentDigest } from './content-digest.ts';
import { StoredDigests } from './digest-memo.ts';
import { EntryDigester, plainFileDigest } from './entry-digest.ts';

const { store, root } = temporaryStore();
const all = {
  path: '/',
  wildcard: false,
  followLinks: false,
  includePatterns: [],
  excludePatterns: [],
  requiredPaths: [],
};

/** The digest of a chain, and how many files had to be read for it. */
async function digest(ids: readonly string[], memo: StoredDigests) {
  let read = 0;
  const counting = {
    get: (entry: Parameters<StoredDigests['get']>[0]) => memo.get(entry),
    set(entry: Parameters<StoredDigests['set']>[0], value: string) {
      read++;
      memo.set(entry, value);
    },
  };
  const value = await contentDigest(chain(store, ids), [all], {
    pacer: UNSTOPPED,
    name: 'x',
    memo: counting,
  });
  memo.flush();
  return { value, read };
}

describe('StoredDigests', () => {
  it('spares files that an earlier process has read, also where another layer shares them', async () => {
    const first = await layer(store, 'first', [], (draft) => {
      for (const name of ['a', 'b', 'c']) draft.writeFile(`/${name}`, Buffer.from(name), 0o644);
    });
    const second = await layer(store, 'second', [], (draft) => {
      for (const name of ['a', 'b']) draft.shareFile(`/${name}`, chain(store, [first]).lookup(`/${name}`)!);
      draft.writeFile('/c', Buffer.from('changed'), 0o644);
    });
    const before = await digest([first], new StoredDigests(store));
    expect(before.read).toBe(3);
    expect(await digest([first], new StoredDigests(store))).toEqual({ value: before.value, read: 0 });
    const after = await digest([second], new StoredDigests(store));
    expect(after.read).toBe(1);
    expect(after.value).not.toBe(before.value);
    const plain = await contentDigest(chain(store, [second]), [all], { pacer: UNSTOPPED, name: 'x' });
    expect(after.value).toBe(plain);
  });

  it('passes over a line that was cut off', async () => {
    const id = await layer(store, 'cut', [], (draft) => draft.writeFile('/f', Buffer.from('content'), 0o644));
    const { value } = await digest([id], new StoredDigests(store));
    const file = `${root}/layers/${id}/digests`;
    fs.writeFileSync(file, fs.readFileSync(file, 'latin1').slice(0, -20));
    expect(await digest([id], new StoredDigests(store))).toEqual({ value, read: 1 });
  });

  it('take the place of a folder that damage left there', async () => {
    const id = await layer(store, 'damaged', [], (draft) => draft.writeFile('/a', Buffer.from('a'), 0o644));
    const file = `${root}/layers/${id}/digests`;
    fs.rmSync(file, { force: true });
    fs.mkdirSync(`${file}/inside`, { recursive: true });
    const { value } = await digest([id], new StoredDigests(store));
    expect(await digest([id], new StoredDigests(store))).toEqual({ value, read: 0 });
    const other = await layer(store, 'heir', [], (draft) => draft.writeFile('/b', Buffer.from('b'), 0o644));
    fs.rmSync(file);
    fs.mkdirSync(`${file}/inside`, { recursive: true });
    expect(() => new StoredDigests(store).inherit(other, id)).not.toThrow();
  });
});

describe('plainFileDigest', () => {
  it('is what a look at the file gives', async () => {
    const id = await layer(store, 'plain', [], (draft) => {
      draft.writeFile('/full', Buffer.from('content'), 0o4750);
      draft.setOwner('/full', 7, 8);
      draft.writeFile('/empty', Buffer.alloc(0), 0o600);
    });
    const digester = new EntryDigester(UNSTOPPED);
    for (const [path, content] of [
      ['/full', hash('sha256', 'content', 'hex')],
      ['/empty', ''],
    ] as const) {
      const entry = chain(store, [id]).lookup(path)!;
      expect(plainFileDigest(entry.stat, content)).toBe(await digester.digest(entry));
    }
  });
});
