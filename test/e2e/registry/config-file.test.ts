import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { requires } from '../../support/requirements.ts';
import { startProxy } from './faulty-proxy.ts';
import { expectDone, type RegistryRig, withRegistryRig } from './rig.ts';

const mirrored = (host: string, ...mirrors: readonly string[]) =>
  `[registry."${host}"]\nmirrors = ${JSON.stringify(mirrors)}\n`;

requires('docker-registry')('mirrors of config.toml', () => {
  test('are asked first and told whom they stand for; pushes go past them', async () => {
    await withRegistryRig(async (rig) => {
      const own = rig.own(await startProxy((await rig.registry()).host));
      const mirror = rig.own(await startProxy((await rig.registry()).host));
      const config = mirrored(own.host, mirror.host);
      expectDone(await rig.push('small', `${own.host}/a/x`, { config }));
      expect(mirror.seen).toEqual([]);

      // The mirror has it as well, and is enough.
      expectDone(await rig.push('small', `${mirror.host}/a/x`));
      const before = [own.seen.length, mirror.seen.length] as const;
      expectDone(await rig.pull(`${own.host}/a/x`, { config }));
      expect(readFileSync(join(rig.folder, 'out/text'), 'utf8')).toBe('small\n');
      expect(own.seen.slice(before[0])).toEqual([]);
      const asked = mirror.seen.slice(before[1]).map(({ line }) => line);
      expect(asked.length).toBeGreaterThan(2);
      for (const line of asked) expect(line).toContain(`?ns=${encodeURIComponent(own.host)}`);
    });
  });

  test('are passed over when they have nothing, fail or are gone', async () => {
    await withRegistryRig(async (rig) => {
      const { host } = await rig.registry();
      const empty = rig.own(await startProxy((await rig.registry()).host));
      const broken = rig.own(await startProxy(host));
      for (let times = 0; times < 20; times++)
        broken.faults.push({ line: /./, fault: { kind: 'status', status: 500 } });
      const config = mirrored(host, '127.0.0.1:1', empty.host, broken.host);
      expectDone(await rig.push('small', `${host}/x`, { config }));
      expectDone(await rig.pull(`${host}/x`, { config }));
      expect(empty.seen).not.toEqual([]);
      expect(broken.seen).not.toEqual([]);
    });
  });
});

describe('config.toml', () => {
  // Nobody listens at this port, so that a message tells how the host was asked.
  const ref = '127.0.0.1:1/x';
  const plain = '[registry."127.0.0.1:1"]\nhttp = false\n';
  const asked = async (rig: RegistryRig, env: Readonly<Record<string, string | undefined>>) =>
    rig.pull(ref, { env });

  test('is the user’s, unless LLB_TS_CONFIG names another', async () => {
    await withRegistryRig(async (rig) => {
      rig.write({ 'home/llb-ts/config.toml': plain, 'empty.toml': '', 'else/llb-ts/other': '' });
      const user = { XDG_CONFIG_HOME: join(rig.folder, 'home') };
      const shown = async (env: Readonly<Record<string, string | undefined>>) =>
        (await asked(rig, env)).stderr;
      expect(await shown({ ...user, LLB_TS_CONFIG: undefined })).toContain('"https://127.0.0.1:1/');
      const none = { XDG_CONFIG_HOME: join(rig.folder, 'else'), LLB_TS_CONFIG: undefined };
      expect(await shown(none)).toContain('"http://127.0.0.1:1/');
      expect(await shown({ ...user, LLB_TS_CONFIG: 'empty.toml' })).toContain('"http://127.0.0.1:1/');
    });
  });

  test('is read before anything is built: a mistake is shown where it stands', async () => {
    await withRegistryRig(async (rig) => {
      const { status, stderr } = await rig.pull(ref, {
        config: '# ours\n[registry."127.0.0.1:1"]\n  miror = ["m"]\n',
      });
      expect(status).toBe(2);
      expect(stderr).toBe(
        [
          'error: registry."127.0.0.1:1".miror: there is no such setting',
          '   settings/config.toml:3:3',
          '    2 | [registry."127.0.0.1:1"]',
          ' >  3 |   miror = ["m"]',
          '      |   ^',
          '   help   did you mean "mirrors"?',
          '',
        ].join('\n'),
      );
    });
  });

  test('must be there when it is named, and be TOML', async () => {
    await withRegistryRig(async (rig) => {
      const gone = await asked(rig, { LLB_TS_CONFIG: 'gone.toml' });
      expect([gone.status, gone.stderr]).toEqual([
        2,
        expect.stringContaining('LLB_TS_CONFIG names gone.toml, which does not exist'),
      ]);
      const broken = await rig.pull(ref, { config: 'registry = [' });
      expect([broken.status, broken.stderr]).toEqual([
        2,
        expect.stringContaining('the configuration is not TOML'),
      ]);
    });
  });

  test('may be buildkitd’s: what has no effect here is said once, and the rest used', async () => {
    await withRegistryRig(async (rig) => {
      const { stderr } = await rig.pull(ref, { config: `debug = true\n${plain}` });
      expect(stderr.match(/config\.toml:1: debug has no effect/g)).toHaveLength(1);
      expect(stderr).toContain('"https://127.0.0.1:1/');
    });
  });
});
