import { describe } from 'vitest';
import { NativeSnapshotter } from './native.ts';
import { describeSnapshotter } from './snapshotter.contract.ts';

// The layers of the contract have owners and devices that only root can make.
describe.skipIf(process.getuid?.() !== 0)('with copies', () => {
  describeSnapshotter('native', (places) => new NativeSnapshotter(places));
});
