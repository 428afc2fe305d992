import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findProgram, requires } from '../../support/requirements.ts';
import { run } from '../../support/run.ts';
import { withTemporaryFolder } from '../../support/temporary.ts';

const root = join(import.meta.dirname, '../../..');
const pages = [
  'README.md',
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

/** Lines that are not run here, each with the reason. */
const NOT_RUN: Readonly<Record<string, string>> = {
  'npm install --save-dev llb-ts typescript':
    'the package of this version is not published: package.test.ts installs its tarball',
  'npx llb-ts solve -o type=docker,name=hello,dest=hello.tar': 'pulls from docker.io',
  'docker load -i hello.tar': 'needs the line before; export/tools.test.ts loads such archives',
  'docker run --rm hello': 'needs the line before',
  'npm run demo': 'installs and builds this repository anew, while the tests use it',
  'npm test': 'is what runs this',
};

/** Lines that need the reference BuildKit. */
const NEEDS_BUILDKIT = /\bbuildctl\b/;

const lines = pages.flatMap((page) => {
  const text = readFileSync(join(root, page), 'utf8');
  const blocks = [...text.matchAll(/^```(?:sh|bash|shell|console)\n([\s\S]*?)^```/gm)];
  return blocks.flatMap(([, block = '']) =>
    block
      .split('\n')
      .map((line) => line.replace(/\s+# .*$/, '').trim())
      .filter((line) => line !== '')
      .map((line) => ({ page, line })),
  );
});
const toRun = lines.filter(({ line }) => !Object.hasOwn(NOT_RUN, line));

function example(name: string): string {
  const text = readFileSync(join(root, 'README.md'), 'utf8');
  return (
    [...text.matchAll(/```ts\n([\s\S]*?)```/g)]
      .map(([, code = '']) => code)
      .find((code) => code.startsWith(name)) ?? ''
  );
}

/** Runs lines one after the other in a project that has installed `llb-ts` and TypeScript. */
function runLines(build: string, commands: readonly string[]): Promise<void> {
  return withTemporaryFolder(async (folder) => {
    const bin = join(folder, 'node_modules/.bin');
    mkdirSync(bin, { recursive: true });
    mkdirSync(join(folder, 'src'));
    symlinkSync(join(root, 'packages/cli'), join(folder, 'node_modules/llb-ts'));
    symlinkSync(join(root, 'packages/cli/bin/llb-ts.mjs'), join(bin, 'llb-ts'));
    symlinkSync(join(root, 'node_modules/typescript/bin/tsc'), join(bin, 'tsc'));
    writeFileSync(join(folder, 'package.json'), '{"private":true}');
    writeFileSync(join(folder, 'build.ts'), build);
    writeFileSync(join(folder, 'src/main.js'), 'main');
    const buildctl = findProgram('buildctl');
    const env = {
      LLB_TS_STATE_DIR: join(folder, 'state'),
      PATH: [process.env.PATH, ...(buildctl ? [join(buildctl, '..')] : [])].join(delimiter),
    };
    for (const line of commands) {
      const { status, stderr, stdout } = await run('sh', ['-c', line], { cwd: folder, env });
      expect([line, status, status === 0 ? '' : `${stdout}${stderr}`]).toEqual([line, 0, '']);
    }
  });
}

test('every shell line of README and docs is run here, or says why not', () => {
  const all = new Set(lines.map(({ line }) => line));
  expect(Object.keys(NOT_RUN).filter((line) => !all.has(line))).toEqual([]);
  const known = [...INSTALL, ...TWENTY];
  expect(toRun.filter(({ line }) => !known.includes(line))).toEqual([]);
});

/** Lines below the example of an image, and those below the twenty lines. */
const INSTALL = toRun.filter(({ line }) => !line.includes('llb-ts ')).map(({ line }) => line);
const TWENTY = toRun.filter(({ line }) => line.startsWith('npx llb-ts ')).map(({ line }) => line);

test('the first project', () => runLines(example('// build.ts: an image'), INSTALL));

test('the twenty lines', () =>
  runLines(
    example('// build.ts\n'),
    TWENTY.filter((line) => !NEEDS_BUILDKIT.test(line)),
  ));

requires('reference-buildkit')('on a BuildKit', () => {
  test('the twenty lines', () => {
    const commands = TWENTY.filter((line) => NEEDS_BUILDKIT.test(line));
    expect(commands).not.toEqual([]);
    return runLines(example('// build.ts\n'), commands);
  });
});

describe('commands in the text', () => {
  test('name flags that there are', async () => {
    const help = async (command: string) =>
      (
        await run(process.execPath, [join(root, 'packages/cli/bin/llb-ts.mjs'), command, '--help'])
      ).stdout.toString();
    const known = (await Promise.all(['solve', 'marshal', 'inspect', 'lock', 'help'].map(help))).join('\n');
    for (const page of pages) {
      const text = readFileSync(join(root, page), 'utf8');
      for (const [code, command = ''] of text.matchAll(/`llb-ts [a-z]+ ([^`]*)`/g)) {
        for (const [flag] of command.matchAll(/--[a-z][a-z-]*/g)) {
          expect([page, code, known.includes(flag)]).toEqual([page, code, true]);
        }
      }
    }
  });
});
