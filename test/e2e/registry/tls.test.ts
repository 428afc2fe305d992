import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { requires } from '../../support/requirements.ts';
import { type Authority, makeAuthority } from './certificates.ts';
import { expectDone, type RegistryRig, withRegistryRig } from './rig.ts';

/** A registry whose certificate only `authority` has signed. */
async function secured(
  rig: RegistryRig,
  { clients = false } = {},
): Promise<{ host: string; authority: Authority }> {
  const authority = makeAuthority(join(rig.folder, 'certificates'));
  const server = authority.sign('server');
  const tls = { ...server, ...(clients && { clients: authority.certificate }) };
  return { host: (await rig.registry({ tls })).host, authority };
}

/** `http = false`, since registries on this machine are asked without TLS by default. */
const section = (host: string, ...lines: readonly string[]) =>
  [`[registry."${host}"]`, 'http = false', ...lines, ''].join('\n');

requires('docker-registry', 'openssl')('a registry with TLS', () => {
  test('is believed when its authority is in config.toml, else refused by name', async () => {
    await withRegistryRig(async (rig) => {
      const { host, authority } = await secured(rig);
      const config = section(host, `ca = ["${authority.certificate}"]`);
      expectDone(await rig.push('small', `${host}/x`, { config }));
      expectDone(await rig.pull(`${host}/x`, { config }));

      const strange = await rig.push('small', `${host}/y`, { config: section(host) });
      expect(strange.status).toBe(3);
      expect(strange.stderr).toContain(`https://${host}/v2/y/`);
      expect(strange.stderr).toContain('certificate');

      const other = makeAuthority(join(rig.folder, 'others'), 'other');
      const wrong = await rig.push('small', `${host}/y`, {
        config: section(host, `ca = ["${other.certificate}"]`),
      });
      expect([wrong.status, wrong.stderr]).toEqual([3, expect.stringContaining('certificate')]);
    });
  });

  test('is believed without a certificate when config.toml says so', async () => {
    await withRegistryRig(async (rig) => {
      const { host } = await secured(rig);
      const config = `[registry."${host}"]\ninsecure = true\n`;
      expectDone(await rig.push('small', `${host}/x`, { config }));
      expectDone(await rig.pull(`${host}/x`, { config }));
    });
  });

  test('is shown a client’s certificate, by name or out of a folder', async () => {
    await withRegistryRig(async (rig) => {
      const { host, authority } = await secured(rig, { clients: true });
      const { certificate, key } = authority.sign('client');
      const ca = `ca = ["${authority.certificate}"]`;
      const none = await rig.push('small', `${host}/x`, { config: section(host, ca) });
      expect([none.status, none.stderr]).toEqual([3, expect.stringContaining(`failed to push ${host}/x`)]);

      const pair = [`[[registry."${host}".keypair]]`, `key = "${key}"`, `cert = "${certificate}"`];
      expectDone(await rig.push('small', `${host}/x`, { config: section(host, ca, ...pair) }));

      // As Docker has it in certs.d: relative to the file, NAME.crt, NAME.cert with NAME.key.
      const folder = join(rig.folder, 'settings/certs');
      mkdirSync(folder, { recursive: true });
      copyFileSync(authority.certificate, join(folder, 'ours.crt'));
      copyFileSync(certificate, join(folder, 'me.cert'));
      copyFileSync(key, join(folder, 'me.key'));
      const config = section(host, 'tlsconfigdir = ["certs"]');
      expectDone(await rig.pull(`${host}/x`, { config }));
    });
  });

  test('cannot be asked with a file that is missing, which is named', async () => {
    await withRegistryRig(async (rig) => {
      const { host } = await secured(rig);
      const { status, stderr } = await rig.push('small', `${host}/x`, {
        config: section(host, 'ca = ["gone.pem"]'),
      });
      expect(status).toBe(3);
      expect(stderr).toContain(`failed to read ${join(rig.folder, 'settings/gone.pem')}`);

      writeFileSync(join(rig.folder, 'settings/empty.pem'), 'no certificate\n');
      const empty = await rig.push('small', `${host}/x`, {
        config: section(host, 'ca = ["empty.pem"]'),
      });
      expect(empty.status).toBe(3);
    });
  });
});
