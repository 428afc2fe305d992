import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { llbTsProgram } from '../../support/solvers.ts';
import { build, summary } from './examples.ts';
import { environmentOf, type Rig, withRig } from './rig.ts';

describe('where the result goes', () => {
  test('a folder, a file, standard output; each twice, the second time from the cache', async () => {
    await withRig({ 'build.ts': build }, async (rig) => {
      const first = await rig.call([
        'solve',
        'build.ts',
        'merged',
        '-o',
        'out',
        '-o',
        'type=tar,dest=out.tar',
      ]);
      expect([first.status, first.stdout]).toEqual([0, '']);
      expect(first.stderr.match(summary)?.slice(1)).toEqual(['3', '0', '2', '8 B', ' → out/, out.tar']);
      expect(readdirSync(join(rig.folder, 'out')).sort()).toEqual(['b', 'hello']);
      expect(readFileSync(join(rig.folder, 'out/hello'), 'utf8')).toBe('hello\n');
      expect(statSync(join(rig.folder, 'out/b')).mode & 0o7777).toBe(0o600);

      const second = await rig.call(['solve', 'build.ts', 'merged', '-o', '-']);
      expect(second.stderr.match(summary)?.slice(1)).toEqual(['0', '3', '2', '8 B', ' → standard output']);
      expect(second.bytes.equals(readFileSync(join(rig.folder, 'out.tar')))).toBe(true);

      const third = await rig.call(['solve', 'build.ts', 'merged', '--no-cache']);
      expect(third.stderr.match(summary)?.slice(1)).toEqual(['3', '0', '2', '8 B', undefined]);
    });
  });

  test('nowhere: it is kept, and how to get it out is said', async () => {
    await withRig({ 'build.ts': build }, async (rig) => {
      const { status, stderr } = await rig.call(['solve', 'build.ts', '--target', 'merged']);
      expect(status).toBe(0);
      expect(stderr).toMatch(
        /\nnothing was written: the result is kept; add -o DIR for a folder, -o - for a tar\n$/,
      );
    });
  });

  test('a definition, from a file and from standard input, gives the same', async () => {
    await withRig({ 'build.ts': build }, async (rig) => {
      const { bytes } = await rig.call(['marshal', 'build.ts', 'merged']);
      rig.write({ 'def.pb': bytes });
      const fromFile = await rig.call(['solve', 'def.pb', '-o', '-']);
      const fromStdin = await rig.call(['solve', '-', '-o', '-'], { input: bytes });
      expect([fromFile.status, fromStdin.status]).toEqual([0, 0]);
      expect(fromFile.bytes.equals(fromStdin.bytes)).toBe(true);
      expect(fromStdin.stderr).toMatch(summary);
    });
  });

  test('a failed build leaves no file, and the file of before as it was', async () => {
    await withRig({ 'build.ts': build, 'old.tar': 'old' }, async (rig) => {
      const { status } = await rig.call([
        'solve',
        'build.ts',
        'failing',
        '-o',
        'type=tar,dest=new.tar',
        '-o',
        'type=tar,dest=old.tar',
        '-o',
        'out',
      ]);
      expect(status).toBe(1);
      expect(readdirSync(rig.folder).sort()).toEqual(['build.ts', 'old.tar']);
      expect(readFileSync(join(rig.folder, 'old.tar'), 'utf8')).toBe('old');
    });
  });

  test('--metadata-file is written as JSON', async () => {
    await withRig({ 'build.ts': build }, async (rig) => {
      const { status } = await rig.call([
        'solve',
        'build.ts',
        'merged',
        '-o',
        'out',
        '--metadata-file',
        'm.json',
      ]);
      expect(status).toBe(0);
      expect(typeof JSON.parse(readFileSync(join(rig.folder, 'm.json'), 'utf8'))).toBe('object');
    });
  });

  test('a folder that may not be written is said before anything is built', async () => {
    await withRig({ 'build.ts': `${build}\nthrow new Error('it ran');` }, async (rig) => {
      mkdirSync(join(rig.folder, 'locked'), { mode: 0o555 });
      // Root may write anywhere, so an ordinary user has to try.
      const { status, stderr } = await callAs(65534, rig, [
        'solve',
        'build.ts',
        'merged',
        '-o',
        'locked/out',
      ]);
      expect(stderr).toMatch(/^error: cannot write locked\/out: permission denied \(.*\)\n/);
      expect(status).toBe(3);
    });
  });
});

