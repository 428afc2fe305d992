import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../../../test/support/temporary.ts';
import { readConfig } from './config.ts';
import { readConfigFiles } from './config-files.ts';

let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
});

function write(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  return path;
}

describe('configuration files', () => {
  it('are those of the system and of the user, where there are any', () => {
    const system = join(folder, 'system.toml');
    const env = { XDG_CONFIG_HOME: join(folder, 'user') };
    expect(readConfigFiles(env, system)).toEqual([]);
    write('user/llb-ts/config.toml', '# user');
    write('system.toml', '# system');
    expect(readConfigFiles(env, system)).toEqual([
      { path: system, text: '# system' },
      { path: join(folder, 'user/llb-ts/config.toml'), text: '# user' },
    ]);
    expect(readConfigFiles({ XDG_CONFIG_HOME: '/dev/null' }, system)).toHaveLength(1);
  });

  it('are the one that LLB_TS_CONFIG names instead', () => {
    const system = write('system.toml', '# system');
    const named = write('named.toml', '\ufeff# named');
    expect(readConfigFiles({ LLB_TS_CONFIG: named }, system)).toEqual([{ path: named, text: '# named' }]);
    expect(readConfigFiles({ LLB_TS_CONFIG: '/dev/null' }, system)).toEqual([
      { path: '/dev/null', text: '' },
    ]);
    expect(() => readConfigFiles({ LLB_TS_CONFIG: join(folder, 'nosuch') }, system)).toThrow(
      expect.objectContaining({ code: 'config', message: expect.stringContaining('which does not exist') }),
    );
  });

  it('are refused where they cannot be read', () => {
    expect(() => readConfigFiles({ LLB_TS_CONFIG: folder })).toThrow(
      expect.objectContaining({ code: 'environment', message: expect.stringContaining('it is a directory') }),
    );
    const latin = write('latin.toml', Buffer.from('# caf\xe9', 'latin1'));
    expect(() => readConfigFiles({ LLB_TS_CONFIG: latin })).toThrow(
      expect.objectContaining({ code: 'config', message: expect.stringContaining('is not UTF-8') }),
    );
  });

  it('may name folders of certificates, as Docker lays them out', () => {
    write('certs/a.crt', '');
    write('certs/b.cert', '');
    write('certs/b.key', '');
    write('certs/notes.txt', '');
    const file = write('config.toml', '[registry.a]\nca = ["own.pem"]\ntlsconfigdir = ["certs", "nosuch"]\n');
    const { registries } = readConfig(readConfigFiles({ LLB_TS_CONFIG: file }));
    expect(registries.a).toEqual({
      mirrors: [],
      ca: [join(folder, 'own.pem'), join(folder, 'certs/a.crt')],
      keypairs: [{ key: join(folder, 'certs/b.key'), cert: join(folder, 'certs/b.cert') }],
    });
    write('config.toml', '[registry.a]\ntlsconfigdir = ["config.toml"]\n');
    expect(() => readConfig(readConfigFiles({ LLB_TS_CONFIG: file }))).toThrow(
      'registry.a.tlsconfigdir[0]: cannot read config.toml: a part of the path is not a directory',
    );
  });
});
