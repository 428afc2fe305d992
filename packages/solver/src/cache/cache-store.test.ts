import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Ref } from '../chain/ref.ts';
import { Store } from '../store/store.ts';
import { CacheStore, hashOf } from './cache-store.ts';

const root = fs.mkdtempSync(path.join(os.tmpdir(), 'llb-ts-cache-'));
const store = new Store(root);
afterAll(() => fs.rmSync(root, { recursive: true }));
const ref: Ref = { kind: 'layer', id: 'r', layer: 'l', description: '', createdAt: 0 };
const known = (id: string) => (id === 'r' ? ref : undefined);
const recordOf = (key: Record<string, unknown>) => `${root}/cache/${hashOf(key)}.json`;

describe('CacheStore', () => {
  it('finds what was stored under an equal key, whatever the order of its fields', () => {
    const cache = new CacheStore(store, known);
    cache.put({ recipe: { a: 1n, b: [1, { d: 1, c: 2 }] } }, [ref, undefined]);
    expect(cache.get({ recipe: { b: [1, { c: 2, d: 1 }], a: 1n } })).toEqual([ref, undefined]);
    expect(cache.get({ recipe: { b: [1, { c: 2, d: 2 }], a: 1n } })).toBeUndefined();
  });

  it('keeps the key readable beside its results', () => {
    new CacheStore(store, known).put({ recipe: { type: 'file' }, inputs: ['x'] }, []);
    const record = JSON.parse(fs.readFileSync(recordOf({ recipe: { type: 'file' }, inputs: ['x'] }), 'utf8'));
    expect(record.key).toEqual({ recipe: { type: 'file' }, inputs: ['x'] });
  });

  it('takes a record with a lost result, or one that cannot be read, for none', () => {
    const cache = new CacheStore(store, known);
    cache.put({ lost: 1 }, [{ ...ref, id: 'lost' }]);
    expect(cache.get({ lost: 1 })).toBeUndefined();
    cache.put({ broken: 1 }, [ref]);
    fs.writeFileSync(recordOf({ broken: 1 }), '{"version":1,"outp');
    expect(cache.get({ broken: 1 })).toBeUndefined();
    fs.writeFileSync(recordOf({ broken: 1 }), '{"version":99,"outputs":["r"]}');
    expect(cache.get({ broken: 1 })).toBeUndefined();
  });
});