describe('inputs', () => {
  test('a local folder is where the build file says, or where the flag says', async () => {
    const files = { 'sub/build.ts': build, 'sub/files/a': 'a', 'other/b': 'b' };
    await withRig(files, async (rig) => {
      const own = await rig.call(['solve', 'sub/build.ts', 'folder', '-o', 'own']);
      expect([own.status, own.stderr]).toEqual([0, expect.stringMatching(summary)]);
      expect(readdirSync(join(rig.folder, 'own'))).toEqual(['a']);
      await rig.call(['solve', 'sub/build.ts', 'folder', '--local', 'src=other', '-o', 'given']);
      expect(readdirSync(join(rig.folder, 'given'))).toEqual(['b']);
    });
  });

  test('a declared folder that is not there is said; not when a flag takes its place', async () => {
    await withRig({ 'build.ts': build, 'other/b': 'b' }, async (rig) => {
      const { status, stderr } = await rig.call(['solve', 'build.ts', 'folder', '-o', 'out']);
      expect([status, stderr]).toEqual([2, 'error: Local("src"), files: no such directory\n']);
      expect(
        (await rig.call(['solve', 'build.ts', 'folder', '--local', 'src=other', '-o', 'out'])).status,
      ).toBe(0);
    });
  });

  test('a piped definition that needs a folder says which', async () => {
    await withRig({ 'build.ts': build, 'files/a': '' }, async (rig) => {
      const { bytes } = await rig.call(['marshal', 'build.ts', 'folder']);
      const { status, stderr } = await rig.call(['solve', '-'], { input: bytes });
      expect(status).toBe(1);
      expect(stderr).toMatch(/^error: no access allowed to dir "src"$/m);
      expect(stderr).toContain('--local src=');
    });
  });
});

describe('failures', () => {
  test('name the step, the line of build.ts and its column', async () => {
    await withRig({ 'sub/build.ts': build }, async (rig) => {
      const { status, stdout, stderr } = await rig.call([
        'solve',
        'sub/build.ts',
        'failing',
        '-o',
        'out',
        '--progress',
        'quiet',
      ]);
      expect([status, stdout]).toEqual([1, '']);
      expect(stderr).toMatch(/^error: .*\/nosuch.*\n {3}sub\/build\.ts:6:6\n/);
      expect(stderr).toContain(
        [
          '    5 |   failing: hello',
          " >  6 |     .File(Copy(hello, '/nosuch', '/app')),",
          '      |      ^',
          '   step   copy /nosuch /app',
        ].join('\n'),
      );
    });
  });

  test('of a piped definition name its file, which comes with it', async () => {
    await withRig({ 'build.ts': build }, async (rig) => {
      const { bytes } = await rig.call(['marshal', 'build.ts', 'failing']);
      const { status, stderr } = await rig.call(['solve', '-', '-o', 'out'], { input: bytes, cwd: '..' });
      expect(status).toBe(1);
      expect(stderr).toMatch(/^error: .*\n {3}build\.ts:6:6\n {4}5 \| {3}failing: hello\n > {2}6 \|/m);
    });
  });

  test('a store of another version is refused, and nothing in it is touched', async () => {
    await withRig({ 'build.ts': build, 'state/x': '' }, async (rig) => {
      expect((await rig.call(['solve', 'build.ts', 'merged', '--state-dir', 'store'])).status).toBe(0);
      const { status, stderr } = await rig.call([
        'solve',
        'build.ts',
        'merged',
        '--state-dir',
        '/proc/nosuch',
      ]);
      expect(status).toBe(3);
      expect(stderr).toMatch(/^error: /);
      expect(stderr).not.toMatch(/^ {4}at /m);
    });
  });
});

/** Runs the CLI as another user, who can read the rig's folder. */
function callAs(
  uid: number,
  rig: Rig,
  args: readonly string[],
): Promise<{ status: number | null; stderr: string }> {
  return new Promise((done) => {
    const options = process.getuid?.() === 0 ? { uid, gid: uid } : {};
    const child = spawn(process.execPath, [llbTsProgram(), ...args], {
      cwd: rig.folder,
      env: environmentOf(rig),
      ...options,
    });
    let stderr = '';
    child.stderr.on('data', (data: Buffer) => {
      stderr += data.toString();
    });
    child.on('close', (status) => done({ status, stderr }));
  });
}
