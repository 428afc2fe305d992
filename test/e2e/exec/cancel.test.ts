import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { requires, whyMissing } from '../../support/requirements.ts';
import { withBox } from './box.ts';
import { leftovers } from './leftovers.ts';
import { startSolve } from './started.ts';

// Everything that may survive a signal: a process that ignores it, one in a session of its own, one in the background.
const BUILD = `
const stubborn = 'trap "" TERM INT HUP QUIT; setsid sleep 900 & sleep 901 & echo it runs; while true; do sleep 902; done';
const slow = sh(stubborn, AddMount('/cache', Scratch(), llb.AsPersistentCacheDir('c', llb.CacheMountLocked)));
const failing = sh('while [ ! -e /shared/go ]; do sleep 0.01; done; exit 3', shared());
const watched = sh('trap "" TERM; : > /shared/go; sleep 903 & wait', shared());
function shared() { return AddMount('/shared', Scratch(), llb.AsPersistentCacheDir('shared', llb.CacheMountShared)); }
export default { slow, sibling: Merge(failing, watched), after: sh('true', AddMount('/cache', Scratch(), llb.AsPersistentCacheDir('c', llb.CacheMountLocked))) };
`;
const EXECUTORS = [
  ...(['crun', 'runc'] as const).filter((name) => whyMissing(name) === undefined),
  'sandbox',
];

requires('root', 'busybox')('what a stopped solve had running', () => {
  describe.each(EXECUTORS)('with %s', (executor) => {
    test('is gone when the process ends after ctrl-C, whatever it does about signals', () =>
      withBox(BUILD, async (rig) => {
        const flags = ['--executor', executor, '--progress', 'plain'];
        const solve = startSolve(rig, ['build.ts', 'slow', '-o', 'out', ...flags]);
        await solve.says(/^#\d+ [\d.]+ it runs$/m);
        solve.child.kill('SIGINT');
        expect([await solve.ended, solve.log()]).toEqual([130, expect.stringMatching(/^#\d+ CANCELED$/m)]);
        expect(leftovers(rig.folder, solve.pid)).toEqual([]);
        expect(readdirSync(join(rig.folder, '../state/staging'))).toEqual([]);
        expect(readdirSync(rig.folder)).not.toContain('out');
        // The cache that it had for itself is free.
        const after = await rig.call(['solve', 'build.ts', 'after', ...flags]);
        expect(after.status, after.stderr).toBe(0);
      }));

    test('is gone when another step has failed', () =>
      withBox(BUILD, async (rig) => {
        const flags = ['--executor', executor, '--progress', 'plain', '--jobs', '2'];
        const solve = startSolve(rig, ['build.ts', 'sibling', ...flags]);
        expect([await solve.ended, solve.log()]).toEqual([
          1,
          expect.stringMatching(/^error: process "sh -c while .*exit code: 3$/m),
        ]);
        expect(solve.log()).toMatch(/^#\d+ CANCELED$/m);
        expect(leftovers(rig.folder, solve.pid)).toEqual([]);
        expect(readdirSync(join(rig.folder, '../state/staging'))).toEqual([]);
      }));
  });
});
