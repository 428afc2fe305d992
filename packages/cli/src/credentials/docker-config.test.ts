import fs from 'node:fs';
import path from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../../../test/support/temporary.ts';
import { DockerCredentials } from './docker-config.ts';

let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
});

const base64 = (text: string) => Buffer.from(text).toString('base64');

function credentials(config: unknown, environment: NodeJS.ProcessEnv = {}): DockerCredentials {
  if (config !== undefined) {
    fs.writeFileSync(
      path.join(folder, 'config.json'),
      typeof config === 'string' ? config : JSON.stringify(config),
    );
  }
  return new DockerCredentials({
    DOCKER_CONFIG: folder,
    PATH: `${folder}:${process.env.PATH}`,
    ...environment,
  });
}

/** A credential helper that answers one server, and notes each question. */
function helper(name: string, script: string): void {
  const file = path.join(folder, `docker-credential-${name}`);
  fs.writeFileSync(file, `#!/bin/sh\nread server\necho "$1 $server" >> '${folder}/asked'\n${script}\n`, {
    mode: 0o755,
  });
}

describe('DockerCredentials', () => {
  it.each([
    [
      'a host',
      { 'reg.example:5000': { auth: base64('me:pass:word') } },
      'reg.example:5000',
      { username: 'me', secret: 'pass:word' },
    ],
    [
      'a URL of old',
      { 'https://reg.example/v1/': { auth: base64('me:x') } },
      'reg.example',
      { username: 'me', secret: 'x' },
    ],
    [
      'Docker Hub by its host',
      { 'https://index.docker.io/v1/': { auth: base64('hub:x') } },
      'registry-1.docker.io',
      { username: 'hub', secret: 'x' },
    ],
    [
      'an identity token',
      { 'reg.example': { auth: base64('me:'), identitytoken: 'tok' } },
      'reg.example',
      { username: '', secret: 'tok' },
    ],
    [
      'plain fields',
      { 'reg.example': { username: 'me', password: 'x' } },
      'reg.example',
      { username: 'me', secret: 'x' },
    ],
    [
      'a registry token',
      { 'reg.example': { registrytoken: 'bearer' } },
      'reg.example',
      { username: '', secret: '', registryToken: 'bearer' },
    ],
    ['nobody', { 'other.example': { auth: base64('me:x') } }, 'reg.example', { username: '', secret: '' }],
  ])('knows %s', async (_, auths, host, expected) => {
    expect(await credentials({ auths }).get(host)).toEqual(expected);
  });

  it.each([undefined, '', '{}'])('is anonymous where the file is %j', async (config) => {
    expect(await credentials(config).get('reg.example')).toEqual({ username: '', secret: '' });
  });

  it('prefers DOCKER_AUTH_CONFIG', async () => {
    const fromEnvironment = { auths: { 'reg.example': { auth: base64('env:x') } } };
    const config = {
      auths: { 'reg.example': { auth: base64('file:x') }, 'b.example': { auth: base64('b:x') } },
    };
    const source = credentials(config, { DOCKER_AUTH_CONFIG: JSON.stringify(fromEnvironment) });
    expect(await source.get('reg.example')).toMatchObject({ username: 'env' });
    expect(await source.get('b.example')).toMatchObject({ username: 'b' });
  });

  it('asks a helper for its host only, once', async () => {
    helper('mine', `echo '{"Username":"helped","Secret":"s"}'`);
    const source = credentials(
      { credHelpers: { 'reg.example': 'mine' }, auths: { 'b.example': { auth: base64('b:x') } } },
      {},
    );
    process.env.PATH = `${folder}:${process.env.PATH}`;
    expect(await source.get('reg.example')).toEqual({ username: 'helped', secret: 's' });
    await source.get('reg.example');
    expect(await source.get('b.example')).toMatchObject({ username: 'b' });
    expect(fs.readFileSync(path.join(folder, 'asked'), 'utf8')).toBe('get reg.example\n');
  });

  it('takes a helper’s token, and its not knowing', async () => {
    helper('token', `echo '{"Username":"<token>","Secret":"idtok"}'`);
    helper('empty', `echo 'credentials not found in native keychain'; exit 1`);
    process.env.PATH = `${folder}:${process.env.PATH}`;
    const source = credentials({ credsStore: 'empty', credHelpers: { 'reg.example': 'token' } });
    expect(await source.get('reg.example')).toEqual({ username: '', secret: 'idtok' });
    expect(await source.get('other.example')).toEqual({ username: '', secret: '' });
  });

  it('says what is wrong with a helper or the file', async () => {
    const missing = credentials({ credHelpers: { 'reg.example': 'none-such' } });
    await expect(missing.get('reg.example')).rejects.toThrow(
      'error getting credentials - err: exec: "docker-credential-none-such": executable file not found in $PATH',
    );
    await expect(credentials('{').get('reg.example')).rejects.toThrow('config.json is not valid JSON');
    await expect(credentials({ auths: { h: { auth: base64('nocolon') } } }).get('h')).rejects.toThrow(
      'invalid auth configuration file',
    );
  });
});
