import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { requires } from '../../support/requirements.ts';
import { startRegistry } from '../export/registry.ts';
import { serveGit } from '../git/git-server.ts';
import { type Rig, withRig } from './rig.ts';

const hex = /[0-9a-f]{64}/.source;

function lockOf(rig: Rig): Readonly<Record<string, unknown>> {
  return JSON.parse(readFileSync(join(rig.folder, 'llb.lock.json'), 'utf8')) as Record<string, unknown>;
}

function readOut(rig: Rig, path: string): string {
  return readFileSync(join(rig.folder, 'out', path), 'utf8');
}

/** A file on the web that may change, with a name that only the server knows. */
async function withWeb(use: (rig: Rig, web: { url: string; text: string }) => Promise<void>): Promise<void> {
  const web = { url: '', text: 'one' };
  const server = createServer((_, response) => {
    response.setHeader('content-disposition', 'attachment; filename="named.txt"');
    response.end(web.text);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  web.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/download`;
  const build = `import { HTTP } from 'llb-ts';\nexport default HTTP(${JSON.stringify(web.url)});\n`;
  try {
    await withRig({ 'build.ts': build }, (rig) => use(rig, web));
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

describe('a file on the web', () => {
  test('is locked to its content and its name; a changed one is refused with both checksums', async () => {
    await withWeb(async (rig, web) => {
      const locked = await rig.call(['lock']);
      expect([locked.status, locked.stdout]).toEqual([0, '']);
      expect(locked.stderr).toContain('locked 1 source: 1 new, 0 changed → llb.lock.json\n');
      const text = readFileSync(join(rig.folder, 'llb.lock.json'), 'utf8');
      expect(lockOf(rig)).toEqual({
        version: 1,
        images: {},
        git: {},
        http: { [web.url]: { checksum: expect.stringMatching(`^sha256:${hex}$`), filename: 'named.txt' } },
      });

      expect((await rig.call(['solve', '--locked', '-o', 'out'])).status).toBe(0);
      expect(readOut(rig, 'named.txt')).toBe('one');
      expect((await rig.call(['lock', '--check'])).status).toBe(0);

      web.text = 'two';
      const check = await rig.call(['lock', '--check']);
      expect(check.status).toBe(2);
      expect(check.stderr).toMatch(
        new RegExp(
          `^error: a source is not what llb.lock.json says\n   source   ${web.url}\n +sha256:${hex} \\(named.txt\\) → sha256:${hex} `,
          'm',
        ),
      );
      const elsewhere = { LLB_TS_STATE_DIR: join(rig.folder, '../elsewhere') };
      const refused = await rig.call(['solve', '--locked', '-o', 'out'], { env: elsewhere });
      expect(refused.status).toBe(1);
      expect(refused.stderr).toMatch(
        new RegExp(`error: digest mismatch sha256:${hex}: sha256:${hex}\n   build.ts:2:16\n`),
      );
      expect(refused.stderr).toMatch(/ {3}help {3}llb\.lock\.json has sha256:.* locks what is there now\n/);
      expect(readFileSync(join(rig.folder, 'llb.lock.json'), 'utf8')).toBe(text);

      expect((await rig.call(['lock'])).stderr).toMatch(
        new RegExp(
          `locked 1 source: 0 new, 1 changed → llb.lock.json\n  ${web.url}  sha256:${hex} .*→ sha256:${hex}`,
        ),
      );
      expect((await rig.call(['solve', '--locked', '-o', 'out'])).status).toBe(0);
      expect(readOut(rig, 'named.txt')).toBe('two');
    });
  });

  test('has to be locked, and the lock has to be there and whole', async () => {
    await withWeb(async (rig, web) => {
      const none = await rig.call(['solve', '--locked', '-o', 'out']);
      expect([none.status, none.stderr]).toEqual([
        2,
        'error: --locked: there is no llb.lock.json\n   help   llb-ts lock build.ts writes it\n',
      ]);
      rig.write({ 'llb.lock.json': '{ "version": 1 }' });
      const unknown = await rig.call(['marshal', '--locked', '-o', 'def']);
      expect([unknown.status, unknown.stderr]).toEqual([
        2,
        [
          `error: ${web.url} is not locked in llb.lock.json`,
          '   build.ts:2:16',
          "    1 | import { HTTP } from 'llb-ts';",
          ` >  2 | export default HTTP("${web.url}");`,
          '      |                ^',
          '   help   llb-ts lock build.ts locks what is there now',
          '',
        ].join('\n'),
      ]);
      for (const [text, message] of [
        ['{', 'llb.lock.json: it is no JSON: '],
        ['{ "version": 2 }', 'llb.lock.json: its version is 2, this llb-ts reads version 1'],
        ['{ "version": 1, "images": { "a": "b" } }', 'images: a is locked to "b", which is no digest'],
      ] as const) {
        rig.write({ 'llb.lock.json': text });
        const broken = await rig.call(['solve', '--locked']);
        expect([broken.status, broken.stderr]).toEqual([2, expect.stringContaining(message)]);
      }
    });
  });
});

test('folders of this machine and files that are pinned already need no lock', async () => {
  const build = `import { HTTP, Checksum, Local, Merge } from 'llb-ts';
export default Merge(Local('src', { dir: '.' }), HTTP('http://127.0.0.1:1/x', Checksum('sha256:${'0'.repeat(64)}')));
`;
  await withRig({ 'build.ts': build }, async (rig) => {
    expect((await rig.call(['lock'])).stderr).toBe('locked 0 sources: 0 new, 0 changed → llb.lock.json\n');
    const [free, locked] = [
      await rig.call(['inspect', '--format', 'json']),
      await rig.call(['inspect', '--format', 'json', '--locked']),
    ];
    const digests = ({ stdout }: { stdout: string }) =>
      (JSON.parse(stdout) as { ops: { op: { source?: { identifier: string } }; digest: string }[] }).ops
        .filter(({ op }) => op.source?.identifier.startsWith('http'))
        .map(({ digest }) => digest);
    expect(digests(locked)).toEqual(digests(free));
  });
});

test('a source that cannot be found out is a failure with its line, and the lock stays what it was', async () => {
  const build = "import { HTTP } from 'llb-ts';\nexport default HTTP('http://127.0.0.1:1/x');\n";
  const before = '{ "version": 1 }';
  await withRig({ 'build.ts': build, 'llb.lock.json': before }, async (rig) => {
    const { status, stdout, stderr } = await rig.call(['lock', '--progress', 'quiet']);
    expect([status, stdout]).toEqual([3, '']);
    expect(stderr).toMatch(/^error: Get "http:\/\/127.0.0.1:1\/x": dial tcp .*refused\n {3}build.ts:2:16\n/);
    expect(readFileSync(join(rig.folder, 'llb.lock.json'), 'utf8')).toBe(before);
  });
});

const imageBuild = `import { Args, Image, Merge, Mkfile, Scratch, WithMetaResolver } from 'llb-ts';
const ref = process.env.REF!;
const text = process.env.TEXT ?? 'one';
export default {
  image: () => Scratch().File(Mkfile('/text', 0o644, text)).ImageConfig({ env: { TEXT: text } }),
  plain: () => Merge(Image(ref), Scratch().File(Mkfile('/more', 0o644, ''))),
  asked: () => Image(ref, WithMetaResolver()).Run(Args(['/x'])).Root(),
};
`;

requires('docker-registry')('an image', () => {
  test('is taken as it was when its tag was locked, and so is its config', async () => {
    await withRig({ 'build.ts': imageBuild }, async (rig) => {
      const registry = await startRegistry(join(rig.folder, '../registry'));
      try {
        const REF = `${registry.host}/tools:latest`;
        const push = async (TEXT: string) => {
          const output = `type=image,name=${REF},push=true`;
          const args = ['solve', 'build.ts', 'image', '-o', output, '--metadata-file', 'meta.json'];
          expect((await rig.call(args, { env: { REF, TEXT } })).status).toBe(0);
          const meta = readFileSync(join(rig.folder, 'meta.json'), 'utf8');
          return (JSON.parse(meta) as Record<string, string>)['containerimage.digest'];
        };
        const first = await push('one');
        for (const target of ['plain', 'asked']) {
          expect((await rig.call(['lock', 'build.ts', target], { env: { REF } })).status).toBe(0);
          expect(lockOf(rig).images).toEqual({ [REF]: first });
        }

        const second = await push('two');
        const locked = ['solve', 'build.ts', 'plain', '--locked', '-o', 'out'];
        expect((await rig.call(locked, { env: { REF } })).status).toBe(0);
        expect(readOut(rig, 'text')).toBe('one');
        const asked = await rig.call(['inspect', 'build.ts', 'asked', '--locked', '--format', 'json'], {
          env: { REF },
        });
        expect(asked.stdout).toContain('TEXT=one');
        expect(asked.stdout).toContain(`docker-image://${REF}@${first}`);

        const changed = await rig.call(['lock', 'build.ts', 'plain', '--check'], { env: { REF } });
        expect([changed.status, changed.stderr]).toEqual([
          2,
          expect.stringContaining(`${first} → ${second}`),
        ]);

        const other = `${registry.host}/tools:other`;
        for (const target of ['plain', 'asked']) {
          const refused = await rig.call(['solve', 'build.ts', target, '--locked'], { env: { REF: other } });
          expect([refused.status, refused.stdout]).toEqual([2, '']);
          expect(refused.stderr).toMatch(
            new RegExp(`^error: ${other} is not locked in llb.lock.json\n   build.ts:`),
          );
          expect(refused.stderr).toContain(`   locked   ${REF}\n`);
        }
      } finally {
        await registry.stop();
      }
    });
  });
});

