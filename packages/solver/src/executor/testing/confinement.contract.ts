/** The limits of all steps: part of `executor.contract.ts`. Each test is an attack that must fail. */

import fs from 'node:fs';
import { expect, it } from 'vitest';
import { isInUserNamespace } from '../../host/in-user-namespace.ts';
import { unmount } from '../../host/kernel.ts';
import { inNamespacesOf } from '../../host/namespace.ts';
import type { Step } from '../step/executor.ts';
import { callOfI386 } from './machine-code.ts';
import { ANSWERS, PROTECTED_FILES, probeList, program, readAnswers } from './probes.ts';

export interface ConfinedSteps {
  /** A file of this machine that no root has. */
  readonly machineFile: string;
  /** Has busybox, and a user `bob`. */
  readonly root: string;
  sh(
    script: string,
    step?: Partial<Step>,
    signal?: AbortSignal,
  ): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }>;
  lines(script: string, step?: Partial<Step>): Promise<readonly string[]>;
}

const EPERM = 1;
const CLONE_NEWUSER = 0x10000000;
const isRootless = isInUserNamespace();

export function itConfines({ machineFile, root, sh, lines }: ConfinedSteps): void {
  function addProgram(name: string, bytes: Uint8Array, mode = 0o755): void {
    fs.writeFileSync(`${root}/bin/${name}`, bytes);
    fs.chmodSync(`${root}/bin/${name}`, mode);
  }

  it.skipIf(!program)('answers system calls as runc does with the profile of BuildKit', async () => {
    addProgram('probe', program!);
    fs.writeFileSync(`${root}/list`, probeList());
    for (const user of ['', 'bob']) {
      const { stdout, code } = await sh('exec probe 3< /list', { user });
      expect({ code, answers: readAnswers(stdout) }).toEqual({
        code: 0,
        answers: user === '' ? ANSWERS : { ...ANSWERS, ...RAW_SOCKETS_OF_USERS },
      });
    }
  });

  it.skipIf(process.arch !== 'x64')('answers the system calls of i386 likewise', async () => {
    const [unshare, mount, bpf, keyctl, getpid] = [310, 21, 357, 288, 20];
    const calls = { unshare, mount, bpf, keyctl };
    for (const [name, number] of Object.entries(calls)) {
      addProgram('i386', callOfI386(number, CLONE_NEWUSER));
      expect({ name, code: (await sh('exec i386')).code }).toEqual({ name, code: EPERM });
    }
    addProgram('i386', callOfI386(getpid, 0));
    expect((await sh('exec i386')).code).toBe(255);
  });

  it('has no second /proc, by way of a user namespace', async () => {
    const attack = `
      unshare -U -r -m -p -f sh -c 'mount -t proc p /mnt && exec 3>>/mnt/sys/kernel/core_pattern && echo open'
      unshare -U -r -m sh -c 'mount -t sysfs s /mnt && exec 3>>/mnt/power/state && echo open'
      unshare -U -r true && echo namespace`;
    expect((await sh(attack)).stdout).toBe('');
  });

  it('writes to nothing that belongs to the machine', async () => {
    const attack = PROTECTED_FILES.map((file) => `(exec 3>>${file}) && echo ${file}`).join('\n');
    const { stdout } = await sh(`(\n${attack}\n) 2>/dev/null`);
    // A file that the machine lacks was created in the step's own root, which is allowed.
    expect(stdout.split('\n').filter((file) => fs.existsSync(file))).toEqual([]);
  });

  it('opens no device that it makes', async () => {
    // Memory, ports, the kernel's log, a mouse, a terminal, a loop device, and the disk of this machine.
    const kinds = ['c 1 1', 'c 1 2', 'c 1 4', 'c 1 11', 'c 10 1', 'c 4 0', 'b 7 0'];
    const disk = Number(fs.statSync('/').dev);
    const attack = [...kinds, `b ${disk >> 8} ${disk & 255}`]
      .flatMap((kind) => ['/tmp', '/dev', '/dev/shm'].map((folder) => [kind, `${folder}/node`]))
      .map(([kind, node]) => `mknod ${node} ${kind} && (exec 3<${node}) && echo ${kind}; rm -f ${node}`);
    expect((await sh(`(\n${attack.join('\n')}\n) 2>/dev/null`)).stdout).toBe('');
  });

  it.skipIf(isRootless)('keeps nothing of the old root behind its own', async () => {
    const stop = new AbortController();
    const running = sh('exec sleep 76543', {}, stop.signal);
    try {
      const pid = await processOf('sleep 76543');
      const isHostSeen = () => inNamespacesOf(pid, ['mnt'], () => fs.existsSync(machineFile));
      expect(isHostSeen()).toBe(false);
      inNamespacesOf(pid, ['mnt'], () => {
        try {
          unmount('/', true);
        } catch {
          // There is nothing below it.
        }
      });
      expect(isHostSeen()).toBe(false);
    } finally {
      stop.abort();
      await running;
    }
  });

  it('does not see other steps', async () => {
    const stop = new AbortController();
    const running = sh('echo secret > /dev/shm/mine; SECRET=secret exec sleep 76544', {}, stop.signal);
    try {
      await processOf('sleep 76544');
      const attack = `
        set -- /proc/[0-9]*; echo $#
        cat /dev/shm/mine /proc/*/root/dev/shm/mine 2>/dev/null
        grep -l '7654[4]' /proc/*/cmdline 2>/dev/null
        kill -9 -1 2>/dev/null; ipcs -m 2>/dev/null | grep -c 0x; true`;
      expect(await lines(attack)).toEqual(['1', '0']);
    } finally {
      stop.abort();
      await running;
    }
  });

  it('inherits three files, and no right to type into a terminal', async () => {
    expect(await lines('ls /proc/$$/fd; true')).toEqual(['0', '1', '2']);
    expect(await lines('(exec 3<>/dev/tty) 2>/dev/null && echo terminal; echo end')).toEqual(['end']);
  });

  it('climbs out of its root by no chroot', async () => {
    const attack = `mkdir -p /tmp/jail/bin; cp /bin/busybox /tmp/jail/bin/
      cd /; chroot /tmp/jail /bin/busybox sh -c 'cd ..; cd ../..; ls' | sort
      cd /; for i in 1 2 3 4 5 6 7 8 9; do cd ..; done; ls .${machineFile} /proc/1/root${machineFile} /proc/1/cwd${machineFile} 2>/dev/null
      rm -r /tmp/jail`;
    expect(await lines(attack)).toEqual(['bin']);
  });

  it.skipIf(!program)('gives setuid programs the rights of root in it, and no more', async () => {
    addProgram('probe', program!, 0o4755);
    fs.writeFileSync(`${root}/list`, probeList());
    const { stdout } = await sh('exec probe 3< /list', { user: 'bob' });
    expect(readAnswers(stdout)).toEqual(ANSWERS);
  });
}

/** Without CAP_NET_RAW there are none. */
const RAW_SOCKETS_OF_USERS: Readonly<Record<string, number>> = {
  'socket AF_PACKET raw': EPERM,
  'socket AF_INET raw': EPERM,
};

/** The process of this machine with a command line, once there is one. */
async function processOf(commandLine: string): Promise<number> {
  for (let left = 500; left > 0; left--) {
    for (const name of fs.readdirSync('/proc')) {
      try {
        const own = fs.readFileSync(`/proc/${name}/cmdline`, 'latin1').replaceAll('\0', ' ').trim();
        if (own === commandLine) return Number(name);
      } catch {
        // No process, or one that ended while we looked.
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`no process ${commandLine}`);
}
