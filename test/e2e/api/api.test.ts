import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  AddSecret,
  Copy,
  type Definition,
  inspect,
  Local,
  Mkfile,
  marshal,
  Platforms,
  type ProgressEvent,
  Scratch,
  Shlex,
  SolveFailure,
  type SolveOptions,
  type State,
  solve,
} from 'llb-ts';
import { describe, expect, test } from 'vitest';
import { readTar } from '../../support/read-tar.ts';
import { requires } from '../../support/requirements.ts';
import { run } from '../../support/run.ts';
import { withTemporaryFolder } from '../../support/temporary.ts';
import { pathsOf } from '../examples/rig.ts';

const root = join(import.meta.dirname, '../../..');
const hello = Scratch().File(Mkfile('/hello', 0o644, 'hi'));

async function failureOf(build: State | Definition, options: SolveOptions): Promise<SolveFailure> {
  const error = await solve(build, options).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(SolveFailure);
  return error as SolveFailure;
}

describe('solve', () => {
  test('writes outputs, answers with metadata, tells what happens and prints nothing', () =>
    withTemporaryFolder(async (folder) => {
      const events: ProgressEvent[] = [];
      const stateDir = join(folder, 'state');
      const options = { stateDir, onProgress: (event: ProgressEvent) => void events.push(event) };
      const tar = join(folder, 'out.tar');
      const oci = join(folder, 'image.tar');
      const { metadata } = await solve(hello, {
        ...options,
        outputs: [
          { type: 'tar', dest: tar },
          {
            type: 'oci',
            dest: oci,
            attrs: { name: 'example.com/app:1', 'annotation.note': 'a,"b"', compression: 'gzip' },
          },
        ],
      });
      expect(pathsOf(readTar(tar))).toEqual(['/hello']);
      expect(metadata['containerimage.digest']).toMatch(/^sha256:/);
      expect(events.some((event) => event.type === 'completed' && !event.cached)).toBe(true);
      events.length = 0;
      await solve(await marshal(hello), options);
      const completed = events.filter((event) => event.type === 'completed');
      expect(completed.length).toBeGreaterThan(0);
      expect(completed.every((event) => event.cached)).toBe(true);
      events.length = 0;
      await solve(hello, { ...options, noCache: true, jobs: 1 });
      expect(events.some((event) => event.type === 'completed' && !event.cached)).toBe(true);
    }));

  test('reads local folders: those of the State, and others in their place', () =>
    withTemporaryFolder(async (folder) => {
      for (const name of ['one', 'two']) {
        mkdirSync(join(folder, name));
        writeFileSync(join(folder, name, name), name);
      }
      const state = Scratch().File(Copy(Local('src', { dir: join(folder, 'one') }), '/', '/'));
      const dest = join(folder, 'out.tar');
      const options = { stateDir: join(folder, 'state'), outputs: [{ type: 'tar', dest }] as const };
      await solve(state, options);
      expect(pathsOf(readTar(dest))).toEqual(['/one']);
      await solve(state, { ...options, locals: { src: join(folder, 'two') } });
      expect(pathsOf(readTar(dest))).toEqual(['/two']);
    }));

  test('makes one result of several platforms', () =>
    withTemporaryFolder(async (folder) => {
      const dest = join(folder, 'out.tar');
      const build = Platforms({ 'linux/amd64': hello, 'linux/arm64': hello });
      await solve(build, { stateDir: join(folder, 'state'), outputs: [{ type: 'tar', dest }] });
      expect(pathsOf(readTar(dest))).toEqual([
        '/linux_amd64',
        '/linux_amd64/hello',
        '/linux_arm64',
        '/linux_arm64/hello',
      ]);
    }));

  test('fails with SolveFailure, whatever was wrong', () =>
    withTemporaryFolder(async (folder) => {
      const stateDir = join(folder, 'state');
      const missing = await failureOf(Scratch().File(Copy(hello, '/none', '/')), { stateDir });
      expect(missing).toMatchObject({ code: 'step', details: { vertex: expect.stringMatching(/^sha256:/) } });
      const cases: [SolveOptions, string][] = [
        [{ outputs: [{ type: 'tar' }] }, 'needs a dest'],
        [{ outputs: [{ type: 'tar', dest: '-' }] }, 'needs a dest'],
        [{ outputs: [{ type: 'rar' as 'tar', dest: 'x' }] }, 'unknown type "rar"'],
        [{ locals: { src: join(folder, 'none') } }, 'no such directory'],
        [{ allow: ['everything'] }, 'unknown entitlement'],
        [{ jobs: 0 }, 'whole number above 0'],
        [{ statedir: 'x' } as SolveOptions, 'no option statedir'],
      ];
      for (const [options, text] of cases) {
        const failure = await failureOf(hello, { stateDir, ...options });
        expect([failure.code, failure.message]).toEqual(['request', expect.stringContaining(text)]);
      }
      expect(await failureOf({} as State, { stateDir })).toMatchObject({ code: 'request' });
      expect(await failureOf(Scratch(), { stateDir })).toMatchObject({ code: 'request' });
      expect(await failureOf(hello, { stateDir, signal: AbortSignal.abort() })).toMatchObject({
        code: 'cancelled',
      });
    }));

  requires('root', 'busybox')('processes', () => {
    test('get secrets; their exit code and last lines are in the failure', () =>
      withTemporaryFolder(async (folder) => {
        const stateDir = join(folder, 'state');
        const box = Scratch().File(
          Copy(Local('bin', { dir: '/bin', includePatterns: ['busybox'] }), '/busybox', '/bin/sh', {
            createDestPath: true,
          }),
        );
        const show = (command: string) =>
          box.Run(Shlex(`/bin/sh -c '${command}'`), AddSecret('/s', { id: 's' })).Root();
        const events: ProgressEvent[] = [];
        await solve(show('cat /s'), {
          stateDir,
          secrets: { s: 'hush' },
          onProgress: (event) => void events.push(event),
        });
        const said = events.flatMap((event) =>
          event.type === 'log' ? [Buffer.from(event.data).toString()] : [],
        );
        expect(said.join('')).toBe('hush');
        const failure = await failureOf(show('echo gone; exit 7'), { stateDir, secrets: { s: 'hush' } });
        expect(failure).toMatchObject({ code: 'step', details: { exitCode: 7, log: ['gone'] } });
      }));
  });
});

