import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { Store } from '../store/store.ts';
import { describeCache } from './cache.contract.ts';
import { hashOf } from './cache.ts';
import { FileCache } from './file-cache.ts';

const root = fs.mkdtempSync(path.join(os.tmpdir(), 'llb-ts-cache-'));
const store = new Store(root);
afterAll(() => fs.rmSync(root, { recursive: true }));
const recordOf = (key: Record<string, unknown>) => `${root}/cache/${hashOf(key)}.json`;

describeCache('FileCache', (load) => new FileCache(store, load));

it('keeps the key readable beside its results', () => {
  const key = { recipe: { type: 'file' }, inputs: ['x'] };
  new FileCache(store, () => undefined).put(key, []);
  expect(JSON.parse(fs.readFileSync(recordOf(key), 'utf8')).key).toEqual(key);
});

it('takes a record that cannot be read for none', async () => {
  const cache = new FileCache(store, () => undefined);
  cache.put({ broken: 1 }, []);
  for (const text of ['{"version":1,"outp', '{"version":99,"outputs":[]}', 'null', '[]', '']) {
    fs.writeFileSync(recordOf({ broken: 1 }), text);
    expect(await cache.get({ broken: 1 })).toBeUndefined();
  }
});
