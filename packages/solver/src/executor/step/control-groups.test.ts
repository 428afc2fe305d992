import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { isRoot } from '../../host/testing/this-process.ts';
import {
  groupName,
  leaseControlGroups,
  probeControlGroups,
  releaseControlGroups,
  sweepControlGroups,
} from './control-groups.ts';

const { version, isWritable } = probeControlGroups();
const place = version === 2 ? '/sys/fs/cgroup' : '/sys/fs/cgroup/pids';

describe.runIf(isRoot && isWritable && fs.existsSync(place))('control groups of other processes', () => {
  const tag = `test${process.pid}`;
  const groups = ['7', 'devices', 'lease'].map((part) => `${place}/buildkit/llb-${tag}-${part}`);
  const [step = '', , lease = ''] = groups;
  afterEach(() => {
    for (const group of groups) if (fs.existsSync(group)) fs.rmdirSync(group);
  });

  it('stay while their process lives, whatever its id here, and go with it', async () => {
    for (const group of groups) fs.mkdirSync(group, { recursive: true });
    const holder = spawn('flock', ['-F', '-xn', lease, 'sh', '-c', 'echo held; exec sleep 60']);
    await once(holder.stdout, 'data');
    sweepControlGroups();
    expect(groups.filter((group) => fs.existsSync(group))).toEqual(groups);
    holder.kill();
    await once(holder, 'exit');
    sweepControlGroups();
    expect(groups.filter((group) => fs.existsSync(group))).toEqual([]);
  });

  it('go where nobody says that they are in use', () => {
    fs.mkdirSync(step, { recursive: true });
    sweepControlGroups();
    expect(fs.existsSync(step)).toBe(false);
  });

  it('stay as soon as their process has its lease, though another one sweeps at that moment', async () => {
    const own = `${place}/buildkit/${groupName(7)}`;
    const ownLease = leasePlace(groupName(7).replace(/7$/, 'lease'));
    fs.mkdirSync(ownLease, { recursive: true });
    const sweeper = spawn('flock', ['-F', '-xn', ownLease, 'sh', '-c', 'echo held; exec sleep 0.3']);
    const swept = once(sweeper, 'exit');
    await once(sweeper.stdout, 'data');
    leaseControlGroups();
    try {
      await swept;
      fs.mkdirSync(own);
      sweepControlGroups();
      expect(fs.existsSync(own)).toBe(true);
    } finally {
      releaseControlGroups();
      if (fs.existsSync(own)) fs.rmdirSync(own);
    }
  });

  it('are not ours, as long as one user of ours is left', () => {
    const own = `${place}/buildkit/${groupName(7)}`;
    leaseControlGroups();
    leaseControlGroups();
    try {
      fs.mkdirSync(own);
      releaseControlGroups();
      sweepControlGroups();
      expect(fs.existsSync(own)).toBe(true);
    } finally {
      releaseControlGroups();
    }
    sweepControlGroups();
    expect(fs.existsSync(own)).toBe(false);
  });
});

/** The path of this process's lease, if it has one. */
function leasePlace(name: string): string {
  leaseControlGroups();
  try {
    const folders = ['', ...fs.readdirSync('/sys/fs/cgroup')].map((at) => `/sys/fs/cgroup/${at}`);
    return `${folders.find((at) => fs.existsSync(`${at}/buildkit/${name}`))}/buildkit/${name}`;
  } finally {
    releaseControlGroups();
  }
}