test('inspect shows what the command shows', async () => {
  const { ops, result } = await inspect(hello);
  expect(ops).toMatchObject([{ number: 1, kind: 'file', name: 'mkfile /hello' }]);
  expect(result?.digest).toBe(ops[0]?.digest);
  expect(await inspect(await marshal(hello))).toEqual({ ...(await inspect(hello)) });
  expect(await inspect(Scratch())).toEqual({ digest: null, result: null, ops: [] });
});

test('the example of docs/api.md does what it says, and holds its types', () =>
  withTemporaryFolder(async (folder) => {
    const page = readFileSync(join(root, 'docs/api.md'), 'utf8');
    const [, text = ''] = /```ts\n(\/\/ ci\.ts\n.*?)```/s.exec(page) ?? [];
    mkdirSync(join(folder, 'src'));
    writeFileSync(join(folder, 'src/app.js'), 'app');
    writeFileSync(join(folder, 'ci.mts'), text);
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    mkdirSync(join(folder, 'node_modules'));
    symlinkSync(join(root, 'packages/cli'), join(folder, 'node_modules/llb-ts'));
    const flags = '--noEmit --strict --module nodenext --target es2023 --skipLibCheck'.split(' ');
    const types = ['--types', 'node', '--typeRoots', join(root, 'node_modules/@types')];
    const checked = await run(join(root, 'node_modules/.bin/tsc'), [...flags, ...types, 'ci.mts'], {
      cwd: folder,
    });
    expect([checked.status, checked.stdout.toString()]).toEqual([0, '']);
    const tsx = ['--import', join(root, 'node_modules/tsx/dist/esm/index.mjs')];
    const { status, stdout, stderr } = await run(process.execPath, [...tsx, 'ci.mts'], { cwd: folder });
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout.toString()).toMatch(
      /^local:\/\/src\ncopy .*\n\d+ bytes\n(?:done\n)+sha256:[0-9a-f]{64}\n$/,
    );
  }));
