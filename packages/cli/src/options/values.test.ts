import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { Local, nearest, suggestion } from '@llb-ts/llb';
import { marshal } from '@llb-ts/marshal';
import { beforeEach, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../../../test/support/temporary.ts';
import { parseAllow } from './allow.ts';
import { namedFolders, requireUsed } from './folders.ts';
import { parseSecrets } from './secret.ts';
import { parseSsh } from './ssh.ts';

let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
  writeFileSync(join(folder, 'token'), 'from file');
});

const text = async (secret: Promise<Uint8Array | undefined>) => (await secret)?.toString();

describe('--secret', () => {
  it('answers from files and variables, and not for other ids', async () => {
    const secrets = parseSecrets(
      [`id=a,src=${folder}/token`, 'id=b,env=VAR', 'id=c,type=env,src=VAR', 'id=VAR'],
      { VAR: 'from env' },
    );
    expect(await text(secrets('a'))).toBe('from file');
    expect(await text(secrets('b'))).toBe('from env');
    expect(await text(secrets('c'))).toBe('from env');
    expect(await text(secrets('VAR'))).toBe('from env');
    expect(await secrets('d')).toBeUndefined();
  });

  it.each([
    ['src=x', 'the id is missing'],
    ['id=a,env=NOSUCH', 'the environment variable NOSUCH is not set'],
    ['id=a,src=/nosuch', 'cannot read /nosuch: no such file'],
    ['id=a,type=x', 'unknown type "x"'],
    ['id=a,srk=x', 'unknown key "srk"'],
    ['a', '"a" is not key=value'],
  ])('refuses %j', (value, message) => {
    expect(() => parseSecrets([value], {})).toThrow(message);
  });

  it('refuses a file that BuildKit would refuse', () => {
    writeFileSync(join(folder, 'big'), Buffer.alloc(500 * 1024 + 1));
    expect(() => parseSecrets([`id=a,src=${folder}/big`])).toThrow('at most 512000 are allowed');
  });
});

describe('--ssh', () => {
  it('takes the socket of an agent', async () => {
    const path = join(folder, 'agent');
    const server = createServer();
    await new Promise<void>((done) => server.listen(path, done));
    try {
      expect(parseSsh(['default'], { SSH_AUTH_SOCK: path })).toEqual({ default: path });
      expect(parseSsh([`x=${path}`, `=${path}`], {})).toEqual({ x: path, default: path });
      expect(() => parseSsh([`x=${path}`, `x=${path}`], {})).toThrow('given twice');
    } finally {
      server.close();
    }
  });

  it('says what is missing', () => {
    expect(() => parseSsh(['default'], {})).toThrow('no agent is running');
    expect(() => parseSsh([`x=${folder}/token`], {})).toThrow('is not a socket');
    expect(() => parseSsh([`x=${folder}/none`], {})).toThrow('no such file');
  });
});

describe('--local', () => {
  it('takes folders that exist; the last of a name wins', () => {
    expect(namedFolders([`a=/`, `a=${folder}`, `b.c=/`], '--local')).toEqual({ a: folder, 'b.c': '/' });
  });

  it.each([
    ['ctx', 'expected NAME=DIR'],
    ['=x', 'expected NAME=DIR'],
    ['ctx=/nosuch', '--local ctx=/nosuch: no such directory'],
    ['ctx=/etc/passwd', '--local ctx=/etc/passwd: not a directory'],
  ])('refuses %j', (value, message) => {
    expect(() => namedFolders([value], '--local')).toThrow(message);
  });
});

describe('--allow', () => {
  it('knows the entitlements', () => {
    const given = ['network.host', 'security.insecure', 'device', 'device=vendor/gpu,alias=x'];
    expect(parseAllow(given)).toEqual(given);
    expect(() => parseAllow(['network.hots'])).toThrow(
      expect.objectContaining({ details: { help: 'did you mean "network.host"?' } }) as Error,
    );
  });
});

describe('the nearest word', () => {
  it.each([
    ['sovle', 'solve'],
    ['inspec', 'inspect'],
    ['MARSHAL', 'marshal'],
    ['insp', 'inspect'],
    ['zzz', undefined],
    ['x', undefined],
  ])('of %j is %j', (word, expected) => {
    expect(nearest(word, ['solve', 'inspect', 'marshal', 'help'])).toBe(expected);
  });

  it('is listed with all others when none is near', () => {
    expect(suggestion('zzz', ['a', 'b'])).toBe('known: a, b');
  });
});

describe('a --local that the build does not take', () => {
  it('is refused, with the name that was likely meant', async () => {
    const definition = await marshal(Local('src'));
    requireUsed({ src: '/' }, [definition]);
    expect(() => requireUsed({ scr: '/' }, [definition])).toThrow('the build has no Local("scr")');
  });
});
