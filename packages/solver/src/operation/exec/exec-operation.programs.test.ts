import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import { agentSockets } from '@llb-ts/backend';
import { CacheSharingOpt, type Mount, MountType } from '@llb-ts/pb';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { canRunExecs, ExecRig, Graph, plainMount, script } from './testing/exec-rig.ts';

const secretMount: Mount = {
  ...plainMount,
  input: -1,
  output: -1,
  dest: '/secret',
  mountType: MountType.secret,
};
const secretOpt = { id: 'token', uid: 3, gid: 4, mode: 0o440, optional: false };
const secrets = async (id: string) => (id === 'token' ? Buffer.from('hush-hush') : undefined);

describe.skipIf(!canRunExecs)('exec', () => {
  let rig: ExecRig;
  beforeAll(() => {
    rig = new ExecRig();
  });
  afterAll(() => rig.dispose());
  beforeEach(() => {
    rig.log = '';
  });

  const read = (out: string, file: string) => fs.readFileSync(`${out}/${file}`, 'utf8');

  it('keeps what the process wrote in the root, and reports what it said', async () => {
    const out = await rig.run(script('echo said; echo wrote > /new; rm /etc/passwd'));
    expect(read(out, 'new')).toBe('wrote\n');
    expect(fs.existsSync(`${out}/etc/passwd`)).toBe(false);
    expect(rig.log).toBe('said\n');
  });

  it('gives one output per mount that has one, in the order of the mounts', async () => {
    const graph = new Graph();
    const base = graph.base();
    const mounts = [
      { ...plainMount, output: 0 },
      { ...plainMount, input: -1, dest: '/b', output: 7 },
      { ...plainMount, dest: '/ro', readonly: true, output: 1 },
      { ...plainMount, input: -1, dest: '/dropped', output: -1 },
    ];
    const { digest } = graph.exec(
      script('for d in / /b /dropped; do echo $d > $d/f; done', { mounts }),
      base,
    );
    expect(read(await rig.solve(graph.ending({ digest, index: 1 })), 'f')).toBe('/b\n');
    expect(read(await rig.solve(graph.ending({ digest, index: 0 })), 'f')).toBe('/\n');
    const readonly = await rig.solve(graph.ending({ digest, index: 2 }));
    expect([fs.existsSync(`${readonly}/f`), fs.existsSync(`${readonly}/bin/sh`)]).toEqual([false, true]);
    await expect(rig.solve(graph.ending({ digest, index: 3 }))).rejects.toThrow(
      'invalid response from exec need 3 index but 3 results received',
    );
  });

  it('fails with the command, the exit code and the last lines', async () => {
    await expect(rig.run(script('echo "last\twords"; exit 3'))).rejects.toMatchObject({
      code: 'step',
      message: 'process "sh -c echo \\"last\\twords\\"; exit 3" did not complete successfully: exit code: 3',
      details: { exitCode: 3, log: ['last\twords'] },
    });
    await rig.run(script('exit 3', { meta: { validExitCodes: [0, 3] } }));
    await expect(rig.run(script('true', { meta: { validExitCodes: [3] } }))).rejects.toThrow('exit code: 0');
  });

  it('tells of a process what cannot be found for it', async () => {
    await expect(rig.run(script('true', { meta: { user: 'nope' } }))).rejects.toThrow(
      'process "sh -c true" did not complete successfully: unable to find user nope: no matching entries in passwd file',
    );
    const mounts = [plainMount, { ...plainMount, dest: '/m', selector: '/zzz', readonly: true, output: -1 }];
    await expect(rig.run(script('true', { mounts }))).rejects.toThrow(
      'process "sh -c true" did not complete successfully: open /zzz: no such file or directory',
    );
    await expect(rig.run(script('true', { network: 9 }))).rejects.toThrow('unknown network mode 9');
  });

  it('sets proxies, PATH and secrets after its own variables', async () => {
    const proxyEnv = { httpProxy: 'http://p', httpsProxy: '', ftpProxy: '', noProxy: 'here', allProxy: '' };
    const op = script('/bin/env | /bin/grep -v -e PWD -e SHLVL > /env', {
      meta: { args: ['/bin/sh', '-c', '/bin/env > /env'], env: ['A=1', 'TOKEN=plain'], proxyEnv },
      secretenv: [
        { id: 'token', name: 'TOKEN', optional: false },
        { id: 'none', name: 'NONE', optional: true },
      ],
    });
    const lines = read(await rig.run(op, { secrets }), 'env')
      .trim()
      .split('\n');
    expect(lines.filter((line) => !/^(PWD|SHLVL)=/.test(line)).sort()).toEqual([
      'A=1',
      'HOME=/root',
      'HTTP_PROXY=http://p',
      'NONE=',
      'NO_PROXY=here',
      'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      'TOKEN=hush-hush',
      'http_proxy=http://p',
      'no_proxy=here',
    ]);
  });

  it('shows a secret as a file, and leaves no trace of it', async () => {
    const mounts = [plainMount, { ...secretMount, secretOpt }];
    const secrets = async () => Buffer.from('never-written');
    const out = await rig.run(
      script('stat -c "%a %u %g %s" /secret > /stat; grep -c never /secret > /n', { mounts }),
      {
        secrets,
      },
    );
    expect([read(out, 'stat'), read(out, 'n')]).toEqual(['440 3 4 13\n', '1\n']);
    expect(fs.existsSync(`${out}/secret`)).toBe(false);
    const found = spawnSync('grep', ['-rl', 'never-written', rig.dir], { encoding: 'utf8' }).stdout;
    expect(found).toBe('');
  });

  it('fails for a missing secret, unless it is optional', async () => {
    const with_ = (more: object) => [plainMount, { ...secretMount, secretOpt: { ...secretOpt, ...more } }];
    await expect(rig.run(script('true', { mounts: with_({ id: 'zz' }) }))).rejects.toMatchObject({
      message: 'secret zz: not found',
    });
    await expect(rig.run(script('true', { mounts: with_({ id: '' }) }))).rejects.toMatchObject({
      message: 'secret ID missing from mount options',
    });
    await rig.run(script('test ! -e /secret', { mounts: with_({ id: 'zz', optional: true }) }));
  });

  it('forwards an agent through a socket of its own', async () => {
    const agent = `${rig.dir}/agent.sock`;
    const server = net.createServer((socket) => socket.end('from the agent'));
    await new Promise<void>((resolve) => server.listen(agent, resolve));
    const sshOpt = { id: '', uid: 5, gid: 6, mode: 0o600, optional: false };
    const mounts = [
      plainMount,
      { ...plainMount, input: -1, output: -1, dest: '/agent', mountType: MountType.ssh, sshOpt },
    ];
    const op = script('stat -c "%F %a %u %g" /agent > /stat', { mounts });
    try {
      expect(read(await rig.run(op, { agents: agentSockets({ default: agent }) }), 'stat')).toBe(
        'socket 600 5 6\n',
      );
    } finally {
      server.close();
    }
    await expect(rig.run(script('false', { mounts }))).rejects.toThrow(
      'no SSH key "" forwarded from the client',
    );
    await expect(
      rig.run(script('false', { mounts }), { agents: agentSockets({ other: agent }) }),
    ).rejects.toThrow('unset ssh forward key default');
  });

  const cacheMount = (id: string, sharing: number, more: Partial<Mount> = {}): Mount => ({
    ...plainMount,
    ...{ input: -1, output: -1, dest: '/cache', mountType: MountType.cache, cacheOpt: { id, sharing } },
    ...more,
  });

  it('keeps a cache between builds, outside of any layer', async () => {
    const mounts = [plainMount, cacheMount('kept', CacheSharingOpt.shared)];
    await rig.run(script('echo 1 >> /cache/f', { mounts }));
    const out = await rig.run(script('echo 2 >> /cache/f; cp /cache/f /copy', { mounts }));
    expect(read(out, 'copy')).toBe('1\n2\n');
    expect(fs.existsSync(`${out}/cache`)).toBe(false);
  });

  it('lets only one step at a time have a locked cache', async () => {
    const mounts = [plainMount, cacheMount('one at a time', CacheSharingOpt.locked)];
    const hold = (n: number) =>
      script(`mkdir /cache/busy && sleep 0.2 && rmdir /cache/busy && echo ${n} > /f`, { mounts });
    await Promise.all([rig.run(hold(1)), rig.run(hold(2))]);
  });

  it('begins a cache with an input, and shows a part of it', async () => {
    const graph = new Graph();
    const seed = graph.exec(script('mkdir -p /out/sub; echo seed > /out/sub/f', {}), graph.base());
    const mounts = [
      plainMount,
      cacheMount('seeded', CacheSharingOpt.private, { input: 1, selector: '/out/sub' }),
    ];
    const op = script('cat /cache/f > /f; echo more >> /cache/f', { mounts });
    const result = await rig.solve(graph.ending(graph.exec(op, graph.base(), seed)));
    expect(read(result, 'f')).toBe('seed\n');
  });

  it('runs again only when something changed that counts', async () => {
    const counted = (more: Parameters<typeof script>[1] = {}) => script('echo ran', more);
    const ran = async (op: ReturnType<typeof script>) => {
      rig.log = '';
      await rig.run(op, { secrets });
      return rig.log !== '';
    };
    const host = (ip: string) => ({ meta: { extraHosts: [{ host: 'h', ip }] } });
    expect(await ran(counted(host('10.0.0.1')))).toBe(true);
    expect(await ran(counted(host('10.0.0.2')))).toBe(false);
    expect(await ran(counted({ meta: { env: ['PATH=/bin', 'A=1'] } }))).toBe(true);
    expect(await ran(counted({ meta: { env: ['PATH=/bin', 'A=1'] } }))).toBe(false);
  });

  it('is killed when the solve is stopped', async () => {
    const stop = new AbortController();
    const solved = rig.run(script('echo started; sleep 98123'), { signal: stop.signal });
    while (!rig.log.includes('started')) await new Promise((resolve) => setTimeout(resolve, 10));
    stop.abort();
    await expect(solved).rejects.toMatchObject({ code: 'cancelled' });
    expect(spawnSync('pgrep', ['-f', '^sleep 98123$'], { encoding: 'utf8' }).stdout).toBe('');
  });
});
