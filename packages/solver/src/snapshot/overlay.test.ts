import { beforeAll, describe } from 'vitest';
import { enterMountNamespace } from '../host/namespace.ts';
import { OverlaySnapshotter } from './overlay.ts';
import { describeSnapshotter } from './snapshotter.contract.ts';

describe.skipIf(process.getuid?.() !== 0)('with mounts', () => {
  beforeAll(() => enterMountNamespace());
  describeSnapshotter('overlay', (places) => new OverlaySnapshotter(places));
});
