/** The contract of every executor; a test of one is `describeExecutor(name, make)`. Needs root and a static busybox. */

import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../../../../test/support/temporary.ts';
import { isInUserNamespace } from '../../host/in-user-namespace.ts';
import { enterMountNamespace } from '../../host/namespace.ts';
import { findProgram } from '../../host/programs.ts';
import { type Executor, plainStep, type Step } from '../step/executor.ts';
import { itConfines } from './confinement.contract.ts';

const busybox = findProgram('busybox');

/** True if this machine can run the contract. */
export const canRunExecutors = process.getuid?.() === 0 && busybox !== undefined;

export function describeExecutor(name: string, make: (folder: string) => Executor): void {
  describe(`executor ${name}`, () => {
    const dir = temporaryFolder();
    const root = path.join(dir, 'root');
    const machineFile = path.join(dir, 'of-this-machine');
    let executor: Executor;

    beforeAll(() => {
      enterMountNamespace();
      fs.mkdirSync(`${dir}/run`);
      executor = make(`${dir}/run`);
      makeRoot(root);
      fs.writeFileSync(machineFile, '');
    });
    afterAll(async () => {
      await executor.close();
    });

    async function run(step: Partial<Step>, signal = new AbortController().signal) {
      const output = { stdout: '', stderr: '' };
      const exit = await executor.run(
        { ...plainStep, env: ['PATH=/bin'], root, args: [], ...step },
        {
          signal,
          onOutput: (stream, data) => {
            output[stream] += Buffer.from(data).toString();
          },
        },
      );
      return { code: exit.code, ...output };
    }
    const sh = (script: string, step: Partial<Step> = {}, signal?: AbortSignal) =>
      run({ args: ['sh', '-c', script], ...step }, signal);
    const lines = async (script: string, step: Partial<Step> = {}) => {
      const { stdout, stderr, code } = await sh(script, step);
      expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
      return stdout.trimEnd().split('\n');
    };

    function emptied(name: string): string {
      const folder = `${dir}/${name}`;
      fs.rmSync(folder, { recursive: true, force: true });
      fs.mkdirSync(folder);
      return folder;
    }

    it('hands over arguments, output and exit code', async () => {
      expect(await run({ args: ['sh', '-c', 'echo "$@"; echo e >&2; exit 3', 'x', 'a b', '', "'"] })).toEqual(
        {
          code: 3,
          stdout: "a b  '\n",
          stderr: 'e\n',
        },
      );
    });

    it('counts a signal as 128 and its number', async () => {
      expect((await sh('sh -c "kill -TERM \\$\\$"; exit $?')).code).toBe(143);
    });

    it('is exit code 1, with a reason, when the program is missing or none', async () => {
      // No shell runs it: what it is written for, it does not say.
      fs.writeFileSync(`${root}/bin/script`, 'echo run by a shell', { mode: 0o755 });
      fs.mkdirSync(`${root}/bin/folder`, { recursive: true });
      for (const args of [['nosuch'], ['/nosuch'], ['/etc/passwd'], ['/etc'], ['script'], ['folder'], ['']]) {
        const { code, stderr } = await run({ args });
        expect({ args, code }).toEqual({ args, code: 1 });
        expect(stderr).not.toBe('');
      }
    });

    it('shows no step what another has done to its /dev', async () => {
      const look =
        'ls /dev; stat -c "%n %a %u" /dev/null /dev/full; test -c /dev/zero && echo ok > /dev/null';
      const before = await lines(look);
      await sh('echo x > /dev/made; rm /dev/urandom; mv /dev/random /dev/moved; chmod 600 /dev/full; true');
      await sh('rm /dev/null; echo x > /dev/null; echo x > /dev/shm/made');
      expect(await lines(look)).toEqual(before);
      expect(await lines('ls /dev/shm')).toEqual(['']);
      expect(fs.statSync('/dev/full').mode & 0o777).toBe(0o666);
    });

    it('is the first process of its own namespaces', async () => {
      expect(await lines('echo $$; hostname; set -- /proc/[0-9]*; echo $#')).toEqual([
        '1',
        'buildkitsandbox',
        '1',
      ]);
      expect(await lines('hostname', { hostname: 'other' })).toEqual(['other']);
    });

    it('gives exactly the environment, with HOME, the last of a name counting', async () => {
      const env = ['PATH=/bin', 'A=1', 'B=x y', 'A=2', 'EMPTY=', 'noequals', 'LD_PRELOAD=/nosuch'];
      expect((await run({ args: ['env'], env })).stdout.split('\n').sort()).toEqual([
        '',
        'A=2',
        'B=x y',
        'EMPTY=',
        'HOME=/root',
        'LD_PRELOAD=/nosuch',
        'PATH=/bin',
      ]);
      expect(await lines('echo $HOME', { user: '77' })).toEqual(['/']);
      expect(await lines('echo $HOME', { env: ['PATH=/bin', 'HOME=/h'] })).toEqual(['/h']);
    });

    it('looks up users and groups', async () => {
      const id = async (user: string) =>
        (await lines('grep -E "^(Uid|Gid|Groups):" /proc/self/status | tr -s "\\t " " "', { user })).map(
          (line) => line.trim(),
        );
      expect(await id('')).toEqual(['Uid: 0 0 0 0', 'Gid: 0 0 0 0', 'Groups: 0 10']);
      expect(await id('bob')).toEqual([
        'Uid: 1001 1001 1001 1001',
        'Gid: 100 100 100 100',
        'Groups: 10 20 100',
      ]);
      expect(await id('bob:staff')).toEqual(['Uid: 1001 1001 1001 1001', 'Gid: 20 20 20 20', 'Groups: 20']);
      expect(await id('5:6')).toEqual(['Uid: 5 5 5 5', 'Gid: 6 6 6 6', 'Groups: 6']);
      expect(await id('4242')).toEqual(['Uid: 4242 4242 4242 4242', 'Gid: 0 0 0 0', 'Groups: 0']);
      await expect(run({ args: ['true'], user: 'nope' })).rejects.toThrow(
        /^unable to find user nope: no matching entries in passwd file$/,
      );
    });

    it('gives fourteen capabilities to root and none to others, and a umask of 022', async () => {
      const caps = 'grep -E "^Cap(Inh|Prm|Eff|Bnd|Amb)" /proc/self/status | tr -d "\\t "; umask';
      const bounding = '00000000a80425fb';
      expect(await lines(caps)).toEqual([
        'CapInh:0000000000000000',
        `CapPrm:${bounding}`,
        `CapEff:${bounding}`,
        `CapBnd:${bounding}`,
        'CapAmb:0000000000000000',
        '0022',
      ]);
      expect((await lines(caps, { user: 'bob' })).slice(1, 4)).toEqual([
        'CapPrm:0000000000000000',
        'CapEff:0000000000000000',
        `CapBnd:${bounding}`,
      ]);
    });

    it.skipIf(isInUserNamespace())('gives all capabilities and devices to an insecure step', async () => {
      const own = /^CapEff:\t(\S+)$/m.exec(fs.readFileSync('/proc/self/status', 'utf8'))?.[1];
      const script =
        'grep CapEff /proc/self/status | cut -f2; mount -t tmpfs t /mnt && echo mounted; ls /dev/loop0; umount /mnt; mknod /tmp/full c 1 7 && (exec 3>/tmp/full) && echo opened; rm /tmp/full; grep ^Seccomp: /proc/self/status | cut -f2';
      expect(await lines(script, { security: 'insecure' })).toEqual([
        own,
        'mounted',
        '/dev/loop0',
        'opened',
        '0',
      ]);
    });

    it('has the devices of a container', async () => {
      const core = fs.existsSync('/proc/kcore') ? ['core'] : [];
      expect(await lines('ls /dev')).toEqual(
        [
          ...core,
          'fd',
          'full',
          'mqueue',
          'null',
          'ptmx',
          'pts',
          'random',
          'shm',
          'stderr',
          'stdin',
          'stdout',
          'tty',
        ]
          .concat('urandom', 'zero')
          .sort(),
      );
      expect(await lines('echo x > /dev/null; head -c 3 /dev/zero | wc -c; readlink /dev/ptmx')).toEqual([
        '3',
        'pts/ptmx',
      ]);
      expect(await lines('echo again > /dev/stdout', { user: 'bob' })).toEqual(['again']);
    });

    it.skipIf(isInUserNamespace())('masks what a build has no business with', async () => {
      const { stdout } = await sh(
        'cat /proc/interrupts | wc -c; ls /sys/firmware | wc -l; echo 1 > /proc/sys/kernel/panic; echo $?; touch /sys/x; echo $?',
      );
      expect(stdout.trim().split('\n')).toEqual(['0', '0', '1', '1']);
    });

    it('cannot be left', async () => {
      const script = `
        mkdir -p /tmp/jail && cd / && for i in 1 2 3 4 5 6 7 8 9; do cd ..; done; ls ${machineFile} 2>/dev/null
        chroot /tmp/jail /nothing 2>/dev/null; mount -t proc p /mnt 2>/dev/null && echo mounted
        for disk in /tmp/disk /dev/disk /dev/shm/disk; do mknod $disk b ${diskNumbers()}; head -c1 $disk | wc -c; done 2>/dev/null
        ls /proc/1/root${machineFile} 2>/dev/null; rm -rf /tmp/jail /tmp/disk; echo end`;
      expect((await sh(script)).stdout).toBe('0\n0\n0\nend\n');
    });

    it('makes the working directory for the user', async () => {
      expect(
        await lines('pwd; stat -c %u:%g:%a /made /made/here', { cwd: '/made/here', user: 'bob' }),
      ).toEqual(['/made/here', '1001:100:755', '1001:100:755']);
      expect(await lines('pwd', { cwd: '/link' })).toEqual(['/etc']);
      const { code, stderr } = await sh('pwd', { cwd: '/etc/passwd' });
      expect(code).toBe(1);
      expect(stderr).toMatch(/not a directory/i);
    });

    it('writes hosts and resolv.conf, read-only, and leaves nothing of them', async () => {
      const extraHosts = [{ host: 'there', ip: '10.0.0.7' }];
      expect(await lines('cat /etc/hosts; test -s /etc/resolv.conf && echo dns', { extraHosts })).toEqual([
        '127.0.0.1\tlocalhost buildkitsandbox',
        '::1\tlocalhost ip6-localhost ip6-loopback',
        '10.0.0.7\tthere',
        'dns',
      ]);
      expect((await sh('echo x >> /etc/hosts')).code).not.toBe(0);
      expect(fs.existsSync(`${root}/etc/hosts`)).toBe(false);
    });

    it('mounts folders, files and memory, and removes the mount points', async () => {
      fs.mkdirSync(`${dir}/src/sub`, { recursive: true });
      fs.writeFileSync(`${dir}/src/f`, 'content');
      const script = `
        cat /m/deep/f /one/file; echo w > /m/deep/w; echo x > /ro/x; echo $?
        stat -c %a /mem; stat -f -c %T /mem; echo y > /mem/y`;
      const { stdout } = await sh(script, {
        mounts: [
          { type: 'bind', dest: '/m/deep', source: `${dir}/src`, isReadonly: false },
          { type: 'tmpfs', dest: '/mem', size: 1 << 20, isReadonly: false },
          { type: 'bind', dest: '/one/file', source: `${dir}/src/f`, isReadonly: true },
          { type: 'bind', dest: '/ro', source: `${dir}/src`, isReadonly: true },
        ],
      });
      expect(stdout.split('\n')).toEqual(['contentcontent1', '1777', 'tmpfs', '']);
      expect(fs.readFileSync(`${dir}/src/w`, 'utf8')).toBe('w\n');
      expect(['m', 'mem', 'one', 'ro'].filter((stub) => fs.existsSync(`${root}/${stub}`))).toEqual([]);
    });

    it('gives memory the mode of the folder that it hides', async () => {
      const mounts = [{ type: 'tmpfs', dest: '/root', size: 0, isReadonly: false }] as const;
      fs.chmodSync(`${root}/root`, 0o750);
      expect(await lines('stat -c %a /root', { mounts })).toEqual(['750']);
    });

    it('is exit code 1 for a mount that cannot be', async () => {
      const mounts = [{ type: 'bind', dest: '/etc/passwd/x', source: dir, isReadonly: false }] as const;
      const { code, stderr } = await run({ args: ['true'], mounts });
      expect(code).toBe(1);
      expect(stderr).not.toBe('');
    });

    it('makes a mount point inside another mount', async () => {
      fs.mkdirSync(`${dir}/outer`, { recursive: true });
      fs.mkdirSync(`${dir}/inner`, { recursive: true });
      fs.writeFileSync(`${dir}/inner/f`, 'in');
      await lines('cat /o/i/f', {
        mounts: [
          { type: 'bind', dest: '/o', source: `${dir}/outer`, isReadonly: false },
          { type: 'bind', dest: '/o/i', source: `${dir}/inner`, isReadonly: false },
        ],
      });
      expect(fs.readdirSync(`${dir}/outer`)).toEqual(['i']);
      expect(fs.statSync(`${dir}/outer/i`).mode & 0o7777).toBe(0o755);
    });

    it('makes mount points where the links of bound folders lead', async () => {
      const folder = emptied('links');
      for (const [name, target] of [
        ['inside', 'gone/deep'],
        ['absolute', '/links/elsewhere'],
        ['root', '/etc'],
      ] as const) {
        fs.symlinkSync(target, `${folder}/${name}`);
      }
      const one = (dest: string) =>
        ({ type: 'bind', dest, source: `${dir}/inner`, isReadonly: true }) as const;
      fs.mkdirSync(`${dir}/inner`, { recursive: true });
      fs.writeFileSync(`${dir}/inner/f`, 'in');
      const mounts = [
        { type: 'bind', dest: '/links', source: folder, isReadonly: false } as const,
        one('/links/absolute/a'),
        one('/links/inside'),
        { type: 'tmpfs', dest: '/links/memory', size: 0, isReadonly: false } as const,
        one('/links/memory/m'),
        one('/links/root/r'),
      ];
      const script = `cat /links/elsewhere/a/f /links/gone/deep/f /links/memory/m/f /etc/r/f; echo
        stat -c %a /links/gone /links/elsewhere/a /links/memory/m; echo x > /links/inside/f || echo read-only`;
      expect((await sh(script, { mounts })).stdout.split('\n')).toEqual([
        'inininin',
        ...['755', '755', '755'],
        'read-only',
        '',
      ]);
      expect(fs.readdirSync(folder).sort()).toEqual([
        'absolute',
        'elsewhere',
        'gone',
        'inside',
        'memory',
        'root',
      ]);
      expect(fs.readdirSync(`${folder}/gone/deep`)).toEqual([]);
    });

    it.each([
      ['a link to itself', '/bad/loop/x', /too many/],
      ['below a file', '/bad/f/x', /not a directory/],
      ['a link to the root', '/bad/root', /root/],
      ['in /proc by a link', '/bad/proc/x', /proc/],
    ])('is exit code 1 for a mount point that cannot be: %s', async (_, dest, why) => {
      const folder = emptied('bad');
      for (const [name, target] of [
        ['loop', 'loop'],
        ['root', '/'],
        ['proc', '/proc'],
      ] as const) {
        fs.symlinkSync(target, `${folder}/${name}`);
      }
      fs.writeFileSync(`${folder}/f`, '');
      const mounts = ['/bad', dest].map(
        (at) => ({ type: 'bind', dest: at, source: folder, isReadonly: false }) as const,
      );
      const { code, stderr } = await run({ args: ['true'], mounts });
      expect([code, stderr]).toEqual([1, expect.stringMatching(why)]);
    });

    it('makes no mount point in a read-only mount', async () => {
      const folder = emptied('fixed');
      const mounts = ['/fixed', '/fixed/new'].map(
        (dest) => ({ type: 'bind', dest, source: folder, isReadonly: true }) as const,
      );
      const { code, stderr } = await run({ args: ['true'], mounts });
      expect([code, stderr]).toEqual([1, expect.stringMatching(/read-only/)]);
      expect(fs.readdirSync(folder)).toEqual([]);
    });

    it('makes a working directory in a mount', async () => {
      const mounts = [
        { type: 'bind', dest: '/w', source: emptied('work'), isReadonly: false },
        { type: 'tmpfs', dest: '/t', size: 0, isReadonly: false },
      ] as const;
      for (const cwd of ['/w/a/b', '/t/a/b']) expect(await lines('pwd', { cwd, mounts })).toEqual([cwd]);
      expect(fs.statSync(`${dir}/work/a/b`).mode & 0o7777).toBe(0o755);
    });

    it.each(['/proc', '/sys'])('is exit code 1 where %s is no folder', async (place) => {
      const [moved, there] = [`${dir}/moved`, `${root}${place}`];
      fs.mkdirSync(there, { recursive: true });
      fs.renameSync(there, moved);
      try {
        for (const target of ['etc', '/etc', 'gone']) {
          fs.symlinkSync(target, there);
          const { code, stderr } = await run({ args: ['true'] });
          expect([target, code, stderr === '']).toEqual([target, 1, false]);
          fs.unlinkSync(there);
        }
      } finally {
        fs.renameSync(moved, there);
      }
    });

    it('makes nothing on this machine when a shared folder becomes a link meanwhile', async () => {
      const [shared, outside] = [emptied('shared'), emptied('outside')];
      const bind = (dest: string, source: string) =>
        ({ type: 'bind', dest, source, isReadonly: false }) as const;
      const stop = new AbortController();
      const attack = `while :; do
        mkdir -p /mnt/a && rmdir /mnt/a/made/deep /mnt/a/made /mnt/a; ln -s ${outside} /mnt/a && rm /mnt/a
        done 2>/dev/null`;
      const attacker = sh(attack, { mounts: [bind('/mnt', shared)] }, stop.signal);
      try {
        for (let i = 0; i < 30; i++) {
          await run({
            args: ['true'],
            mounts: [bind('/mnt', shared), bind('/mnt/a/made/deep', `${dir}/run`)],
          });
        }
      } finally {
        stop.abort();
        await attacker;
      }
      expect(fs.readdirSync(outside)).toEqual([]);
    });

    it('keeps a read-only root as it is', async () => {
      expect((await sh('echo x > /x', { isRootReadonly: true })).code).not.toBe(0);
      expect(fs.existsSync(`${root}/x`)).toBe(false);
      expect(
        await lines('echo y > /m/y; cat /m/y', {
          isRootReadonly: true,
          mounts: [{ type: 'tmpfs', dest: '/m', size: 0, isReadonly: false }],
        }),
      ).toEqual(['y']);
    });

    it.skipIf(isInUserNamespace())("cuts the network off, or shares the host's", async () => {
      expect(await lines('ls /sys/class/net; cat /sys/class/net/lo/flags', { network: 'none' })).toEqual([
        'lo',
        '0x9',
      ]);
      const own = fs.readlinkSync('/proc/self/ns/net');
      expect(await lines('readlink /proc/self/ns/net', { network: 'host' })).toEqual([own]);
      expect(await lines('readlink /proc/self/ns/net')).toEqual([own]);
    });

    it('sets limits, and fails for unknown ones', async () => {
      const ulimits = [{ name: 'nofile', soft: 123n, hard: 456n }];
      expect(await lines('ulimit -n; ulimit -Hn', { ulimits })).toEqual(['123', '456']);
      expect((await sh('true', { ulimits: [{ name: 'nonsense', soft: 1n, hard: 1n }] })).code).toBe(1);
    });

    itConfines({ machineFile, root, sh, lines });

    it('has nothing to read', async () => {
      expect(await lines('cat; test -p /dev/stdin && echo pipe')).toEqual(['pipe']);
    });

    it('is killed with all that it started', async () => {
      const stop = new AbortController();
      const running = sh('trap "" TERM INT; sleep 98765 & sleep 98765; true', {}, stop.signal);
      await until(() => countProcesses('sleep 98765') >= 2);
      stop.abort();
      expect((await running).code).toBe(137);
      expect(countProcesses('sleep 98765')).toBe(0);
    });

    it('leaves no folder, mount or process', async () => {
      const mounts = () => fs.readFileSync('/proc/thread-self/mountinfo', 'utf8');
      await sh('true');
      const before = [mounts(), fs.readdirSync(`${dir}/run`)];
      await sh('sleep 1000 & exit 0');
      expect([mounts(), fs.readdirSync(`${dir}/run`)]).toEqual(before);
      expect(countProcesses('sleep 1000')).toBe(0);
    });
  });
}

