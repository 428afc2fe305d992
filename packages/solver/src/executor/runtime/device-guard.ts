import fs from 'node:fs';
import { promisify } from 'node:util';
import { errnoOf } from '../../error/error.ts';
import { groupName } from '../step/control-groups.ts';

const HIERARCHY = '/sys/fs/cgroup/devices';
const GROUPS = `${HIERARCHY}/buildkit`;

/** Rules for every container: nodes of any device can be made, and the listed ones opened (runc's `AllowedDevices`). */
const ALLOWED = [
  ...['c *:* m', 'b *:* m'],
  ...['c 1:3 rwm', 'c 1:5 rwm', 'c 1:7 rwm', 'c 1:8 rwm', 'c 1:9 rwm'],
  ...['c 5:0 rwm', 'c 5:1 rwm', 'c 5:2 rwm', 'c 136:* rwm', 'c 10:200 rwm'],
];

/**
 * Puts this thread, and so all processes that it starts from then on, under the device rules of a container, by one control
 * group of version 1. A group for each step would do the same, but moving anything into a group takes the kernel 10 ms.
 */
export class DeviceGuard {
  readonly #group: string;
  readonly #thread = fs.readlinkSync('/proc/thread-self').split('/').at(-1)!;
  /** Files of the group's thread list, and of the list of the group that this thread came from. */
  readonly #inside: number;
  readonly #outside: number;

  private constructor(group: string, inside: number, outside: number) {
    this.#group = group;
    this.#inside = inside;
    this.#outside = outside;
  }

  /** Makes the group; undefined where there is no such hierarchy, or it may not be used. */
  static make(): DeviceGuard | undefined {
    const group = `${GROUPS}/${groupName('devices')}`;
    const own = /^\d+:devices:(.*)$/m.exec(fs.readFileSync('/proc/thread-self/cgroup', 'latin1'))?.[1];
    if (own === undefined) return undefined;
    try {
      fs.mkdirSync(group, { recursive: true });
      fs.writeFileSync(`${group}/devices.deny`, 'a');
      for (const rule of ALLOWED) fs.writeFileSync(`${group}/devices.allow`, rule);
      const outside = fs.openSync(`${HIERARCHY}${own}/tasks`, 'w');
      return new DeviceGuard(group, fs.openSync(`${group}/tasks`, 'w'), outside);
    } catch (error) {
      if (errnoOf(error) === undefined) throw error;
      return undefined;
    }
  }

  /** Moves this thread in; another one does the waiting. */
  async enter(): Promise<void> {
    await write(this.#inside, this.#thread);
  }

  /** Moves this thread out. */
  async leave(): Promise<void> {
    await write(this.#outside, this.#thread);
    for (const file of [this.#inside, this.#outside]) fs.closeSync(file);
  }

  /** Removes the group, when this thread and all processes have left. */
  remove(): void {
    fs.rmdirSync(this.#group);
  }
}

const write = promisify<number, string, unknown>(fs.write);
