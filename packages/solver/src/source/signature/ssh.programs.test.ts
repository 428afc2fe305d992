import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../../../../test/support/temporary.ts';
import { verifySsh } from './ssh.ts';
import { hasProgram } from './testing/programs.ts';

describe.runIf(hasProgram('ssh-keygen'))('verifySsh', () => {
  const types = ['ed25519', 'rsa', 'ecdsa'];
  let folder: string;
  const keys = new Map<string, string>();

  beforeAll(() => {
    folder = temporaryFolder();
    for (const type of types) {
      const file = path.join(folder, type);
      execFileSync('ssh-keygen', ['-q', '-t', type, '-N', '', '-C', 'a comment', '-f', file]);
      keys.set(type, fs.readFileSync(`${file}.pub`, 'utf8'));
    }
  });

  function sign(type: string, content: string, namespace = 'git'): string {
    const args = ['-q', '-Y', 'sign', '-n', namespace, '-f', path.join(folder, type)];
    return execFileSync('ssh-keygen', args, {
      input: content,
      encoding: 'utf8',
      stdio: ['pipe', 'pipe', 'ignore'],
    });
  }

  function verify(signature: string, publicKey: string, content: string): Promise<void> {
    const stage = temporaryFolder();
    const { signal } = new AbortController();
    return verifySsh({ data: Buffer.from(content), signature, publicKey, folder: stage, signal });
  }

  it.each(types)('takes what a key of type %s signed, and nothing else', async (type) => {
    const signature = sign(type, 'content');
    const key = keys.get(type)!;
    await verify(signature, key, 'content');
    await verify(signature, `ssh-rsa AAAA\nno key\n${key}`, 'content');
    await verify(signature, `# comment\n\nno-pty,from="a b" ${key}`, 'content');
    const refusal = { code: 'step', message: expect.stringMatching(/^failed to verify ssh signature: ./) };
    await expect(verify(signature, key, 'content!')).rejects.toMatchObject(refusal);
    const other = keys.get(types.find((one) => one !== type)!)!;
    await expect(verify(signature, other, 'content')).rejects.toThrow(
      'failed to verify ssh signature: public key does not match',
    );
    // BuildKit takes the first key of several.
    await expect(verify(signature, `${other}${key}`, 'content')).rejects.toMatchObject(refusal);
  });

  it('takes no signature that was made for something else, or is none', async () => {
    const key = keys.get('ed25519')!;
    await expect(verify(sign('ed25519', 'content', 'file'), key, 'content')).rejects.toThrow(
      'unexpected SSH signature namespace',
    );
    await expect(verify('-----BEGIN SSH SIGNATURE-----\nAAAA\n', key, 'content')).rejects.toThrow(
      'failed to verify',
    );
  });

  it.each(['', '# nothing', 'ssh-ed25519 AAAA', '-----BEGIN PGP PUBLIC KEY BLOCK-----'])(
    'wants a key: %j',
    async (key) => {
      await expect(verify(sign('ed25519', 'x'), key, 'x')).rejects.toThrow(
        'failed to parse ssh public key: ssh: no key found',
      );
    },
  );
});
