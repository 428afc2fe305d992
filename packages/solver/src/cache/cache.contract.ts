/** The contract of all caches; a test of one is `describeCache(name, make)`. */
import { describe, expect, it } from 'vitest';
import type { Ref } from '../chain/ref.ts';
import type { Cache } from './cache.ts';

const refOf = (id: string): Ref => ({ kind: 'layer', id, layer: 'l', description: '', createdAt: 0 });

/** @param make a cache that finds refs with `load` */
export function describeCache(name: string, make: (load: (id: string) => Ref | undefined) => Cache): void {
  describe(name, () => {
    const refs = new Map(['r', 's'].map((id) => [id, refOf(id)]));
    const cache = make((id) => refs.get(id));

    it('finds what was stored under an equal key, whatever the order of its fields', async () => {
      cache.put({ recipe: { a: 1n, b: [1, { d: 1, c: 2 }] } }, [refs.get('r'), undefined]);
      const found = await cache.get({ recipe: { b: [1, { c: 2, d: 1 }], a: 1n } });
      expect(found).toEqual([refs.get('r'), undefined]);
      expect(await cache.get({ recipe: { b: [1, { c: 2, d: 2 }], a: 1n } })).toBeUndefined();
    });

    it('tells results of nothing from no results', async () => {
      cache.put({ none: 1 }, []);
      cache.put({ scratch: 1 }, [undefined]);
      expect(await cache.get({ none: 1 })).toEqual([]);
      expect(await cache.get({ scratch: 1 })).toEqual([undefined]);
    });

    it('replaces what was stored before', async () => {
      cache.put({ again: 1 }, [refs.get('r')]);
      cache.put({ again: 1 }, [refs.get('s')]);
      expect(await cache.get({ again: 1 })).toEqual([refs.get('s')]);
    });

    it('has none where a result is lost', async () => {
      cache.put({ lost: 1 }, [refs.get('r'), refOf('lost')]);
      expect(await cache.get({ lost: 1 })).toBeUndefined();
    });
  });
}
