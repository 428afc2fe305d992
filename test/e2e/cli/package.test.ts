import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Definition } from '@llb-ts/pb';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { describe, expect, test } from 'vitest';
import { run } from '../../support/run.ts';
import { withTemporaryFolder } from '../../support/temporary.ts';
import { withRig } from './rig.ts';

const root = join(import.meta.dirname, '../../..');
const cli = join(root, 'packages/cli');

async function succeed(program: string, args: readonly string[], cwd: string): Promise<string> {
  const { status, stdout, stderr } = await run(program, args, { cwd });
  if (status !== 0) throw new Error(`${program}: ${stdout}${stderr}`);
  return stdout.toString();
}

/** Packs `llb-ts` as it would be published; npm only, as a user has it. Answers the tarball's path. */
async function pack(into: string): Promise<string> {
  // Scripts are a user's own business, and so is what npm keeps between calls.
  const args = ['pack', '--ignore-scripts', '--pack-destination', into, '--cache', join(into, '.npm')];
  await succeed('npm', args, cli);
  const tarball = readdirSync(into).find((name) => name.endsWith('.tgz'));
  return join(into, tarball as string);
}

/** Unpacks `llb-ts` into `into`, as npm would install it. */
async function install(into: string): Promise<void> {
  await withTemporaryFolder(async (folder) => {
    const tarball = await pack(folder);
    mkdirSync(into, { recursive: true });
    await succeed('tar', ['xzf', tarball, '-C', into, '--strip-components=1'], folder);
  });
}

/** `llb-ts` from its tarball, with nothing but the dependencies that it names, in the rig's node_modules. */
async function installCli(folder: string): Promise<void> {
  const modules = join(folder, 'node_modules');
  await install(join(modules, 'llb-ts'));
  const { dependencies } = JSON.parse(readFileSync(join(modules, 'llb-ts/package.json'), 'utf8'));
  for (const name of Object.keys(dependencies)) {
    symlinkSync(join(cli, 'node_modules', name), join(modules, name));
  }
  mkdirSync(join(modules, '.bin'));
  symlinkSync('../llb-ts/bin/llb-ts.mjs', join(modules, '.bin/llb-ts'));
}

const build = `
import { type ConstraintsOpt, Definition, Image, Local, marshal, Mkfile, Scratch, type State, WithCustomName } from 'llb-ts';

const named: ConstraintsOpt = WithCustomName('greeting');
export const hello: State = Scratch().File(Mkfile('/hello', 0o644, 'hi'), named);
export const bytes: Promise<Definition> = marshal(hello);
// @ts-expect-error: a mode is a number
export const wrong = () => Mkfile('/x', '0644', '');
Image('alpine').Dir('/src').Run;
Local('src', { excludePatterns: ['node_modules'] });
export default ({ deep = false }: { deep?: boolean }): State => (deep ? hello.File(Mkfile('/deep', 0o644, '')) : hello);
`;

describe('the packed llb-ts', () => {
  test('runs outside the repository, by its bin', async () => {
    await withRig({ 'build.ts': build, 'empty/build.ts': build }, async ({ folder }) => {
      await installCli(folder);
      const bin = join(folder, 'node_modules/.bin/llb-ts');
      expect(statSync(bin).mode & 0o111).toBe(0o111);
      const out = await run(bin, ['marshal', '--arg', 'deep'], { cwd: folder });
      expect([out.status, out.stderr]).toEqual([0, '']);
      expect(Definition.read(out.stdout).entries).toHaveLength(2);
      expect(await succeed(bin, ['help', 'build.ts'], folder)).toContain('deep  boolean  default false');
    });
  });

  test('has types that a strict project can use', async () => {
    const files = {
      'build.ts': build,
      'package.json': '{"type":"module"}',
      'tsconfig.json': JSON.stringify({
        compilerOptions: {
          module: 'nodenext',
          target: 'es2022',
          lib: ['es2022'],
          strict: true,
          exactOptionalPropertyTypes: true,
          noEmit: true,
          types: [],
          // The declarations themselves must hold, with nothing else installed.
          skipLibCheck: false,
        },
        include: ['build.ts'],
      }),
    };
    await withRig(files, async ({ folder }) => {
      await installCli(folder);
      expect(await succeed(join(root, 'node_modules/.bin/tsc'), ['-p', '.'], folder)).toBe('');
    });
  });

  test('can be used as a library', async () => {
    const files = {
      'use.mjs': `import { Scratch, Mkfile, marshal } from 'llb-ts';
        process.stdout.write((await marshal(Scratch().File(Mkfile('/a', 0o644, '')))).write());`,
    };
    await withRig(files, async ({ folder }) => {
      await installCli(folder);
      const { stdout, stderr } = await run(process.execPath, ['use.mjs'], { cwd: folder });
      expect(stderr).toBe('');
      expect(Definition.read(stdout).entries).toHaveLength(1);
    });
  });

  test('holds no code of tests and no path of this machine', async () => {
    await withRig({}, async ({ folder }) => {
      await install(folder);
      const names = readdirSync(folder, { recursive: true }).map(String);
      expect(names.filter((name) => name.includes('.test.'))).toEqual([]);
      for (const name of names.filter((one) => /\.(?:m?js|map)$/.test(one))) {
        expect(readFileSync(join(folder, name), 'utf8')).not.toContain(root);
      }
    });
  });
});

