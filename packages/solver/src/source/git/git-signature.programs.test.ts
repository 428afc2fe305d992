import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../../../../test/support/temporary.ts';
import type { ScriptedServer } from '../../registry/testing/registry-server.ts';
import { hasProgram } from '../signature/testing/programs.ts';
import { type SourceBench, sourceBench } from '../testing/workbench.ts';
import { git, gitSourceOn, serveRepositories } from './testing/repository.ts';

describe.runIf(hasProgram('git') && hasProgram('ssh-keygen'))('signatures of git', () => {
  let folder: string;
  let server: ScriptedServer;
  let bench: SourceBench;
  const keys = { own: '', other: '' };
  const ids = { plain: '', signed: '', tag: '' };

  beforeAll(async () => {
    folder = temporaryFolder();
    for (const name of ['own', 'other'] as const) {
      execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', path.join(folder, name)]);
      keys[name] = fs.readFileSync(path.join(folder, `${name}.pub`), 'utf8');
    }
    const work = path.join(folder, 'repo.git');
    fs.mkdirSync(work);
    git(work, ['init', '-q']);
    git(work, ['config', 'uploadpack.allowAnySHA1InWant', 'true']);
    const sign = ['-c', 'gpg.format=ssh', '-c', `user.signingkey=${path.join(folder, 'own')}`];
    const commit = (name: string, ...more: string[]) => {
      fs.writeFileSync(path.join(work, name), name);
      git(work, ['add', '-A']);
      git(work, [...sign, 'commit', '-q', '-m', `${name}\n\nof caf\u00e9`, ...more]);
      return git(work, ['rev-parse', 'HEAD']);
    };
    ids.plain = commit('plain');
    git(work, ['branch', 'plain']);
    git(work, ['tag', '-a', 'loose', '-m', 'not signed']);
    git(work, [...sign, 'tag', '-s', 'sealed', '-m', 'signed, of a commit that is not']);
    ids.tag = git(work, ['rev-parse', 'sealed']);
    ids.signed = commit('signed', '-S');
    git(work, ['branch', 'signed']);
    git(work, ['tag', '-a', 'loose-of-signed', '-m', 'not signed']);
    server = await serveRepositories(folder);
  });
  afterAll(async () => {
    await server.stop();
  });
  beforeEach(() => {
    bench = sourceBench();
  });

  async function commitOf(ref: string, attrs: Record<string, string>): Promise<unknown> {
    const url = `${server.host}/repo.git/.git`;
    const source = gitSourceOn(bench);
    const instance = source.open({
      scheme: 'git',
      locator: `${url}#${ref}`,
      attrs: {
        'git.fullurl': `http://${url}`,
        ...Object.fromEntries(Object.entries(attrs).map(([name, value]) => [`git.sig.${name}`, value])),
      },
      platform: undefined,
    });
    const { commit } = await instance.resolve(bench.work);
    await instance.fetch(bench.work);
    return commit;
  }

  const own = () => ({ pubkey: keys.own });

  it('lets in what the key has signed: a commit, or the tag that names it', async () => {
    expect(await commitOf('signed', own())).toBe(ids.signed);
    expect(await commitOf('sealed', own())).toBe(ids.plain);
    expect(await commitOf('sealed', { ...own(), requiresignedtag: 'true' })).toBe(ids.plain);
    expect(await commitOf('loose-of-signed', own())).toBe(ids.signed);
  });

  it('knows what an id names, too', async () => {
    expect(await commitOf(ids.signed, own())).toBe(ids.signed);
    await expect(commitOf(ids.plain, own())).rejects.toThrow('git object is not signed');
  });

  it.each([
    ['plain', {}, 'git object is not signed'],
    ['loose', {}, 'git object is not signed'],
    ['loose', { requiresignedtag: 'true' }, 'git object is not signed'],
    ['signed', { requiresignedtag: 'true' }, 'signed tag required but no signed tag found'],
    ['sealed', { ignoresignedtag: 'true' }, 'git object is not signed'],
    [
      'sealed',
      { ignoresignedtag: 'true', requiresignedtag: 'true' },
      'signed tag required but no signed tag found',
    ],
  ])('does not let in %s with %j', async (ref, attrs, message) => {
    await expect(commitOf(ref, { ...own(), ...attrs } as Record<string, string>)).rejects.toThrow(message);
  });

  it('does not let in what another key has signed, or none', async () => {
    await expect(commitOf('signed', { pubkey: keys.other })).rejects.toThrow(
      'failed to verify ssh signature',
    );
    await expect(commitOf('signed', { rejectexpired: 'true' })).rejects.toThrow('no key found');
    await expect(commitOf('sealed', { pubkey: keys.other, requiresignedtag: 'true' })).rejects.toThrow(
      'failed to verify ssh signature',
    );
  });
});
