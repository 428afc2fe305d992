import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Definition, digestOf, encodeHead, encodeOp } from '@llb-ts/pb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { requires } from '../../support/requirements.ts';
import { run } from '../../support/run.ts';
import { buildctl, llbTs } from '../../support/solvers.ts';
import { temporaryFolder } from '../../support/temporary.ts';
import { outcomeDifferences } from '../../support/tree.ts';
import { type GitServer, serveGit } from './git-server.ts';

const KEYS = ['ed25519', 'rsa', 'ecdsa'] as const;

/** A definition of what a ref holds, if its signature is what the attributes want. */
function definitionOf(url: string, ref: string, attrs: Readonly<Record<string, string>>): Uint8Array {
  const source = encodeOp({
    inputs: [],
    op: { kind: 'source', identifier: `${url}#${ref}`, attrs: { 'git.fullurl': url, ...attrs } },
  });
  const def = [source, encodeHead({ digest: digestOf(source), index: 0 })];
  return Definition.from({ def, metadata: {} }).write();
}

requires(
  'reference-buildkit',
  'git',
  'ssh-keygen',
  'gpg',
)('signatures of Git beside BuildKit', () => {
  let top = '';
  let server: GitServer | undefined;
  const publicKeys: Record<string, string> = {};

  async function call(program: string, args: readonly string[], input = ''): Promise<string> {
    const env = { GNUPGHOME: join(top, 'gnupg'), HOME: top, GIT_CONFIG_NOSYSTEM: '1' };
    const result = await run(program, args, {
      cwd: join(top, 'served/repo'),
      env,
      input: Buffer.from(input),
    });
    expect([result.status, result.stderr], `${program} ${args.join(' ')}`).toEqual([0, expect.any(String)]);
    return result.stdout.toString().trim();
  }

  /** Options that make git sign with a key. */
  const signingBy = (key: string) =>
    key === 'pgp'
      ? ['-c', 'user.signingkey=pgp@example.com']
      : ['-c', 'gpg.format=ssh', '-c', `user.signingkey=${join(top, key)}`];

  async function git(options: readonly string[], ...args: readonly string[]): Promise<string> {
    return call('git', ['-c', 'user.name=x', '-c', 'user.email=x@example.com', ...options, ...args]);
  }

  beforeAll(async () => {
    top = temporaryFolder();
    mkdirSync(join(top, 'served/repo'), { recursive: true });
    mkdirSync(join(top, 'gnupg'), { mode: 0o700 });
    for (const type of KEYS) {
      await call('ssh-keygen', ['-q', '-t', type, '-N', '', '-f', join(top, type)]);
      publicKeys[type] = readFileSync(join(top, `${type}.pub`), 'utf8');
    }
    const gpg = ['--batch', '--quiet', '--passphrase', ''];
    await call('gpg', [...gpg, '--quick-gen-key', 'pgp <pgp@example.com>', 'ed25519', 'sign', 'never']);
    publicKeys.pgp = await call('gpg', ['--armor', '--export', 'pgp@example.com']);

    await git([], 'init', '-q', '-b', 'main');
    writeFileSync(join(top, 'served/repo/file'), 'content');
    await git([], 'add', 'file');
    await git([], 'commit', '-q', '-m', 'unsigned');
    for (const key of [...KEYS, 'pgp']) {
      await git(signingBy(key), 'tag', '-s', '-m', `signed by ${key}`, `tag-${key}`, 'main');
      await git(signingBy(key), 'checkout', '-q', '-b', key, 'main');
      await git(signingBy(key), 'commit', '-q', '-S', '--allow-empty', '-m', `signed by ${key}\n\nümlaut`);
      await git([], 'tag', '-m', 'unsigned', `over-${key}`);
      // The signature of one commit in another.
      const raw = await git([], 'cat-file', 'commit', 'HEAD');
      const forged = `${raw.replace('signed by', 'forged by')}\n`;
      const id = await call('git', ['hash-object', '-t', 'commit', '-w', '--stdin'], forged);
      await git([], 'update-ref', `refs/heads/forged-${key}`, id);
    }
    // A signature for another purpose.
    const [file, signature] = [join(top, 'served/repo/file'), join(top, 'served/repo/file.sig')];
    await call('ssh-keygen', ['-q', '-Y', 'sign', '-n', 'file', '-f', join(top, 'ed25519'), file]);
    const raw = await git([], 'cat-file', 'commit', 'main');
    const header = `gpgsig ${readFileSync(signature, 'utf8').trim().replaceAll('\n', '\n ')}\n\n`;
    const other = await call(
      'git',
      ['hash-object', '-t', 'commit', '-w', '--stdin'],
      `${raw.replace('\n\n', `\n${header}`)}\n`,
    );
    await git([], 'update-ref', 'refs/heads/other-purpose', other);
    server = await serveGit(join(top, 'served'));
  });
  afterAll(async () => {
    await server?.close();
  });

  async function verdicts(ref: string, attrs: Readonly<Record<string, string>>) {
    const definition = definitionOf(`${server?.url}/repo`, ref, attrs);
    const want = await buildctl().solve(definition);
    const got = await llbTs().solve(definition);
    expect(outcomeDifferences(want, got), ref).toEqual([]);
    return 'error' in want ? { want: want.error, got: 'error' in got ? got.error : '' } : undefined;
  }

  describe.each([...KEYS, 'pgp'])('%s', (key) => {
    const other = key === 'rsa' ? 'ecdsa' : 'rsa';
    test.each([key, `tag-${key}`, `over-${key}`])(
      '%s is taken with the key, and with no other',
      async (ref) => {
        expect(await verdicts(ref, { 'git.sig.pubkey': publicKeys[key]! })).toBeUndefined();
        expect(await verdicts(ref, { 'git.sig.pubkey': publicKeys[other]! })).toBeDefined();
      },
    );

    test.each(['requiresignedtag', 'ignoresignedtag', 'rejectexpired'])('the same with %s', async (flag) => {
      for (const ref of [key, `tag-${key}`, `over-${key}`]) {
        await verdicts(ref, { 'git.sig.pubkey': publicKeys[key]!, [`git.sig.${flag}`]: 'true' });
      }
    });

    test('what somebody changed is refused', async () => {
      expect(await verdicts(`forged-${key}`, { 'git.sig.pubkey': publicKeys[key]! })).toBeDefined();
    });

    test('a key among others', async () => {
      const [mine, others] = [publicKeys[key]!, publicKeys[other]!];
      for (const keys of key === 'pgp'
        ? []
        : [`${mine}${others}`, `${others}${mine}`, `# no key\n\nssh-rsa AAAA\n${mine}`]) {
        await verdicts(key, { 'git.sig.pubkey': keys });
      }
    });
  });

  test('nothing signed, no key, and a signature for another purpose', async () => {
    const [key] = [publicKeys.ed25519!];
    expect(await verdicts('main', { 'git.sig.pubkey': key })).toBeDefined();
    expect(await verdicts('ed25519', { 'git.sig.pubkey': 'no key' })).toBeDefined();
    expect(await verdicts('ed25519', { 'git.sig.pubkey': 'ssh-ed25519 AAAA' })).toBeDefined();
    expect(await verdicts('other-purpose', { 'git.sig.pubkey': key })).toBeDefined();
  });
});
