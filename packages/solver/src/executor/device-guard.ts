import fs from 'node:fs';
import { errnoOf } from '../error.ts';
import { processTag } from '../host/process-tag.ts';

const HIERARCHY = '/sys/fs/cgroup/devices';
const GROUPS = `${HIERARCHY}/buildkit`;

/** What every container may use: nodes of any device can be made, these can be opened (runc's `AllowedDevices`). */
const ALLOWED = [
  ...['c *:* m', 'b *:* m'],
  ...['c 1:3 rwm', 'c 1:5 rwm', 'c 1:7 rwm', 'c 1:8 rwm', 'c 1:9 rwm'],
  ...['c 5:0 rwm', 'c 5:1 rwm', 'c 5:2 rwm', 'c 136:* rwm', 'c 10:200 rwm'],
];

/**
 * Puts this thread, and so all processes that it starts from now on, under the device rules of a container, by one control
 * group of version 1. A group for each step would do the same, but moving a process into a group takes the kernel 8 ms.
 *
 * @returns what takes the thread out again; undefined where there is no such hierarchy, or it may not be used
 */
export function guardDevices(): (() => void) | undefined {
  const group = `${GROUPS}/llb-${processTag()}-devices`;
  const thread = fs.readlinkSync('/proc/thread-self').split('/').at(-1)!;
  const own = /^\d+:devices:(.*)$/m.exec(fs.readFileSync('/proc/thread-self/cgroup', 'latin1'))?.[1];
  if (own === undefined) return undefined;
  try {
    fs.mkdirSync(group, { recursive: true });
    fs.writeFileSync(`${group}/devices.deny`, 'a');
    for (const rule of ALLOWED) fs.writeFileSync(`${group}/devices.allow`, rule);
    fs.writeFileSync(`${group}/tasks`, thread);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
  return () => {
    fs.writeFileSync(`${HIERARCHY}${own}/tasks`, thread);
    fs.rmdirSync(group);
  };
}
