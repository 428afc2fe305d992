import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { Definition } from '@llb-ts/pb';
import { describe, expect, test } from 'vitest';
import { run } from '../../support/run.ts';
import { withTemporaryFolder } from '../../support/temporary.ts';
import { withRig } from './rig.ts';

const root = join(import.meta.dirname, '../../..');
const cli = join(root, 'packages/cli');

async function succeed(program: string, args: readonly string[], cwd: string): Promise<string> {
  const { status, stdout, stderr } = await run(program, args, { cwd });
  expect([status, stderr]).toEqual([0, expect.any(String)]);
  if (status !== 0) throw new Error(stderr);
  return stdout.toString();
}

/** Packs a package as it would be published and unpacks it into `into`. */
async function install(name: string, into: string): Promise<void> {
  await withTemporaryFolder(async (folder) => {
    await succeed('pnpm', ['pack', '--pack-destination', folder], join(root, 'packages', name));
    const [tarball] = readdirSync(folder);
    mkdirSync(into, { recursive: true });
    await succeed(
      'tar',
      ['xzf', join(folder, tarball as string), '-C', into, '--strip-components=1'],
      folder,
    );
  });
}

/** `llb-ts` from its tarball, with nothing but the dependencies that it names, in the rig's node_modules. */
async function installCli(folder: string): Promise<void> {
  const modules = join(folder, 'node_modules');
  await install('cli', join(modules, 'llb-ts'));
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
      await install('cli', folder);
      const names = readdirSync(folder, { recursive: true }).map(String);
      expect(names.filter((name) => name.includes('.test.'))).toEqual([]);
      for (const name of names.filter((one) => /\.m?js$/.test(one))) {
        expect(readFileSync(join(folder, name), 'utf8')).not.toContain(root);
      }
    });
  });
});

describe('each package', () => {
  test.each(['pb', 'llb', 'backend', 'marshal', 'solver', 'buildkit'])(
    '%s packs what it exports',
    async (name) => {
      await withRig({}, async ({ folder }) => {
        await install(name, folder);
        const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
        for (const path of [manifest.exports['.'].types, manifest.exports['.'].default]) {
          expect(readFileSync(join(folder, path), 'utf8').length).toBeGreaterThan(0);
        }
        for (const range of Object.values(manifest.dependencies ?? {}))
          expect(range).not.toContain('workspace:');
      });
    },
  );
});
