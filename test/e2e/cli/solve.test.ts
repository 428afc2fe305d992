import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findProgram, requires } from '../../support/requirements.ts';
import { llbTsProgram } from '../../support/solvers.ts';
import { type Rig, withRig } from './rig.ts';

const build = `import { Copy, Local, Merge, Mkfile, Scratch } from 'llb-ts';
const hello = Scratch().File(Mkfile('/hello', 0o644, 'hello\\n'));
export default {
  merged: Merge([hello, Scratch().File(Mkfile('/b', 0o600, 'bb'))]),
  failing: hello
    .File(Copy(hello, '/nosuch', '/app')),
  folder: Scratch().File(Copy(Local('src', { dir: './files' }), '/', '/')),
};
`;

/** Steps that run programs of this machine, which the test has copied beside the build file. */
const runs = `import { AddSecret, Args, Local, type State } from 'llb-ts';
const root = Local('root', { dir: './root' });
const sh = (script: string): State => root.AddEnv('PATH', '/bin').Run(Args(['sh', '-c', script])).Root();
export default {
  quick: sh('echo done > /done'),
  slow: sh('echo it runs; sleep 54.321'),
  failing: sh('i=0; while [ $i -lt 40 ]; do i=$((i+1)); echo line $i; done; exit 3'),
  secret: root.AddEnv('PATH', '/bin').Run(
    Args(['sh', '-c', 'cat /s/token; echo; cat /s/other; echo']),
    AddSecret('/s/token', { id: 'token' }),
    AddSecret('/s/other', { id: 'other' }),
  ),
};
`;

const summary = /^solved in \d+\.\ds: (\d+) ran, (\d+) cached; (\d+) layers?, ([\d.]+ [kM]?B)( → .*)?$/m;

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

