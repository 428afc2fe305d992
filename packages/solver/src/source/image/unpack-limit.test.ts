import os from 'node:os';
import { describe, expect, it } from 'vitest';
import { unpackLimit } from './unpack-limit.ts';

const GIB = 2 ** 30;
const layer = (size: number) => ({ mediaType: '', digest: 'sha256:x', size });

describe('unpackLimit', () => {
  it('is what is free', () => {
    const { bytes, exceeded } = unpackLimit(layer(GIB), '/', 5_000);
    expect(bytes).toBe(5_000);
    expect(exceeded()).toMatchObject({ code: 'environment', message: expect.stringContaining('5000 bytes') });
    expect(unpackLimit(layer(1), os.tmpdir()).bytes).toBeGreaterThan(0);
  });

  it('is generous to small layers, and more than any honest archive unpacks to for large ones', () => {
    expect(unpackLimit(layer(1), '/', 2 ** 50).bytes).toBe(16 * GIB);
    const { bytes, exceeded } = unpackLimit(layer(GIB), '/', 2 ** 50);
    expect(bytes).toBe(1_100 * GIB);
    expect(exceeded()).toMatchObject({
      code: 'step',
      details: { hint: expect.stringContaining('fill a disk') },
    });
  });
});