function makeRoot(root: string): void {
  for (const folder of ['bin', 'etc', 'tmp', 'mnt', 'root'])
    fs.mkdirSync(`${root}/${folder}`, { recursive: true });
  fs.copyFileSync(busybox!, `${root}/bin/busybox`);
  fs.chmodSync(`${root}/bin/busybox`, 0o755);
  for (const applet of execFileSync(busybox!, ['--list'], { encoding: 'utf8' }).trim().split('\n')) {
    if (applet !== 'busybox') fs.symlinkSync('busybox', `${root}/bin/${applet}`);
  }
  fs.writeFileSync(
    `${root}/etc/passwd`,
    'root:x:0:0:root:/root:/bin/sh\nbob:x:1001:100:Bob:/home/bob:/bin/sh\n',
  );
  fs.writeFileSync(`${root}/etc/group`, 'root:x:0:\nusers:x:100:\nwheel:x:10:root,bob\nstaff:x:20:bob\n');
  fs.symlinkSync('/etc', `${root}/link`);
}

/** Major and minor of the disk of this machine. */
function diskNumbers(): string {
  const disk = Number(fs.statSync('/').dev);
  return `${disk >> 8} ${disk & 255}`;
}

function countProcesses(commandLine: string): number {
  return fs
    .readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid))
    .filter((pid) => {
      try {
        return fs.readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ').trim() === commandLine;
      } catch {
        return false;
      }
    }).length;
}

async function until(condition: () => boolean): Promise<void> {
  for (let left = 500; left > 0 && !condition(); left--)
    await new Promise((resolve) => setTimeout(resolve, 10));
}
