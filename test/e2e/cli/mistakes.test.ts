import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Definition } from '@llb-ts/pb';
import { expect, test } from 'vitest';
import { llbTsProgram } from '../../support/solvers.ts';
import { environmentOf, withRig } from './rig.ts';

const head = "import { Scratch, Mkfile } from 'llb-ts';\n";
const good = `${head}export default Scratch().File(Mkfile('/a', 0o644, ''));\n`;

/** The standard error of a mistake in build.ts; fails unless the exit code is 2 and there is no output. */
async function complaint(
  files: Readonly<Record<string, string>>,
  args: readonly string[] = ['marshal'],
): Promise<string> {
  return withRig(files, async (rig) => {
    const { status, stdout, stderr } = await rig.call(args);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).not.toMatch(/^ {4}at /m);
    return stderr.replaceAll(rig.folder, 'FOLDER');
  });
}

test('a missing build.ts', async () => {
  expect(await complaint({})).toBe(
    'error: there is no build.ts in this directory\n' +
      '   help   name a build file or a definition, or - for a definition on standard input\n',
  );
});

test('a file that is not there, with the nearest that is', async () => {
  expect(await complaint({ 'sub/build.ts': good }, ['solve', 'sub/biuld.ts'])).toBe(
    'error: there is no file sub/biuld.ts\n   help   did you mean sub/build.ts?\n',
  );
  expect(await complaint({ 'build.ts': good }, ['solve', 'tests'])).toBe(
    'error: there is no file tests\n   help   for a target of build.ts: llb-ts solve build.ts tests\n',
  );
  expect(await complaint({ 'sub/build.ts': good }, ['solve', 'sub'])).toBe(
    'error: sub is a directory\n   help   did you mean sub/build.ts?\n',
  );
});

test('a syntax error', async () => {
  expect(await complaint({ 'build.ts': `${head}export default Scratch(;\n` })).toBe(
    [
      'error: unexpected ";"',
      '   build.ts:2:24',
      "    1 | import { Scratch, Mkfile } from 'llb-ts';",
      ' >  2 | export default Scratch(;',
      '      |                        ^',
      '',
    ].join('\n'),
  );
});

test('a syntax error in an imported file, behind wide characters', async () => {
  const files = { 'build.ts': "import './lib/x.ts';", 'lib/x.ts': "const a = '漢字'; let let = 1;\n" };
  expect(await complaint(files)).toMatch(
    /lib\/x\.ts:1:21\n > {2}1 \| const a = '漢字'; let let = 1;\n {6}\| {23}\^/,
  );
});

test('an import that does not exist, with the name that was meant', async () => {
  expect(await complaint({ 'build.ts': "import { Scratch, Mkfiel } from 'llb-ts';\nMkfiel();" })).toBe(
    [
      'error: llb-ts has no export named "Mkfiel"',
      '   build.ts:1:19',
      " >  1 | import { Scratch, Mkfiel } from 'llb-ts';",
      '      |                   ^',
      '   help   did you mean "Mkfile"?',
      '',
    ].join('\n'),
  );
  expect(await complaint({ 'build.ts': "import x from 'nosuch-package';\nx();" })).toMatch(
    /^error: could not resolve "nosuch-package"\n {3}build\.ts:1:15\n[\s\S]*npm install --save-dev nosuch-package\n$/,
  );
});

test('a throw: its own line, not ours', async () => {
  const text = `${head}function fail(): never {\n  throw new Error('boom');\n}\nexport default async () => fail();\n`;
  expect(await complaint({ 'build.ts': text })).toBe(
    [
      'error: boom',
      '   build.ts:3:9',
      '    2 | function fail(): never {',
      " >  3 |   throw new Error('boom');",
      '      |         ^',
      '',
    ].join('\n'),
  );
});

test('other things thrown', async () => {
  expect(await complaint({ 'build.ts': 'const x: any = undefined;\nx.y();' })).toMatch(
    /^error: TypeError: Cannot read properties of undefined \(reading 'y'\)\n {3}build\.ts:2:3\n/,
  );
  expect(await complaint({ 'build.ts': "throw 'text';" })).toBe('error: build.ts threw "text"\n');
  expect(await complaint({ 'build.ts': 'throw { a: 1 };' })).toBe('error: build.ts threw { a: 1 }\n');
  expect(await complaint({ 'build.ts': 'await new Promise(() => {});' })).toBe(
    'error: the build file waits for a promise that is never settled\n',
  );
  expect(
    await complaint({ 'build.ts': 'Promise.reject(new Error("lost")); await new Promise(() => {});' }),
  ).toMatch(/^error: lost\n {3}build\.ts:1:16\n/);
});