describe('what is packed', () => {
  test('passes publint and attw', async () => {
    await withTemporaryFolder(async (folder) => {
      const tarball = await pack(folder);
      const lint = await publint({ pack: { tarball: new Uint8Array(readFileSync(tarball)).buffer } });
      expect(lint.messages.map((message) => formatMessage(message, lint.pkg))).toEqual([]);
      // CommonJS gets the ES module, which every Node that we run on can require.
      const ignored = ['--ignore-rules', 'cjs-resolves-to-esm', '--profile', 'node16', '--no-color'];
      const attw = join(root, 'node_modules/.bin/attw');
      const { status, stdout } = await run(attw, [tarball, ...ignored], { cwd: folder });
      expect([status, stdout.toString()]).toEqual([0, expect.stringContaining('llb-ts v')]);
    });
  });

  test('says where it comes from and under which licenses, and nothing of the workspace', async () => {
    await withRig({}, async ({ folder }) => {
      await install(folder);
      const text = (name: string) => readFileSync(join(folder, name), 'utf8');
      const manifest = JSON.parse(text('package.json'));
      expect(manifest).toMatchObject({ license: 'Apache-2.0', repository: { type: 'git' } });
      expect(manifest.bugs).toMatch(/^https:/);
      expect(text('package.json')).not.toMatch(/workspace:|llb-ts-source|@llb-ts\//);
      expect(text('LICENSE')).toContain('Apache License');
      expect(text('README.md')).toContain('# llb-ts');
      // Links of the README lead somewhere when it is read elsewhere.
      expect(text('README.md')).not.toMatch(/\]\((?!https?:|#)/);
      const notices = text('dist/THIRD-PARTY-NOTICES.txt');
      for (const name of bundledPackages(folder)) expect(notices).toMatch(new RegExp(`^${name} \\d`, 'm'));
      expect(notices).toMatch(/^undici \d.* \(MIT\)$/m);
      expect(notices).toContain('Permission is hereby granted');
    });
  });

  test('leads stacks back to the sources', async () => {
    await withRig({ 'build.ts': 'export default 1' }, async ({ folder }) => {
      await installCli(folder);
      const env = { NODE_OPTIONS: '--enable-source-maps', LLB_TS_DEBUG: '1' };
      const { stderr } = await run(join(folder, 'node_modules/.bin/llb-ts'), ['marshal'], {
        cwd: folder,
        env,
      });
      expect(stderr).toMatch(/src\/program\/targets\.ts:\d+:\d+/);
    });
  });

  test('can be required from CommonJS', async () => {
    const files = {
      'use.cjs': `const { Scratch, Mkfile, marshal } = require('llb-ts');
        marshal(Scratch().File(Mkfile('/a', 0o644, ''))).then((d) => process.stdout.write(d.write()));`,
    };
    await withRig(files, async ({ folder }) => {
      await installCli(folder);
      const { stdout, stderr } = await run(process.execPath, ['use.cjs'], { cwd: folder });
      expect(stderr).toBe('');
      expect(Definition.read(stdout).entries).toHaveLength(1);
    });
  });
});

/** The npm packages whose code is in the bundle, by its source maps. */
function bundledPackages(folder: string): Set<string> {
  const maps = readdirSync(join(folder, 'dist')).filter((name) => name.endsWith('.map'));
  const sources = maps.flatMap(
    (name) => JSON.parse(readFileSync(join(folder, 'dist', name), 'utf8')).sources as string[],
  );
  const names = sources.map((source) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(source)?.[1]);
  return new Set(names.filter((name) => name !== undefined));
}

describe('an old Node', () => {
  test('is told so before anything is imported', async () => {
    const { node } = JSON.parse(readFileSync(join(cli, 'package.json'), 'utf8')).engines;
    await withRig({}, async ({ folder }) => {
      for (const version of ['18.20.8', '20.18.9', '14.0.0']) {
        const before = join(folder, 'before.cjs');
        // No other Node is at hand without a network: this one says that it is another.
        writeFileSync(
          before,
          `Object.defineProperty(process, 'versions', { value: { node: '${version}' } });
           Object.defineProperty(process, 'version', { value: 'v${version}' });`,
        );
        const { status, stderr } = await run(
          process.execPath,
          ['--require', before, join(cli, 'bin/llb-ts.mjs'), '--version'],
          { cwd: folder },
        );
        expect(status).toBe(3);
        expect(stderr).toMatch(
          `error: llb-ts needs Node ${node.replace('>=', '')} or newer; this is v${version}\n   help   `,
        );
      }
    });
  });
});
