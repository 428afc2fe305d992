import { chmodSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { requires } from '../../support/requirements.ts';
import { makeAuthority } from './certificates.ts';
import { expectDone, loggedIn, type RegistryRig, withRegistryRig } from './rig.ts';
import { startTokenServer } from './token-server.ts';

/** `user` with the password `secret`, by bcrypt. */
const htpasswd = 'user:$2b$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a\n';
const TEXT = 'small\n';

function pulledText(rig: RegistryRig): string {
  return readFileSync(join(rig.folder, 'out/text'), 'utf8');
}

requires('docker-registry')('a registry with passwords', () => {
  test('lets in who is in Docker’s configuration, and others hear where that is', async () => {
    await withRegistryRig(async (rig) => {
      const { host } = await rig.registry({ htpasswd });
      const docker = loggedIn(host);
      expectDone(await rig.push('small', `${host}/x`, { docker }));
      for (const other of [{}, loggedIn(host, 'wrong')]) {
        const { status, stderr } = await rig.pull(`${host}/x`, { docker: other });
        expect(status).toBe(1);
        expect(stderr).toContain(`${host}/x`);
        expect(stderr).toContain('pull access denied');
        expect(stderr).toContain(`sign in at ${host}`);
        expect(stderr).toContain(join(rig.folder, 'settings/config.json'));
        expect(stderr).not.toContain('wrong');
        expect(existsSync(join(rig.folder, 'out'))).toBe(false);
      }
      expectDone(await rig.pull(`${host}/x`, { docker }));
      expect(pulledText(rig)).toBe(TEXT);
    });
  });

  test('asks the credential helper that is named for it, and no other', async () => {
    await withRegistryRig(async (rig) => {
      const { host } = await rig.registry({ htpasswd });
      const asked = join(rig.folder, 'asked');
      const helper = (answer: string) => `#!/bin/sh\nread host; echo "$1 $host" >> ${asked}\n${answer}\n`;
      rig.write({
        'bin/docker-credential-good': helper('echo \'{"Username":"user","Secret":"secret"}\''),
        'bin/docker-credential-other': helper('echo broken; exit 1'),
      });
      for (const name of ['good', 'other'])
        chmodSync(join(rig.folder, `bin/docker-credential-${name}`), 0o755);
      const env = { PATH: `${join(rig.folder, 'bin')}:${process.env.PATH}` };
      const docker = { credsStore: 'other', credHelpers: { [host]: 'good' } };
      expectDone(await rig.push('small', `${host}/x`, { docker, env }));
      expect(readFileSync(asked, 'utf8')).toBe(`get ${host}\n`);

      const { status, stderr } = await rig.pull(`${host}/x`, { docker: { credsStore: 'other' }, env });
      expect(status).toBe(3);
      expect(stderr).toContain('error getting credentials - err: exit status 1, out: `broken`');
      expect(stderr).toContain('docker-credential-other');
    });
  });
});

requires('docker-registry', 'openssl')('a registry that wants tokens', () => {
  const withTokens = (
    use: (
      rig: RegistryRig,
      host: string,
      tokens: Awaited<ReturnType<typeof startTokenServer>>,
    ) => Promise<void>,
  ) =>
    withRegistryRig(async (rig) => {
      const signer = makeAuthority(join(rig.folder, 'certificates'));
      const tokens = rig.own(await startTokenServer(signer));
      const { certificate } = signer;
      const { host } = await rig.registry({ tokens: { realm: tokens.realm, certificate } });
      await use(rig, host, tokens);
    });

  test('gets them for what is done, with a password or without', async () => {
    await withTokens(async (rig, host, tokens) => {
      const docker = loggedIn(host);
      expectDone(await rig.push('small', `${host}/a/x`, { docker }));
      expect(tokens.asked).toHaveLength(1);
      const pushed = new URL(tokens.asked[0] ?? '', 'http://localhost').searchParams;
      expect(pushed.get('service')).toBe('test-registry');
      expect(pushed.getAll('scope')).toContain('repository:a/x:pull,push');

      expectDone(await rig.pull(`${host}/a/x`));
      expect(pulledText(rig)).toBe(TEXT);
      expect(tokens.asked).toHaveLength(2);
      expect(tokens.asked[1]).toContain(encodeURIComponent('repository:a/x:pull'));
    });
  });

  test('is asked again with a new token when the first has grown old', async () => {
    await withTokens(async (rig, host, tokens) => {
      tokens.stale = 1;
      expectDone(await rig.push('small', `${host}/x`, { docker: loggedIn(host) }));
      // Two requests at one time may both find out.
      expect([2, 3]).toContain(tokens.asked.length);
    });
  });

  test('refuses who may only pull, or has another password', async () => {
    await withTokens(async (rig, host) => {
      const anonymous = await rig.push('small', `${host}/x`);
      expect(anonymous.status).toBe(1);
      expect(anonymous.stderr).toContain(`failed to push ${host}/x: push access denied`);
      expect(anonymous.stderr).toContain('insufficient_scope');
      expect(anonymous.stderr).toContain(join(rig.folder, 'settings/config.json'));

      const wrong = await rig.push('small', `${host}/x`, { docker: loggedIn(host, 'wrong') });
      expect(wrong.status).toBe(1);
      expect(wrong.stderr).toContain('failed to fetch oauth token');
      expect(wrong.stderr).toMatch(/\/token.*: 401/);
      expect(wrong.stderr).toContain(`sign in at ${host}`);
      expect(wrong.stderr).toContain(join(rig.folder, 'settings/config.json'));
    });
  });
});
