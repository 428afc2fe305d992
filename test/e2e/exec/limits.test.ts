import { execFileSync } from 'node:child_process';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { requires } from '../../support/requirements.ts';
import { withBox } from './box.ts';
import { leftovers } from './leftovers.ts';
import { startSolve } from './started.ts';

const MOST = 60;
/** A user of nobody else's: its processes are counted on the whole machine. */
const USER = 54_321;
const GROUP = 'llb-ts-test';
// The shell itself only counts, for it could start nothing. It does so until there are enough, however long that takes.
const BOMB = [
  '(bomb() { while true; do bomb & done; }; bomb) 2> /dev/null &',
  `until set -- /proc/[0-9]*; [ $# -ge ${MOST - 10} ]; do :; done`,
].join(' ');
// One shell starts processes that stay until it may start no more. The other is left, and counts.
const CROWD = [
  '(while sleep 1000 & do :; done) 2> /dev/null || true',
  'set -- /proc/[0-9]*',
  'echo most: $#',
].join('; ');
const BUILD = `
const me = With(llb.User('${USER}'));
export default {
  ulimit: sh('${BOMB}', llb.AddUlimit(llb.UlimitNproc, ${MOST}, ${MOST}), me),
  ulimitCrowd: sh('${CROWD}', llb.AddUlimit(llb.UlimitNproc, ${MOST}, ${MOST}), me),
  group: sh('${BOMB}', llb.WithCgroupParent('${GROUP}'), me),
  groupCrowd: sh('${CROWD}', llb.WithCgroupParent('${GROUP}'), me),
  writes: sh('dd if=/dev/zero of=/big bs=1M count=64'),
  writesToMemory: sh('dd if=/dev/zero of=/m/big bs=1M count=64', AddMount('/m', Scratch(), llb.Tmpfs(llb.TmpfsSize(1 << 20)))),
  little: sh('echo little > /f'),
};
`;

function processesOf(user: number): number {
  return readdirSync('/proc').filter((name) => {
    try {
      return /^\d+$/.test(name) && statSync(`/proc/${name}`).uid === user;
    } catch {
      return false;
    }
  }).length;
}

/** A folder in which control groups with a limit on processes can be made; undefined if there is none. */
function placeForGroups(): string | undefined {
  const [first, second] = ['/sys/fs/cgroup/pids', '/sys/fs/cgroup'];
  try {
    const children = join(second, 'cgroup.subtree_control');
    const place = existsSync(first) || !/\bpids\b/.test(readFileSync(children, 'utf8')) ? first : second;
    accessSync(place, constants.W_OK);
    return place;
  } catch {
    return undefined;
  }
}

requires('root', 'busybox')('a fork bomb', () => {
  const place = placeForGroups();

  test('under a limit of its user ends with its step, and nothing of it is left', () => explode('ulimit'));

  // Without such a folder the test is skipped.
  test.skipIf(place === undefined)('under a limit of its control group does so, too', async () => {
    mkdirSync(join(place ?? '', GROUP));
    try {
      writeFileSync(join(place ?? '', GROUP, 'pids.max'), String(MOST));
      await explode('group');
    } finally {
      // A runtime makes the group in every hierarchy.
      for (const hierarchy of ['', ...readdirSync('/sys/fs/cgroup')]) {
        const made = join('/sys/fs/cgroup', hierarchy, GROUP);
        if (existsSync(made)) rmdirSync(made);
      }
    }
  });

  function explode(target: 'ulimit' | 'group'): Promise<void> {
    return withBox(BUILD, async (rig) => {
      for (const name of [target, `${target}Crowd`]) {
        const solve = startSolve(rig, ['build.ts', name, '--progress', 'plain']);
        expect(await solve.ended, solve.log()).toBe(0);
        expect([processesOf(USER), leftovers(rig.folder, solve.pid)]).toEqual([0, []]);
        if (name === target) continue;
        const most = Number(/ most: (\d+)$/m.exec(solve.log())?.[1]);
        expect([most > MOST - 10, most <= MOST], solve.log()).toEqual([true, true]);
      }
    });
  }
});

requires(
  'root',
  'busybox',
  'overlay',
)('a disk that is full', () => {
  test('fails the process that writes to it; the store is as good as before', () =>
    withBox(BUILD, async (rig) => {
      const disk = join(rig.folder, 'disk');
      mkdirSync(disk);
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', disk]);
      try {
        const flags = ['--state-dir', join(disk, 'state'), '--progress', 'plain'];
        const { status, stderr } = await rig.call(['solve', 'build.ts', 'writes', ...flags]);
        expect([status, stderr]).toEqual([1, expect.stringContaining('No space left on device')]);
        expect(stderr).toMatch(/^error: process "sh -c dd .*did not complete successfully: exit code: 1$/m);
        expect(readdirSync(join(disk, 'state/staging'))).toEqual([]);
        const after = await rig.call(['solve', 'build.ts', 'little', ...flags]);
        expect(after.status, after.stderr).toBe(0);
        expect(after.stderr).toContain('1 ran, 1 cached');
      } finally {
        execFileSync('umount', [disk]);
      }
    }));

  test('in memory with a size fails the process as well', () =>
    withBox(BUILD, async (rig) => {
      const { status, stderr } = await rig.call([
        'solve',
        'build.ts',
        'writesToMemory',
        '--progress',
        'plain',
      ]);
      expect([status, stderr]).toEqual([1, expect.stringContaining('No space left on device')]);
    }));
});
