import { cpSync, existsSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { requires } from '../../support/requirements.ts';
import { run } from '../../support/run.ts';
import { buildctl } from '../../support/solvers.ts';
import { temporaryFolder, withTemporaryFolder } from '../../support/temporary.ts';
import { outcomeDifferences } from '../../support/tree.ts';
import { byPath, pathsOf, type Rig, withExample } from '../examples/rig.ts';
import { withPackageRegistry } from './package-registry.ts';

const EXAMPLES = join(import.meta.dirname, '../../../examples');
const NPM = join(dirname(process.execPath), '../lib/node_modules/npm');

/** Solves a target here and by way of `llb-ts marshal | buildctl build`; what is different. */
async function differences(
  rig: Rig,
  target: string,
  locals: Readonly<Record<string, string>>,
  flags: readonly string[] = [],
): Promise<readonly string[]> {
  const here = Object.entries(locals).flatMap(([name, folder]) => ['--local', `${name}=${folder}`]);
  const { tree } = await rig.solve(target, ...here, ...flags);
  const reference = await buildctl().solve(await rig.marshal(target, ...here, ...flags), { locals });
  return outcomeDifferences(reference, tree);
}

requires('root', 'apt')('roots of Debian packages', () => {
  let roots = '';
  const localsOf = (...names: readonly string[]) =>
    Object.fromEntries(names.map((name) => [name, join(roots, name)]));
  const flagsOf = (...names: readonly string[]) =>
    names.flatMap((name) => ['--local', `${name}=${join(roots, name)}`]);

  beforeAll(async () => {
    roots = temporaryFolder();
    const fetched = await run(process.execPath, [join(EXAMPLES, 'debian-root/fetch.mjs'), roots]);
    expect(fetched.status, fetched.stderr).toBe(0);
  });

  test('debian-root runs, and knows what is installed', () =>
    withExample('debian-root', async ({ solve }) => {
      const { tree, log } = await solve('version', ...flagsOf('base'));
      expect(log).toMatch(/^#\d+ [\d.]+ \d+\.\d+/m);
      expect(byPath(tree).get('/versions')?.size).toBeGreaterThan(100);
      expect(byPath(tree).get('/bin')).toMatchObject({ type: 'symlink', linkname: 'usr/bin' });
    }));

  test('make-install: the program is what `make install` wrote, and works without a compiler', () =>
    withExample('make-install', async ({ solve }) => {
      expect(pathsOf((await solve('program', ...flagsOf('base', 'compiler'))).tree)).toEqual([
        '/etc',
        '/usr',
        '/usr/local',
        '/usr/local/bin',
        '/usr/local/bin/greet',
        '/usr/local/bin/salute',
        '/usr/local/etc',
        '/usr/local/etc/greet.conf',
      ]);
      const { tree, log } = await solve('greeting', ...flagsOf('base', 'compiler'));
      expect(byPath(tree).get('/greeting')?.size).toBe('Good morning, world\nGood morning, you\n'.length);
      expect(byPath(tree).has('/usr/bin/make')).toBe(false);
      expect(log).toMatch(/^#\d+ make install\n#\d+ CACHED$/m);
    }));

  test('parallel-installs: dpkg is content with what was installed apart', () =>
    withExample('parallel-installs', async ({ solve }) => {
      const entries = byPath((await solve('default', ...flagsOf('base', 'packages'))).tree);
      for (const path of [
        '/usr/bin/ed',
        '/usr/bin/original-awk',
        '/etc/alternatives/awk',
        '/var/lib/dpkg/info/ed.list',
      ])
        expect([path, entries.has(path)]).toEqual([path, true]);
      expect(entries.has('/packages')).toBe(false);
    }));

  requires('reference-buildkit')('roots of Debian packages, beside BuildKit', () => {
    test.each([
      ['debian-root', 'version', ['base']],
      ['make-install', 'program', ['base', 'compiler']],
      ['make-install', 'greeting', ['base', 'compiler']],
      ['parallel-installs', 'default', ['base', 'packages']],
    ])('%s %s is the same tree', (example, target, names) =>
      withExample(example, async (rig) => {
        const source = { source: join(EXAMPLES, 'make-install/greet') };
        const inputs = { ...localsOf(...names), ...(example === 'make-install' && source) };
        expect(await differences(rig, target, inputs)).toEqual([]);
      }),
    );
  });
});

// Some distributions cut npm into packages of their own; that one cannot be copied into a root.
const withNpm = existsSync(NPM) ? requires('root') : describe.skip;

withNpm('node-cache', () => {
  test('installs again when package.json has changed, out of the store', () =>
    withPackageRegistry(({ url, requests }) =>
      withTemporaryFolder((app) =>
        withExample('node-cache', async ({ solve }) => {
          cpSync(join(EXAMPLES, 'node-cache/app'), app, { recursive: true });
          const flags = ['--arg', `registry=${url}`, '--local', `app=${app}`];
          const { tree } = await solve('default', ...flags);
          expect(pathsOf(tree)).toEqual(['/index.html']);
          const page = '<!doctype html>\n<p>A day has 86400000 ms.</p>\n';
          expect(byPath(tree).get('/index.html')?.size).toBe(page.length);
          expect(requests).toEqual(['/ms', '/ms.tgz']);

          const manifest = readFileSync(join(app, 'package.json'), 'utf8');
          writeFileSync(join(app, 'package.json'), manifest.replace('"clock"', '"watch"'));
          const again = await solve('default', ...flags);
          expect(again.log).toMatch(/added 1 package/);
          expect(requests).toEqual(['/ms', '/ms.tgz']);
        }),
      ),
    ));

  requires('reference-buildkit')('node-cache, beside BuildKit', () => {
    test('is the same tree', () =>
      withPackageRegistry(({ url }) =>
        withExample('node-cache', async (rig) => {
          const locals = { machine: '/', npm: realpathSync(NPM), app: join(EXAMPLES, 'node-cache/app') };
          expect(await differences(rig, 'app', locals, ['--arg', `registry=${url}`])).toEqual([]);
        }),
      ));
  });
});
