import { expect, it } from 'vitest';
import { environmentFailure } from '../error/error.ts';
import { UNSTOPPED } from '../host/testing/this-process.ts';
import { AutoSnapshotter } from './auto.ts';
import type { Snapshotter } from './snapshotter.ts';

function snapshotter(name: Snapshotter['name'], failure?: Error): Snapshotter {
  const answer = async () => {
    if (failure) throw failure;
    return { path: `/${name}`, capture: async () => {}, release: () => {} };
  };
  return { name, view: answer, edit: answer, settled: async () => {} };
}

it('falls back once and for all, and says so once', async () => {
  const notes: string[] = [];
  const refused = snapshotter('overlay', environmentFailure('cannot mount an overlay'));
  const auto = new AutoSnapshotter(refused, snapshotter('native'), (note) => notes.push(note));
  const [one, two] = await Promise.all([
    auto.view([], UNSTOPPED),
    auto.edit([], { upper: '/u', pacer: UNSTOPPED }),
  ]);
  expect([one.path, two.path, auto.name]).toEqual(['/native', '/native', 'native']);
  expect((await auto.view([], UNSTOPPED)).path).toBe('/native');
  expect(notes).toEqual([
    'trees are copied instead of mounted (native snapshotter): cannot mount an overlay',
  ]);
});

it('keeps what works, and other failures', async () => {
  const notes: string[] = [];
  const full = Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
  const broken = new AutoSnapshotter(snapshotter('overlay', full), snapshotter('native'), (note) =>
    notes.push(note),
  );
  await expect(broken.view([], UNSTOPPED)).rejects.toBe(full);
  const fine = new AutoSnapshotter(snapshotter('overlay'), snapshotter('native'), (note) => notes.push(note));
  expect((await fine.view([], UNSTOPPED)).path).toBe('/overlay');
  expect(notes).toEqual([]);
});