const gitBuild = `import { Git, KeepGitDir, Merge } from 'llb-ts';
const url = process.env.REPO!;
export default {
  plain: () => Git(url, 'main'),
  folder: () => Git(url, 'main:sub'),
  kept: () => Git(url, 'main', KeepGitDir()),
};
`;

requires('git')('a branch', () => {
  test('is taken where it was when it was locked; with .git kept it has to be there still', async () => {
    await withRepository(async (rig, env, commit) => {
      const first = commit('one');
      for (const target of ['plain', 'folder', 'kept']) {
        expect(await rig.call(['lock', 'build.ts', target], { env })).toMatchObject({ status: 0 });
        expect(lockOf(rig).git).toEqual({ [`${env.REPO}#main`]: first });
      }
      const second = commit('two');
      const solve = (target: string) =>
        rig.call(['solve', 'build.ts', target, '--locked', '-o', 'out'], { env });
      expect(await solve('plain')).toMatchObject({ status: 0 });
      expect(readOut(rig, 'a')).toBe('one');
      expect(await solve('folder')).toMatchObject({ status: 0 });
      expect(readOut(rig, 'b')).toBe('one');
      const kept = await solve('kept');
      expect(kept.status).toBe(1);
      expect(kept.stderr).toContain(`expected checksum to match ${first}, got ${second}`);
      expect(kept.stderr).toContain(`llb.lock.json has ${first} for ${env.REPO}#main`);
    });
  });
});

/** A repository that a daemon serves; \`commit\` writes both of its files. */
async function withRepository(
  use: (rig: Rig, env: { REPO: string }, commit: (text: string) => string) => Promise<void>,
): Promise<void> {
  await withRig({ 'build.ts': gitBuild }, async (rig) => {
    const base = join(rig.folder, '../git');
    const repository = join(base, 'repo');
    mkdirSync(join(repository, 'sub'), { recursive: true });
    const git = (...args: readonly string[]) => {
      const identity = ['-c', 'user.name=x', '-c', 'user.email=x@example.com'];
      const { status, stdout, stderr } = spawnSync('git', [...identity, ...args], { cwd: repository });
      expect([status, String(stderr)]).toEqual([0, expect.any(String)]);
      return String(stdout).trim();
    };
    git('init', '-q', '-b', 'main');
    const commit = (text: string) => {
      for (const name of ['a', 'sub/b']) writeFileSync(join(repository, name), text);
      git('add', '-A');
      git('commit', '-q', '-m', text);
      return git('rev-parse', 'HEAD');
    };
    const server = await serveGit(base);
    try {
      await use(rig, { REPO: `${server.url}/repo` }, commit);
    } finally {
      await server.close();
    }
  });
}
