import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Definition } from '@llb-ts/pb';
import { describe, expect, test } from 'vitest';
import { llbTsProgram } from '../../support/solvers.ts';
import { withRig } from './rig.ts';

const build = `import { Scratch, Mkfile, Merge } from 'llb-ts';
const a = Scratch().File(Mkfile('/a', 0o644, 'a'));
export default { a, both: Merge([a, Scratch().File(Mkfile('/b', 0o644, 'b'))]) };
`;

describe('llb-ts marshal', () => {
  test('writes the definition to standard output, or whole to a file', async () => {
    await withRig({ 'build.ts': build }, async (rig) => {
      const out = await rig.call(['marshal', 'build.ts', 'both']);
      expect([out.status, out.stderr]).toEqual([0, '']);
      expect(Definition.read(out.bytes).entries.map(({ op }) => op.op?.kind)).toEqual([
        'file',
        'file',
        'merge',
      ]);
      const file = await rig.call(['marshal', 'build.ts', 'both', '-o', 'def.pb']);
      expect([file.status, file.stdout, file.stderr]).toEqual([0, '', '']);
      expect(readFileSync(join(rig.folder, 'def.pb')).equals(out.bytes)).toBe(true);
      expect(readdirSync(rig.folder).sort()).toEqual(['build.ts', 'def.pb']);
    });
  });

  test('leaves the file of before when it fails', async () => {
    await withRig({ 'build.ts': 'throw new Error("x")', 'def.pb': 'old' }, async (rig) => {
      expect((await rig.call(['marshal', '-o', 'def.pb'])).status).toBe(2);
      expect(readFileSync(join(rig.folder, 'def.pb'), 'utf8')).toBe('old');
      expect((await rig.call(['marshal', '-o', '.'])).stderr).toMatch(
        /^error: cannot write \.: it is a directory\n/,
      );
    });
  });

  test('refuses a terminal', async () => {
    await withRig({ 'build.ts': build }, async (rig) => {
      // script(1) gives it a terminal, whose output is ours.
      const command = `${process.execPath} ${llbTsProgram()} marshal build.ts a`;
      const child = spawn('script', ['-qec', command, '/dev/null'], {
        cwd: rig.folder,
        env: { ...process.env, NO_COLOR: '1', CI: '' },
      });
      let out = '';
      child.stdout.on('data', (data: Buffer) => {
        out += data.toString();
      });
      const status = await new Promise((done) => child.on('close', done));
      expect(status).toBe(2);
      expect(out).toMatch(/^error: refusing to write a binary definition to the terminal\r\n/);
    });
  });
});