describe('progress', () => {
  test('plain is the form of BuildKit', async () => {
    await withRig({ 'build.ts': build }, async (rig) => {
      const { stderr } = await rig.call(['solve', 'build.ts', 'merged', '-o', 'out', '--progress', 'plain']);
      expect(stderr).toMatch(/^#1 mkfile \/(hello|b)\n#1 DONE \d\.\ds\n\n#2 /);
      expect(stderr).toMatch(/\n#\d exporting to client directory\n(#\d .*\n)*#\d DONE \d\.\ds\nsolved in /);
      const again = await rig.call(['solve', 'build.ts', 'merged']);
      expect(again.stderr.match(/^#\d CACHED$/gm)).toHaveLength(3);
    });
  });

  test('quiet prints nothing', async () => {
    await withRig({ 'build.ts': build }, async (rig) => {
      const { status, stdout, stderr } = await rig.call([
        'solve',
        'build.ts',
        'merged',
        '-o',
        'out',
        '--progress',
        'quiet',
      ]);
      expect([status, stdout, stderr]).toEqual([0, '', '']);
    });
  });

  test('rawjson prints one status a line and nothing else', async () => {
    await withRig({ 'build.ts': build }, async (rig) => {
      const { stderr } = await rig.call([
        'solve',
        'build.ts',
        'merged',
        '-o',
        'out',
        '--progress',
        'rawjson',
      ]);
      const lines = stderr
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown[]>);
      const names = ['vertexes', 'statuses', 'logs', 'warnings'];
      for (const line of lines) expect(names).toContain(Object.keys(line)[0]);
      const completed = lines
        .flatMap(({ vertexes = [] }) => vertexes as { completed?: string }[])
        .filter((v) => v.completed);
      expect(completed.length).toBeGreaterThanOrEqual(4);
    });
  });

  test('on a terminal it is a picture that folds away, and the failure stays', async () => {
    await withRig({ 'build.ts': build }, async (rig) => {
      const good = await onTerminal(rig, ['solve', 'build.ts', 'merged', '-o', 'out']);
      expect(good.status).toBe(0);
      expect(good.screen.trimEnd()).toMatch(/^solved in .* → out\/$/);
      const bad = await onTerminal(rig, ['solve', 'build.ts', 'failing', '-o', 'out']);
      expect(bad.status).toBe(1);
      expect(bad.screen).toMatch(/^ => ERROR copy \/nosuch \/app +\d\.\ds\nerror: .*nosuch/);
    });
  });
});

requires('root')('interrupts of a running step', () => {
  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)(
    '%s stops it cleanly: nothing runs, nothing is mounted, no output, the store as good as before',
    async (signal, status) => {
      await withRig({ 'build.ts': runs }, async (rig) => {
        copyPrograms(join(rig.folder, 'root'), ['sh', 'sleep']);
        const flags = ['-o', 'type=tar,dest=out.tar', '-o', 'out', '--progress', 'plain'];
        const child = spawn(process.execPath, [llbTsProgram(), 'solve', 'build.ts', 'slow', ...flags], {
          cwd: rig.folder,
          env: environmentOf(rig),
        });
        let stderr = '';
        const started = new Promise<void>((done) => {
          child.stderr.on('data', (data: Buffer) => {
            stderr += data.toString();
            if (/^#\d+ [\d.]+ it runs$/m.test(stderr)) done();
          });
        });
        const ended = new Promise((done) => child.on('close', done));
        await Promise.race([started, ended]);
        child.kill(signal);
        expect([await ended, stderr]).toEqual([status, expect.stringContaining('it runs')]);
        expect(stderr).toMatch(/^#\d+ CANCELED\nerror: the solve was stopped\n$/m);
        expect(stderr).not.toMatch(/Internal error|^ {4}at /m);
        expect(readdirSync(rig.folder).sort()).toEqual(['build.ts', 'root']);
        expect(processesWith('sleep 54.321')).toEqual([]);
        expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(
          rig.folder.replace(/work$/, 'state'),
        );
        const after = await rig.call(['solve', 'build.ts', 'quick', '-o', 'out']);
        expect([after.status, after.stderr]).toEqual([0, expect.stringMatching(summary)]);
      });
    },
  );
});

requires('root')('a process', () => {
  test('that fails shows its last lines, where all of them are, and the command', async () => {
    await withRig({ 'build.ts': runs }, async (rig) => {
      copyPrograms(join(rig.folder, 'root'), ['sh', 'sleep']);
      const { status, stderr } = await rig.call(['solve', 'build.ts', 'failing', '--progress', 'quiet']);
      expect(status).toBe(1);
      expect(stderr).toMatch(
        /^error: process "sh -c .*" did not complete successfully: exit code: 3\n {3}build\.ts:\d+:\d+\n/,
      );
      expect(stderr).toMatch(/\n {3}output\n {5}\| line 21\n( {5}\| line \d+\n){18} {5}\| line 40\n/);
      const log = /\n {3}log {6}(.*) \(all 40 lines\)\n/.exec(stderr)?.[1] ?? '';
      expect(readFileSync(log, 'utf8')).toMatch(/^line 1\n(line \d+\n){38}line 40\n$/);
    });
  });

  test('is given secrets by id', async () => {
    await withRig({ 'build.ts': runs, token: 'from file' }, async (rig) => {
      copyPrograms(join(rig.folder, 'root'), ['sh', 'cat']);
      const flags = [
        '--secret',
        'id=token,src=token',
        '--secret',
        'id=other,env=OTHER',
        '--progress',
        'plain',
      ];
      const { status, stderr } = await rig.call(['solve', 'build.ts', 'secret', ...flags], {
        env: { OTHER: 'from env' },
      });
      expect([status, stderr]).toEqual([0, expect.stringMatching(/ from file\n(.*\n)*.* from env\n/)]);
    });
  });
});

describe('interrupts', () => {
  test('a signal while the build file runs ends at once and leaves nothing', async () => {
    const text =
      "import { writeFileSync } from 'node:fs';\nwriteFileSync('running', '');\nawait new Promise((r) => setTimeout(r, 60_000));";
    await withRig({ 'build.ts': text, 'tmp/x': '' }, async (rig) => {
      const child = spawn(process.execPath, [llbTsProgram(), 'marshal'], {
        cwd: rig.folder,
        env: { ...environmentOf(rig), TMPDIR: join(rig.folder, 'tmp') },
      });
      const ended = new Promise((done) => child.on('close', done));
      while (!existsSync(join(rig.folder, 'running'))) await new Promise((done) => setTimeout(done, 20));
      child.kill('SIGINT');
      expect(await ended).toBe(130);
      expect(readdirSync(join(rig.folder, 'tmp'))).toEqual(['x']);
    });
  });

  test('a reader that goes away fails the export, without a stack', async () => {
    await withRig({ 'build.ts': build, 'files/big': Buffer.alloc(8 * 1024 * 1024) }, async (rig) => {
      const command = `${process.execPath} ${llbTsProgram()} solve build.ts folder -o - | head -c 100 > /dev/null; echo "\${PIPESTATUS[0]}"`;
      const child = spawn('bash', ['-c', command], { cwd: rig.folder, env: environmentOf(rig) });
      let out = '';
      let stderr = '';
      child.stdout.on('data', (data: Buffer) => {
        out += data.toString();
      });
      child.stderr.on('data', (data: Buffer) => {
        stderr += data.toString();
      });
      await new Promise((done) => child.on('close', done));
      expect(out).toBe('1\n');
      expect(stderr).not.toMatch(/Internal error|^ {4}at /m);
    });
  });
});

function environmentOf(rig: Rig): NodeJS.ProcessEnv {
  return { ...process.env, NO_COLOR: '1', CI: '', LLB_TS_STATE_DIR: join(rig.folder, '../state') };
}

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

/** Runs the CLI on a terminal of script(1), and returns what stands on the screen at the end. */
async function onTerminal(rig: Rig, args: readonly string[]): Promise<{ status: unknown; screen: string }> {
  const command = [process.execPath, llbTsProgram(), ...args].join(' ');
  const child = spawn('script', ['-qec', `stty cols 80 rows 24; ${command}`, '/dev/null'], {
    cwd: rig.folder,
    env: { ...environmentOf(rig), TERM: 'xterm' },
  });
  let out = '';
  child.stdout.on('data', (data: Buffer) => {
    out += data.toString();
  });
  const status = await new Promise((done) => child.on('close', done));
  return { status, screen: screenOf(out) };
}

/** The lines that are left of a picture which is drawn with "up", "clear to the end of the line" and "clear below". */
function screenOf(text: string): string {
  const lines: string[] = [''];
  let row = 0;
  let column = 0;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a terminal reads these
  for (const [token] of text.matchAll(/\x1b\[[?\d]*[A-Za-z]|[^\x1b]/gu)) {
    const line = lines[row] ?? '';
    if (token === '\r') column = 0;
    else if (token === '\n') row++;
    else if (token === '\x1b[J') lines.splice(row);
    else if (token === '\x1b[K') lines[row] = line.slice(0, column);
    else if (token.startsWith('\x1b') && token.endsWith('A')) row -= Number(token.slice(2, -1));
    else if (!token.startsWith('\x1b')) {
      lines[row] = line.padEnd(column).slice(0, column) + token + line.slice(column + 1);
      column++;
    }
  }
  return lines.join('\n');
}

/** Copies programs of this machine to `folder`/bin, with the libraries that they need. */
function copyPrograms(folder: string, names: readonly string[]): void {
  for (const name of names) {
    const program = findProgram(name) ?? '';
    place(program, join(folder, 'bin', name));
    const { stdout } = spawnSync('ldd', [program], { encoding: 'utf8' });
    for (const [, library = ''] of stdout.matchAll(/(\/\S+) \(0x/g)) place(library, join(folder, library));
  }
}

function place(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(from, to);
}

function processesWith(command: string): readonly string[] {
  return spawnSync('ps', ['-eo', 'args'], { encoding: 'utf8' })
    .stdout.split('\n')
    .filter((line) => line === command);
}