test('an error that nobody awaits: the line that made it, also when all else is done', async () => {
  const lost = `${good}Promise.reject(new Error('lost'));`;
  for (const command of ['marshal', 'solve']) {
    expect(await complaint({ 'build.ts': lost }, [command])).toMatch(/^error: lost\n {3}build\.ts:3:16\n/);
  }
  expect(await complaint({ 'build.ts': `${good}Promise.reject();` })).toBe(
    'error: build.ts threw undefined\n',
  );
  // Thrown while steps run: the solve is stopped, and says why.
  const slow = [
    "import { Mkfile, Scratch } from 'llb-ts';",
    "setTimeout(() => { throw new RangeError('in a timer'); }, 0);",
    'let state = Scratch();',
    "for (let i = 0; i < 3000; i++) state = state.File(Mkfile('/' + i, 0o644, ''));",
    'export default state;',
  ];
  expect(await complaint({ 'build.ts': slow.join('\n') }, ['solve', '--progress', 'quiet'])).toMatch(
    /^error: RangeError: in a timer\n {3}build\.ts:2:26\n/,
  );
});

test('a build file that ends the process', async () => {
  for (const code of ['0', '1', '']) {
    expect(await complaint({ 'build.ts': `${good}process.exit(${code});` })).toMatch(
      new RegExp(
        `^error: build\\.ts ended the process with process\\.exit\\(${code}\\)\\n {3}build\\.ts:3:9\\n`,
      ),
    );
  }
  expect(
    await complaint({ 'build.ts': `${good}process.exitCode = 0; throw new Error('still an error');` }),
  ).toMatch(/^error: still an error\n/);
});

test('a build file in an endless loop hears signals', async () => {
  const files = {
    'build.ts': `${good}console.error('begun'); while (true);`,
    'function.ts': `export default () => { console.error('begun'); while (true); };`,
  };
  await withRig(files, async (rig) => {
    const temporary = join(rig.folder, 'tmp');
    mkdirSync(temporary);
    for (const file of Object.keys(files)) {
      const child = spawn(process.execPath, [llbTsProgram(), 'marshal', file], {
        cwd: rig.folder,
        env: { ...environmentOf(rig), TMPDIR: temporary },
      });
      await once(child.stderr, 'data');
      child.kill('SIGINT');
      expect(await once(child, 'close')).toEqual([null, 'SIGINT']);
      expect(readdirSync(temporary)).toEqual([]);
    }
  });
});

test('what a build file prints stays out of standard output', async () => {
  const text = `${good}import { stdout } from 'node:process';
    console.log('1'); process.stdout.write('2\\n'); stdout.write('3\\n');`;
  await withRig({ 'build.ts': text, 'quiet.ts': good }, async (rig) => {
    const [loud, quiet] = [await rig.call(['marshal']), await rig.call(['marshal', 'quiet.ts'])];
    expect([loud.status, loud.stderr]).toEqual([0, '1\n2\n3\n']);
    expect(Definition.read(loud.bytes).digest).toBe(Definition.read(quiet.bytes).digest);
  });
});

test('a method or function that does not exist, with the one that was meant', async () => {
  const given = (text: string) =>
    complaint({ 'build.ts': `import { Image, Scratch } from 'llb-ts';\n${text}` });
  expect(await given("export default Scratch().Fil('x');")).toMatch(
    /^error: TypeError: Scratch\(\.\.\.\)\.Fil is not a function\n {3}build\.ts:2:26\n[\s\S]*\n {3}help {3}did you mean \.File\?\n$/,
  );
  expect(await given("export default Image('a').run();")).toMatch(/\n {3}help {3}did you mean \.Run\?\n$/);
  expect(await given('const other: any = {}; other.zzzzzz();')).not.toContain('help');
  const all = "import * as llb from 'llb-ts';\nexport default llb.Scrach();";
  expect(await complaint({ 'build.ts': all })).toMatch(
    /^error: llb-ts has no export named "Scrach"\n {3}build\.ts:2:20\n[\s\S]*\n {3}help {3}did you mean "Scratch"\?\n$/,
  );
  expect(await complaint({ 'build.ts': "import llb from 'llb-ts';\nllb.Scratch();" })).toMatch(
    /^error: llb-ts has no default export\n[\s\S]*help {3}name what is used/,
  );
  const required = "const { Mkfil } = require('llb-ts');\nmodule.exports = Mkfil('/a', 0o644, '');";
  expect(await complaint({ 'build.cjs': required }, ['marshal', 'build.cjs'])).toMatch(
    /^error: TypeError: Mkfil is not a function\n[\s\S]*help {3}did you mean Mkfile\?\n$/,
  );
});

