import { describe, expect, it } from 'vitest';
import { completeHistory } from './image-history.ts';

const layer = (description: string, seconds: number) => ({ description, createdAt: seconds * 1_000 });
const at = (seconds: number) => `1970-01-01T00:00:${String(seconds).padStart(2, '0')}Z`;

describe('completeHistory', () => {
  it('tells of each layer that has no entry yet', () => {
    expect(
      completeHistory(
        [{ created: at(1), created_by: 'base' }],
        [layer('x', 2), layer('', 3)],
        undefined,
        undefined,
      ),
    ).toEqual([
      { created: at(1), created_by: 'base' },
      { created: at(3), created_by: 'created by buildkit', comment: 'buildkit.exporter.image.v0' },
    ]);
  });

  it('says of entries beyond the layers that they have none', () => {
    const known = [{ created_by: 'a' }, { created_by: 'env', empty_layer: true }, { created_by: 'b' }];
    const history = completeHistory(known, [layer('x', 5)], undefined, undefined);
    expect(history.map(({ created_by, empty_layer }) => [created_by, empty_layer ?? false])).toEqual([
      ['a', false],
      ['env', true],
      ['b', true],
    ]);
  });

  it('gives a step without a layer the time of the next new layer', () => {
    const known = [{ created: at(1) }, { empty_layer: true }, {}];
    const history = completeHistory(known, [layer('a', 1), layer('b', 9)], undefined, undefined);
    expect(history.map(({ created }) => created)).toEqual([at(1), at(9), at(9)]);
  });

  it('or of the last one before, where no layer follows', () => {
    const known = [{ created: at(1) }, { empty_layer: true }];
    expect(
      completeHistory(known, [layer('a', 1)], undefined, undefined).map(({ created }) => created),
    ).toEqual([at(1), at(1)]);
  });

  it('lets no time be later than the epoch, but for those of the base until the first that differs', () => {
    const base = [{ created: at(20), created_by: 'base' }];
    const known = [...base, { created: at(30), created_by: 'own' }, { created: at(3), created_by: 'early' }];
    const layers = [layer('', 20), layer('', 30), layer('', 3)];
    const times = (withBase: boolean) =>
      completeHistory(known, layers, 10n, withBase ? base : undefined).map(({ created }) => created);
    expect(times(true)).toEqual([at(20), at(10), at(3)]);
    expect(times(false)).toEqual([at(10), at(10), at(3)]);
  });
});
