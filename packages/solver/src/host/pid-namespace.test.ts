import fs from 'node:fs';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../../../test/support/temporary.ts';
import { MS, mount } from './kernel.ts';
import { mountMemory, unmount } from './mount.ts';
import { enterMountNamespace } from './namespace.ts';
import { PidNamespace } from './pid-namespace.ts';
import { runProcess } from './process.ts';
import { isRoot } from './testing/this-process.ts';

const dir = temporaryFolder();

describe.runIf(isRoot)('PidNamespace', () => {
  let namespace: PidNamespace;
  beforeAll(async () => {
    enterMountNamespace();
    mountMemory(dir, 0o755);
    mount('none', dir, 'none', MS.shared);
    namespace = (await PidNamespace.make())!;
  });
  afterAll(async () => {
    await namespace.close();
    unmount(dir);
  });

  async function run(script: string) {
    let output = '';
    const task = { program: '/bin/sh', args: ['-c', script], env: { PATH: '/usr/bin:/bin' } };
    const signal = new AbortController().signal;
    const onOutput = (_: string, data: Uint8Array) => {
      output += Buffer.from(data).toString();
    };
    const code = await runProcess({ ...task, signal, onOutput, around: (start) => namespace.inside(start) });
    return { code, output };
  }

  it('starts processes in a pid namespace with its own /proc', async () => {
    const { code, output } = await run('echo $$; cat /proc/1/comm; readlink /proc/self; exit 4');
    expect(code).toBe(4);
    const [own, first, self] = output.split('\n');
    expect([Number(own) < 1000, first, Number(self) < 1000]).toEqual([true, 'cat', true]);
  });

  it('is entered beside a worker that started later', async () => {
    const worker = new Worker('setInterval(() => {}, 1000)', { eval: true });
    await new Promise((resolve) => worker.once('online', resolve));
    const { code } = await run('exit 5');
    await worker.terminate();
    expect(code).toBe(5);
  });

  it('shows them what is mounted later', async () => {
    fs.mkdirSync(`${dir}/later`);
    mountMemory(`${dir}/later`, 0o755);
    fs.writeFileSync(`${dir}/later/f`, 'seen');
    expect((await run(`cat ${dir}/later/f`)).output).toBe('seen');
    expect(namespace.shows([dir, `${dir}/later/f`])).toBe(true);
    expect(namespace.shows([`${dir}/none`])).toBe(false);
    unmount(`${dir}/later`);
    expect((await run(`ls ${dir}/later`)).output).toBe('');
  });

  it('leaves this process where it was', async () => {
    const before = [
      process.cwd(),
      fs.readlinkSync('/proc/thread-self/ns/mnt'),
      fs.readlinkSync('/proc/self'),
    ];
    await run('true');
    expect([
      process.cwd(),
      fs.readlinkSync('/proc/thread-self/ns/mnt'),
      fs.readlinkSync('/proc/self'),
    ]).toEqual(before);
  });

  it('kills what is inside when it is closed', async () => {
    const other = (await PidNamespace.make())!;
    const task = { program: '/bin/sleep', args: ['1000'], env: {}, signal: new AbortController().signal };
    const running = runProcess({ ...task, onOutput: () => {}, around: (start) => other.inside(start) });
    await other.close();
    expect(await running).toBe(137);
  });
});