test('files of other formats', async () => {
  const given = async (name: string, text: string) =>
    /^error: (.*)\n {3}help/.exec(await complaint({ [name]: text }, ['solve', name]))?.[1];
  for (const name of ['Dockerfile', 'Dockerfile.dev', 'app.Dockerfile', 'Containerfile']) {
    expect(await given(name, 'RUN x')).toBe(`${name} holds no LLB definition: it is a Dockerfile`);
  }
  expect(await given('file', '# a comment\nFROM alpine\n')).toMatch(/it is a Dockerfile$/);
  expect(await given('file', '# syntax=docker/dockerfile:1\n')).toMatch(/it is a Dockerfile$/);
  expect(await given('package.json', '{"name":"x"}')).toMatch(/it is JSON$/);
  expect(await given('build.txt', good)).toMatch(/it is JavaScript or TypeScript$/);
  expect(await given('compose.yaml', 'services:\n  a: 1\n')).toMatch(/it is text$/);
});

test('a throw in a package points at the line that called it', async () => {
  const files = {
    'build.ts': "import { f } from 'pkg';\n\nf();\n",
    'node_modules/pkg/package.json': '{"name":"pkg","type":"module","exports":"./m.js"}',
    'node_modules/pkg/m.js':
      "export const f = (n = 30) => { if (n > 0) return f(n - 1); throw new RangeError('inside'); };",
  };
  expect(await complaint(files)).toMatch(/^error: RangeError: inside\n {3}build\.ts:3:1\n/);
});

test('a wrong argument of the language', async () => {
  const text =
    "import { Scratch, Mkfile } from 'llb-ts';\n\nexport default Scratch()\n  .File(Mkfile('/a', 755, ''));\n";
  expect(await complaint({ 'build.ts': text })).toBe(
    [
      'error: Mkfile: mode 755 is decimal',
      '   build.ts:4:9',
      '    3 | export default Scratch()',
      " >  4 |   .File(Mkfile('/a', 755, ''));",
      '      |         ^',
      '   help   write it in octal: 0o755',
      '',
    ].join('\n'),
  );
});

test('no usable export', async () => {
  expect(await complaint({ 'build.ts': `${head}export const app = Scratch();\nexport const n = 1;\n` })).toBe(
    [
      'error: build.ts has no default export',
      '   exports   app, n',
      '   help      export what is to be built: export default app',
      '',
    ].join('\n'),
  );
  expect(await complaint({ 'build.ts': 'export {};' })).toMatch(
    /^error: build\.ts has no default export\n {3}exports {3}nothing\n/,
  );
  expect(await complaint({ 'build.ts': 'export default 42;' })).toMatch(
    /^error: build\.ts: the default export is a number, not a State\n/,
  );
  expect(await complaint({ 'build.ts': 'export default () => "x";' })).toMatch(
    /the default export is the text "x", not a State/,
  );
  expect(await complaint({ 'build.ts': 'export default { a: [] };' })).toMatch(
    /the target "a" is a list, not a State/,
  );
  expect(await complaint({ 'build.ts': 'export default {};' })).toMatch(/exports no targets/);
});

test('a target that does not exist', async () => {
  const text = `${head}export default { app: Scratch(), test: Scratch() };`;
  expect(await complaint({ 'build.ts': text }, ['marshal', 'build.ts', 'tset'])).toBe(
    'error: build.ts has no target "tset"\n   targets   app, test\n   help      did you mean "test"?\n',
  );
  expect(await complaint({ 'build.ts': text })).toBe(
    'error: build.ts has 2 targets: which one?\n   targets   app, test\n   help      name one: llb-ts solve build.ts app\n',
  );
  expect(await complaint({ 'build.ts': good }, ['marshal', 'build.ts', 'app'])).toMatch(
    /^error: build\.ts has no target "app": it exports one state\n/,
  );
  expect(await complaint({ 'build.ts': text }, ['marshal', 'build.ts', 'app', '--target', 'test'])).toBe(
    'error: two targets: app and --target test\n',
  );
});

test('arguments: missing, unknown, ill-typed', async () => {
  const text = `${head}
    interface Args {
      /** The version to build. */
      version: string;
      platform?: 'amd64' | 'arm64';
    }
    export default ({ version, platform = 'amd64' }: Args) => Scratch().File(Mkfile('/' + version + platform, 0o644, ''));
  `;
  const given = (...args: string[]) => complaint({ 'build.ts': text }, ['marshal', 'build.ts', ...args]);
  expect(await given()).toBe(
    [
      'error: build.ts needs the argument "version"',
      '   version   string: The version to build.',
      '   help      give it with --arg version=…',
      '',
    ].join('\n'),
  );
  expect(await given('--arg', 'versio=1')).toBe(
    'error: build.ts has no argument "versio"\n   help   did you mean "version"?\n',
  );
  expect(await given('--arg', 'version=1', '--arg', 'platform=arm46')).toBe(
    'error: --arg platform=arm46: "arm46" is not one of "amd64", "arm64"\n   help   did you mean "arm64"?\n',
  );
  expect(await complaint({ 'build.ts': good }, ['marshal', '--arg', 'a=1'])).toMatch(
    /^error: build\.ts takes no arguments\n/,
  );
});

