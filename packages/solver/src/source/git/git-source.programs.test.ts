import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../../../../test/support/temporary.ts';
import type { LayerRef } from '../../chain/ref.ts';
import { dump } from '../../layer/testing/layers.ts';
import type { ScriptedServer } from '../../registry/testing/registry-server.ts';
import type { Source } from '../contract/source.ts';
import { type SourceBench, sourceBench } from '../testing/workbench.ts';
import type { GitSourceOptions } from './git-source.ts';
import { git, gitSourceOn, serveRepositories } from './testing/repository.ts';

const hasGit = spawnSync('git', ['version']).status === 0;

describe.runIf(hasGit)('git sources', { timeout: 60_000 }, () => {
  let folder: string;
  let work: string;
  let server: ScriptedServer;
  let bench: SourceBench;
  let first: string;
  let second: string;

  const commit = (message: string, time?: number) => {
    git(work, ['add', '-A']);
    git(work, ['commit', '-q', '-m', message], time);
    return git(work, ['rev-parse', 'HEAD']);
  };
  const write = (name: string, content: string, mode = 0o644) => {
    fs.mkdirSync(path.dirname(path.join(work, name)), { recursive: true });
    fs.writeFileSync(path.join(work, name), content);
    fs.chmodSync(path.join(work, name), mode);
  };
  const publish = () => git(work, ['push', '-q', '--force', '--all', path.join(folder, 'repo.git')]);

  beforeAll(async () => {
    folder = temporaryFolder();
    server = await serveRepositories(folder);
  });
  afterAll(async () => {
    await server.stop();
  });

  beforeEach(() => {
    bench = sourceBench();
    fs.rmSync(path.join(folder, 'repo.git'), { recursive: true, force: true });
    git(folder, ['init', '-q', '--bare', 'repo.git']);
    git(path.join(folder, 'repo.git'), ['config', 'uploadpack.allowAnySHA1InWant', 'true']);
    work = path.join(folder, 'work');
    fs.rmSync(work, { recursive: true, force: true });
    fs.mkdirSync(work);
    git(work, ['init', '-q']);
    write('a', 'one');
    first = commit('first');
    git(work, ['tag', '-a', 'v1', '-m', 'version 1']);
    write('a', 'two');
    write('sub/dir/x', 'x', 0o755);
    fs.symlinkSync('sub', path.join(work, 'link'));
    second = commit('second', 1_100_000_000);
    git(work, ['branch', 'other', first]);
    publish();
    git(work, ['push', '-q', path.join(folder, 'repo.git'), '--tags']);
  });

  function source(more: Partial<GitSourceOptions> = {}): Source {
    return gitSourceOn(bench, more);
  }

  async function bring(fragment = '', attrs: Record<string, string> = {}, from = source()) {
    const url = `${server.host}/repo.git`;
    const instance = from.open({
      scheme: 'git',
      locator: `${url}${fragment && `#${fragment}`}`,
      attrs: { 'git.fullurl': `http://${url}`, ...attrs },
      platform: undefined,
    });
    const key = await instance.resolve(bench.work);
    const ref = (await instance.fetch(bench.work)) as LayerRef;
    const tree = await bench.treeOf(ref);
    return { key, ref, tree, shown: dump(tree) };
  }

  const newest = [
    '/a file 644 0:0 "two"',
    '/link symlink 777 0:0 -> sub',
    '/sub dir 755 0:0',
    '/sub/dir dir 755 0:0',
    '/sub/dir/x file 755 0:0 "x"',
  ];

  it('brings the default branch', async () => {
    const { shown, key, ref } = await bring();
    expect(shown).toEqual(newest);
    expect(key).toEqual({ kind: 'git', commit: second });
    expect(ref.description).toBe(`git snapshot for http://${server.host}/repo.git#`);
  });

  it('knows branches, tags, full refs and commits; different names of a commit have one key', async () => {
    const old = ['/a file 644 0:0 "one"'];
    for (const name of ['other', 'v1', 'refs/heads/other', 'refs/tags/v1', first]) {
      const { shown, key } = await bring(name);
      expect(shown).toEqual(old);
      expect(key).toEqual({ kind: 'git', commit: first });
    }
  });

  it('brings a part of the tree', async () => {
    expect((await bring('main:sub/dir')).shown).toEqual(['/x file 755 0:0 "x"']);
    await expect(bring('main:none')).rejects.toThrow(
      'invalid subdir none: failed to lstat "none": no such file or directory',
    );
    await expect(bring('main:link/dir')).rejects.toThrow('contains non-directory "link"');
    await expect(bring('main:a')).rejects.toThrow('contains non-directory "a"');
  });

  it('leaves a repository when asked to', async () => {
    const { tree, key } = await bring('v1', { 'git.keepgitdir': 'true' });
    const dir = path.dirname(tree.lookup('/.git')!.hostPath);
    expect(git(dir, ['-c', 'safe.directory=*', 'rev-parse', 'HEAD'])).toBe(first);
    expect(git(dir, ['-c', 'safe.directory=*', 'config', 'remote.origin.url'])).toBe(
      `http://${server.host}/repo.git`,
    );
    expect(git(dir, ['-c', 'safe.directory=*', 'tag'])).toBe('v1');
    const tag = git(work, ['rev-parse', 'v1']);
    const remote = `http://${server.host}/repo.git`;
    expect(key).toEqual({ kind: 'git', commit: tag, gitDir: 'refs/tags/v1', remote });
  });

  it('gives everything the time of the commit when asked to', async () => {
    const { tree } = await bring('main:sub', { 'git.mtime': 'commit' });
    for (const name of ['/dir', '/dir/x'])
      expect(tree.lookup(name)?.stat.mtimeNs).toBe(1_100_000_000_000_000_000n);
  });

  it('sees what is new, and fetches only that', async () => {
    await bring('main');
    write('a', 'three');
    commit('third');
    publish();
    expect((await bring('main')).shown[0]).toBe('/a file 644 0:0 "three"');
    expect((await bring(second)).shown).toEqual(newest);
  });

  it('keeps to the commit that was resolved though the branch moves meanwhile', async () => {
    const url = `${server.host}/repo.git`;
    const attrs = { 'git.fullurl': `http://${url}` };
    const instance = source().open({ scheme: 'git', locator: `${url}#main`, attrs, platform: undefined });
    await instance.resolve(bench.work);
    write('a', 'three');
    commit('third');
    publish();
    expect(dump(await bench.treeOf(await instance.fetch(bench.work)))).toEqual(newest);
  });

  it('gets over a branch whose name begins that of a new one', async () => {
    await bring('other');
    git(work, ['branch', '-D', 'other']);
    git(work, ['branch', 'other/deep', second]);
    git(path.join(folder, 'repo.git'), ['update-ref', '-d', 'refs/heads/other']);
    publish();
    expect((await bring('other/deep')).shown).toEqual(newest);
  });

  it('checks the checksum', async () => {
    expect((await bring('main', { 'git.checksum': second.slice(0, 10) })).shown).toEqual(newest);
    expect((await bring('v1', { 'git.checksum': first })).key).toMatchObject({ commit: first });
    await expect(bring('main', { 'git.checksum': first })).rejects.toThrow(
      `expected checksum to match ${first}, got ${second}`,
    );
    await expect(bring(first, { 'git.checksum': second })).rejects.toThrow(
      `expected checksum to match ${second}`,
    );
    await expect(bring('main', { 'git.checksum': 'xyz' })).rejects.toThrow(
      'invalid checksum xyz for Git URL, expected hex commit hash',
    );
  });

  it('fetches by commit', async () => {
    const attrs = { 'git.fetchbycommit': 'true', 'git.checksum': first };
    const { shown, key } = await bring('any-name', attrs);
    expect(shown).toEqual(['/a file 644 0:0 "one"']);
    expect(key).toEqual({ kind: 'git', commit: first });
    await expect(bring('main', { 'git.fetchbycommit': 'true' })).rejects.toThrow(
      'fetch-by-commit requires a checksum',
    );
    await expect(bring('main', { ...attrs, 'git.checksum': 'abc' })).rejects.toThrow(
      'fetch-by-commit requires a full commit SHA checksum, got "abc"',
    );
  });

  it('brings submodules, unless told not to', async () => {
    git(folder, ['init', '-q', '--bare', 'module.git']);
    const module = path.join(folder, 'module-work');
    fs.mkdirSync(module);
    git(module, ['init', '-q']);
    fs.writeFileSync(path.join(module, 'm'), 'module');
    git(module, ['add', '-A']);
    git(module, ['commit', '-q', '-m', 'm']);
    git(module, ['push', '-q', path.join(folder, 'module.git'), 'main']);
    // From a folder: the server cannot answer while this waits.
    git(work, ['submodule', 'add', '-q', path.join(folder, 'module.git'), 'mod']);
    git(work, ['config', '-f', '.gitmodules', 'submodule.mod.url', `http://${server.host}/module.git`]);
    commit('with a module');
    publish();
    expect((await bring('main')).shown).toContain('/mod/m file 644 0:0 "module"');
    const { shown, key } = await bring('main', { 'git.skipsubmodules': 'true' });
    expect(shown).toContain('/mod dir 755 0:0');
    expect(shown).not.toContain('/mod/m file 644 0:0 "module"');
    expect(key).toMatchObject({ skipSubmodules: true });
  });

  it('makes a bundle, and takes one as a remote', async () => {
    const { shown, tree, key } = await bring('main', { 'git.checkoutbundle': 'true' });
    expect(shown).toHaveLength(1);
    expect(key).toMatchObject({ bundle: { name: 'refs/heads/main', commit: second } });
    // Another ref of the same commit has another name in its bundle.
    git(work, ['branch', 'same', second]);
    publish();
    expect((await bring('same', { 'git.checkoutbundle': 'true' })).key).not.toEqual(key);
    const bytes = fs.readFileSync(tree.lookup('/bundle')!.hostPath);
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    const attrs = { 'git.bundle': `oci-layout+blob://x/y@${digest}`, 'git.checksum': second };
    const open = async () => ({
      place: 'here',
      async *read() {
        yield bytes;
      },
    });
    const before = server.requests.length;
    bench = sourceBench();
    expect((await bring('main', attrs, source({ open }))).shown).toEqual(newest);
    expect((await bring('', attrs, source({ open }))).shown).toEqual(newest);
    expect(server.requests).toHaveLength(before);
    await expect(
      bring('main', { ...attrs, 'git.checksum': 'f'.repeat(40) }, source({ open })),
    ).rejects.toThrow('not found in bundle');
  });

  it.each([
    ['-x', {}, 'invalid git ref "-x"'],
    ['main', { 'git.bundle': 'nonsense' }, 'failed to parse git.bundle locator "nonsense": missing scheme'],
    ['main', { 'git.bundle': 'ftp://x' }, 'git.bundle locator scheme "ftp" is not supported'],
    [
      'main',
      { 'git.bundle': `oci-layout+blob://x/y@sha256:${'a'.repeat(64)}` },
      'git.bundle requires git.checksum to be set',
    ],
    ['main', { 'git.checkoutbundle': 'true', 'git.keepgitdir': 'true' }, 'incompatible with git.keepgitdir'],
    ['main:sub', { 'git.checkoutbundle': 'true' }, 'incompatible with git.subdir'],
    ['main', { 'git.sig.pubkey': 'key' }, 'git object is not signed'],
  ])('refuses %s with %j', async (fragment, attrs, message) => {
    await expect(bring(fragment, attrs as Record<string, string>)).rejects.toThrow(message);
  });

  it('says that a ref or repository is not there', async () => {
    await expect(bring('nothing')).rejects.toThrow('repository does not contain ref nothing, output: ""');
    const other = { 'git.fullurl': `http://${server.host}/none.git` };
    const instance = source().open({
      scheme: 'git',
      locator: `${server.host}/none.git`,
      attrs: other,
      platform: undefined,
    });
    await expect(instance.resolve(bench.work)).rejects.toThrow(
      /error fetching default branch for repository .*git stderr:\n/s,
    );
  });

  describe('letting in', () => {
    const basic = `basic ${Buffer.from('x-access-token:tok').toString('base64')}`;
    let wanted: string;
    beforeEach(() => {
      const { answer } = server;
      server.answer = (request, response) => {
        if (request.headers.authorization === wanted) return answer(request, response);
        response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
      };
      return () => {
        server.answer = answer;
      };
    });

    const names = { 'git.authtokensecret': 'GIT_AUTH_TOKEN', 'git.authheadersecret': 'GIT_AUTH_HEADER' };
    const given = (secrets: Record<string, string>) =>
      source({
        capabilities: {
          agents: undefined,
          secrets: async (id) => (secrets[id] === undefined ? undefined : Buffer.from(secrets[id])),
        },
      });

    it('by a token, or a header, or one for the host', async () => {
      wanted = basic;
      expect((await bring('', names, given({ GIT_AUTH_TOKEN: 'tok' }))).shown).toEqual(newest);
      wanted = 'Custom abc';
      expect(
        (await bring('', names, given({ GIT_AUTH_HEADER: 'Custom abc', GIT_AUTH_TOKEN: 'x' }))).shown,
      ).toEqual(newest);
      wanted = basic;
      const forHost = { [`GIT_AUTH_TOKEN.${server.host}`]: 'tok', GIT_AUTH_HEADER: 'wrong' };
      expect((await bring('', names, given(forHost))).shown).toEqual(newest);
    });

    it('without a secret in the arguments of any process, or in the store', async () => {
      const seen: string[] = [];
      const asked: string[] = [];
      const { answer } = server;
      server.answer = (request, response) => {
        seen.push(...argumentsOfAll());
        asked.push(request.headers.authorization ?? '');
        return answer(request, response);
      };
      wanted = basic;
      await bring('', names, given({ GIT_AUTH_TOKEN: 'tok' }));
      wanted = `Basic ${Buffer.from('me:pa55:w@rd').toString('base64')}`;
      const remote = `http://me:pa55%3Aw%40rd@${server.host}/repo.git`;
      expect((await bring('', { 'git.fullurl': remote })).shown).toEqual(newest);
      expect(seen.filter((one) => one.includes('git')).length).toBeGreaterThan(0);
      const secrets = [basic.slice(6), 'pa55', wanted.slice(6)];
      expect(seen.filter((one) => secrets.some((secret) => one.includes(secret)))).toEqual([]);
      expect(asked).toContain(wanted);
      const found = spawnSync('grep', ['-rlE', `pa55|${secrets[0]}`, bench.root], { encoding: 'utf8' });
      expect(found.stdout).toBe('');
    });

    it('at the host it is for, and nowhere that redirects to', async () => {
      wanted = basic;
      const { answer } = server;
      const other = await serveRepositories(folder);
      const redirect = (to: string) => {
        server.answer = (request, response) => {
          if (!request.url?.startsWith('/repo.git')) return answer(request, response);
          response.writeHead(302, { location: `${to}${request.url.slice('/repo'.length)}` }).end();
        };
      };
      try {
        fs.symlinkSync('repo.git', path.join(folder, 'moved.git'));
        redirect(`http://${server.host}/moved`);
        expect((await bring('', names, given({ GIT_AUTH_TOKEN: 'tok' }))).shown).toEqual(newest);
        bench = sourceBench();
        redirect(`http://${other.host}/repo`);
        expect((await bring('', names, given({ GIT_AUTH_TOKEN: 'tok' }))).shown).toEqual(newest);
        expect(other.headers.map(({ authorization }) => authorization)).toEqual(
          other.headers.map(() => undefined),
        );
        expect(other.requests.length).toBeGreaterThan(0);
      } finally {
        fs.rmSync(path.join(folder, 'moved.git'));
        await other.stop();
      }
    });

    it('not without asking, and never by asking a person', async () => {
      wanted = basic;
      await expect(bring('', names)).rejects.toThrow(/could not read Username|terminal prompts disabled/);
    });

    it('needs the agent that is named', async () => {
      await expect(bring('', { 'git.mountsshsock': 'default' })).rejects.toMatchObject({
        message: 'no SSH key "default" forwarded from the client',
      });
    });
  });

  it('stops when it is told to, and git with it', async () => {
    const abort = new AbortController();
    server.answer = () => void setTimeout(() => abort.abort(), 20);
    bench = sourceBench(abort.signal);
    await expect(bring()).rejects.toThrow();
  });
});

/** The arguments of every process of this machine. */
function argumentsOfAll(): string[] {
  return fs.readdirSync('/proc').flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return [];
    try {
      return [fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8')];
    } catch {
      return []; // It has ended.
    }
  });
}