describe('llb-ts inspect', () => {
  test('shows a build and its definition alike', async () => {
    await withRig({ 'sub/build.ts': build }, async (rig) => {
      const program = await rig.call(['inspect', 'sub/build.ts', 'both']);
      expect(program.stdout).toMatch(/^ # {2}DIGEST .* SOURCE\n#1 .* mkfile \/a .* sub\/build\.ts:2\n/);
      expect(program.stdout).toMatch(/\n#3 .* merge \(#1, #2\) {2}#1 #2 .* sub\/build\.ts:3\nresult: #3\n$/);
      const { bytes } = await rig.call(['marshal', 'sub/build.ts', 'both']);
      const piped = await rig.call(['inspect', '-'], { input: bytes });
      expect(piped.stdout).toBe(program.stdout.replace(/sub\/build\.ts(:\d)/g, 'build.ts$1'));
      rig.write({ 'def.pb': bytes });
      expect((await rig.call(['inspect', 'def.pb'])).stdout).toBe(piped.stdout);
    });
  });

  test('selects a step by digest, with its source line', async () => {
    await withRig({ 'build.ts': build }, async (rig) => {
      const { ops } = JSON.parse((await rig.call(['inspect', 'build.ts', 'a', '--format', 'json'])).stdout);
      const { stdout } = await rig.call(['inspect', 'build.ts', 'a', '--digest', ops[0].digest.slice(7, 15)]);
      expect(stdout).toContain(`digest        ${ops[0].digest}`);
      expect(stdout).toContain(' >  2 | const a = Scratch()');
    });
  });

  test('draws, and ends quietly when nobody reads on', async () => {
    await withRig({ 'build.ts': build }, async (rig) => {
      expect((await rig.call(['inspect', 'build.ts', 'a', '--format', 'dot'])).stdout).toMatch(
        /^digraph \{\n {2}n1 /,
      );
      expect((await rig.call(['inspect', 'build.ts', 'a', '--format', 'mermaid'])).stdout).toMatch(
        /^flowchart TD\n/,
      );
      const command = `set -o pipefail; ${process.execPath} ${llbTsProgram()} inspect build.ts both --format json | true`;
      const child = spawn('bash', ['-c', command], { cwd: rig.folder, stdio: ['ignore', 'ignore', 'pipe'] });
      let stderr = '';
      child.stderr.on('data', (data: Buffer) => {
        stderr += data.toString();
      });
      expect(await new Promise((done) => child.on('close', done))).toBe(0);
      expect(stderr).toBe('');
    });
  });
});

describe('llb-ts help', () => {
  const file = `
    import { Scratch } from 'llb-ts';
    throw new Error('this must not run');
    interface Args {
      /** The version to build. */
      version: string;
      platform?: 'amd64' | 'arm64';
      debug?: boolean;
    }
    /** Builds the app. */
    export default ({ version, platform = 'amd64' }: Args) => Scratch();
  `;

  test('shows what a build file takes without running it', async () => {
    await withRig({ 'build.ts': file }, async (rig) => {
      const { status, stdout, stderr } = await rig.call(['help', 'build.ts']);
      expect([status, stderr]).toEqual([0, '']);
      expect(stdout).toBe(
        [
          'llb-ts solve build.ts --arg version=…',
          '',
          'Builds the app.',
          '',
          'Arguments:',
          '  version   string             required         The version to build.',
          '  platform  "amd64" | "arm64"  default \'amd64\'',
          '  debug     boolean            optional',
          '',
        ].join('\n'),
      );
      const json = JSON.parse((await rig.call(['help', 'build.ts', '--format', 'json'])).stdout);
      expect(json.arguments[1]).toEqual({
        name: 'platform',
        type: '"amd64" | "arm64"',
        required: false,
        default: "'amd64'",
        doc: '',
      });
    });
  });

  test('lists targets', async () => {
    await withRig({ 'build.ts': build }, async (rig) => {
      expect((await rig.call(['help', 'build.ts'])).stdout).toBe(
        ['llb-ts solve build.ts TARGET', '', 'Targets:', '  a', '  both', ''].join('\n'),
      );
    });
  });

  test('knows what it cannot tell', async () => {
    const files = {
      'state.ts': "import { Scratch } from 'llb-ts';\nexport default Scratch();",
      'untyped.mjs': 'export default (args) => args;',
      'none.ts': 'export const a = 1;',
      'def.pb': '',
    };
    await withRig(files, async (rig) => {
      expect((await rig.call(['help', 'state.ts'])).stdout).toBe('llb-ts solve state.ts\n');
      expect((await rig.call(['help', 'untyped.mjs'])).stdout).toBe(
        'llb-ts solve untyped.mjs\n\nArguments: any, their types are not said\n',
      );
      const none = await rig.call(['help', 'none.ts']);
      expect(none.status).toBe(2);
      expect(none.stderr).toMatch(/^error: none\.ts has no default export that can be told/);
      expect((await rig.call(['help', 'def.pb'])).stderr).toMatch(/^error: def\.pb is no build file\n/);
      expect((await rig.call(['help', 'nno.ts'])).stderr).toMatch(/help {3}did you mean none\.ts\?\n/);
    });
  });

  test('shows the commands, and their flags with an example each', async () => {
    await withRig({}, async (rig) => {
      const short = await rig.call([]);
      expect(short.status).toBe(0);
      expect(short.stdout).toContain('Usage: llb-ts COMMAND');
      for (const name of ['solve', 'marshal', 'inspect', 'help']) {
        expect(short.stdout).toContain(`\n  ${name} `);
        const full = await rig.call([name, '--help']);
        expect([full.status, full.stderr]).toEqual([0, '']);
        expect(full.stdout).toContain(`\nExample:\n  llb-ts ${name}`);
        expect((await rig.call(['help', name])).stdout).toBe(full.stdout);
      }
      expect((await rig.call(['solve', '--help'])).stdout).toMatch(
        /\nResult:\n[\s\S]*\nInputs:\n[\s\S]*\nSolving:\n/,
      );
    });
  });

  test('prints the version', async () => {
    await withRig({}, async (rig) => {
      const { version } = JSON.parse(readFileSync(join(llbTsProgram(), '../../package.json'), 'utf8'));
      expect((await rig.call(['--version'])).stdout).toBe(`${version}\n`);
    });
  });
});

describe('build arguments', () => {
  test('reach the build file with their types', async () => {
    const text = `
      import { Scratch, Mkfile } from 'llb-ts';
      export default (args: { name: string; count?: number; debug?: boolean; tags?: string[] }) =>
        Scratch().File(Mkfile('/' + JSON.stringify(args), 0o644, ''));
    `;
    await withRig({ 'build.ts': text }, async (rig) => {
      const args = ['name=1', 'count=2', 'debug', 'tags=a', 'tags=b'].flatMap((arg) => ['--arg', arg]);
      const { bytes, stderr } = await rig.call(['marshal', ...args]);
      expect(stderr).toBe('');
      const [entry] = Definition.read(bytes).entries;
      const action = entry?.op.op?.kind === 'file' ? entry.op.op.actions[0]?.action : undefined;
      expect(action).toMatchObject({ path: '/{"name":"1","count":2,"debug":true,"tags":["a","b"]}' });
    });
  });

  test('of a JavaScript file are text where nothing is said', async () => {
    const text = `import { Scratch, Mkfile } from 'llb-ts';
      export default (args) => Scratch().File(Mkfile('/' + JSON.stringify(args), 0o644, ''));`;
    await withRig({ 'build.mjs': text }, async (rig) => {
      const { bytes, stderr } = await rig.call(['marshal', 'build.mjs', '--arg', 'n=1']);
      expect(stderr).toBe('');
      expect(Buffer.from(bytes).includes('/{"n":"1"}')).toBe(true);
    });
  });
});
