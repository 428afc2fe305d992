import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { pacerFor } from '../host/pacer.ts';
import { newFolder } from '../tree/testing/folder.ts';
import { NativeSnapshotter } from './native.ts';
import { describeSnapshotter } from './snapshotter.contract.ts';

// The layers of the contract have owners and devices that only root can make.
describe.skipIf(process.getuid?.() !== 0)('with copies', () => {
  describeSnapshotter('native', (places) => new NativeSnapshotter(places));
});

it('stops copying when the step is stopped, and leaves nothing', async () => {
  const [layer, work] = [newFolder(), newFolder()];
  fs.writeFileSync(`${layer}/f`, '');
  const snapshotter = new NativeSnapshotter({ mounts: work, work });
  const pacer = pacerFor(AbortSignal.abort('stopped'));
  await expect(snapshotter.view([layer], pacer)).rejects.toBe('stopped');
  expect(fs.readdirSync(work)).toEqual([]);
});
