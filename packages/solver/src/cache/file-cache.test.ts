import fs from 'node:fs';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../../../../test/support/temporary.ts';
import { Store } from '../store/store.ts';
import { describeCache } from './cache.contract.ts';
import { hashOf } from './cache.ts';
import { FileCache } from './file-cache.ts';

const root = temporaryFolder();
const store = new Store(root);
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