test('definitions that are none', async () => {
  const truncated = Buffer.from('0a05', 'hex').toString('latin1');
  expect(await complaint({ 'def.pb': truncated }, ['inspect', 'def.pb'])).toMatch(
    /^error: def\.pb holds no LLB definition: .*the bytes end in the middle of a field\n {3}help {3}a definition is what/,
  );
  expect(await complaint({ def: '' }, ['solve', 'def'])).toBe(
    'error: empty definition sent to build\n   help   def held no operations: did the command that wrote it fail?\n',
  );
  expect(await complaint({}, ['solve', '-'])).toBe(
    'error: empty definition sent to build\n   help   standard input held no operations: did the command that wrote it fail?\n',
  );
  expect(await complaint({ 'build.ts': `${head}export default Scratch();` }, ['solve'])).toMatch(
    /^error: build\.ts: the result is Scratch\(\), there is nothing to solve\n/,
  );
  expect(await complaint({ def: '' }, ['inspect', 'def', 'target'])).toMatch(
    /^error: a definition has no targets/,
  );
  expect(await complaint({ def: '' }, ['inspect', 'def', '--arg', 'a=b'])).toMatch(
    /^error: a definition takes no arguments/,
  );
});

test('words and flags that do not exist, with the nearest that do', async () => {
  expect(await complaint({}, ['sovle'])).toBe(
    'error: unknown command "sovle"\n   help   did you mean "solve"?\n',
  );
  expect(await complaint({}, ['build.ts'])).toBe(
    'error: unknown command "build.ts"\n   help   to solve a file: llb-ts solve build.ts\n',
  );
  expect(await complaint({}, ['solve', '--ouput', 'x'])).toBe(
    "error: unknown option '--ouput'\n   help   did you mean --output?\n",
  );
  expect(await complaint({}, ['inspect', '--format', 'jsno'])).toBe(
    'error: --format jsno: there is no such choice\n   help   did you mean "json"?\n',
  );
  expect(await complaint({}, ['solve', '--jobs', '0'])).toBe(
    'error: --jobs 0: expected a whole number above 0\n',
  );
  expect(await complaint({}, ['solve', '-o'])).toMatch(
    /^error: option '-o, --output <spec>' argument missing\n/,
  );
  expect(await complaint({}, ['solve', 'a', 'b', 'c'])).toMatch(/^error: too many arguments/);
  expect(await complaint({}, ['help', 'slove'])).toBe(
    'error: unknown command "slove"\n   help   did you mean "solve"?\n',
  );
});

test('wrong inputs are said before the build file runs', async () => {
  const text = `${good}throw new Error('it ran');`;
  const given = (...args: string[]) => complaint({ 'build.ts': text, file: '' }, ['solve', ...args]);
  expect(await given('--local', 'ctx=nosuch')).toBe('error: --local ctx=nosuch: no such directory\n');
  expect(await given('--local', 'ctx=file')).toBe('error: --local ctx=file: not a directory\n');
  expect(await given('--oci-layout', 'x')).toBe('error: --oci-layout x: expected NAME=DIR\n');
  expect(await given('-o', 'file')).toBe('error: cannot write to file: it is not a directory\n');
  expect(await given('-o', 'type=tar,dest=no/x.tar')).toMatch(
    /^error: cannot write no\/x\.tar: there is no directory FOLDER\/no\n/,
  );
  expect(await given('--secret', 'id=a,src=nosuch')).toMatch(
    /^error: --secret id=a,src=nosuch: cannot read nosuch/,
  );
  expect(await given('--allow', 'all')).toMatch(/^error: --allow all: unknown entitlement\n/);
  expect(await given('--progress', 'tty')).toMatch(
    /^error: --progress tty: standard error is not a terminal\n/,
  );
  expect(await given('--metadata-file', 'no/m.json')).toMatch(/^error: cannot write no\/m\.json/);
});

test('stacks are shown when asked for', async () => {
  await withRig({ 'build.ts': "throw new Error('boom');" }, async (rig) => {
    const { stderr } = await rig.call(['marshal'], { env: { LLB_TS_DEBUG: '1' } });
    expect(stderr).toMatch(/^error: boom\n {3}build\.ts:1:7\n/);
    expect(stderr).toMatch(/^ {4}at /m);
  });
});
