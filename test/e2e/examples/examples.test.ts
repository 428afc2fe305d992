import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findProgram, requires } from '../../support/requirements.ts';
import { run } from '../../support/run.ts';
import { buildctl, llbTs } from '../../support/solvers.ts';
import { outcomeDifferences } from '../../support/tree.ts';
import { byPath, countsIn, pathsOf, withExample } from './rig.ts';

const INSTALLED = join(import.meta.dirname, '../../../examples/merge-trees/node_modules');
const sha256 = (content: string | Buffer) => createHash('sha256').update(content).digest('hex');
const ofPackage = (path: string) => sha256(readFileSync(join(INSTALLED, path)));

describe('hello', () => {
  test.each([
    ['english', 'good morning\n'],
    ['german', 'guten Morgen\n'],
  ])('%s stands on the same base', (target, greeting) =>
    withExample('hello', async ({ solve }) => {
      const { tree } = await solve(target);
      expect(pathsOf(tree)).toEqual(['/etc', '/etc/motd', '/greeting']);
      expect(byPath(tree).get('/greeting')?.sha256).toBe(sha256(greeting));
    }),
  );

  test('the second target finds the base in the store', () =>
    withExample('hello', async ({ solve }) => {
      expect(countsIn((await solve('english')).log)).toEqual({ ran: 2, cached: 0 });
      expect(countsIn((await solve('german')).log)).toEqual({ ran: 1, cached: 1 });
    }));
});

describe('diff-and-rebase', () => {
  test('the change on its own shows what was added and rewritten', () =>
    withExample('diff-and-rebase', async ({ solve }) => {
      const { tree } = await solve('change');
      expect(pathsOf(tree)).toEqual([
        '/etc',
        '/etc/app',
        '/etc/app/app.conf',
        '/var',
        '/var/lib',
        '/var/lib/app',
      ]);
    }));

  test('on the new base it rewrites, deletes and adds, and leaves the rest', () =>
    withExample('diff-and-rebase', async ({ solve }) => {
      const { tree } = await solve('default');
      const entries = byPath(tree);
      expect([...entries.keys()].filter((path) => path.startsWith('/etc'))).toEqual([
        '/etc',
        '/etc/app',
        '/etc/app/app.conf',
        '/etc/app/new.conf',
        '/etc/os-release',
      ]);
      expect(entries.get('/etc/app/app.conf')?.sha256).toBe(sha256('colour = green\n'));
      expect(entries.get('/etc/os-release')?.sha256).toBe(sha256('VERSION=2\n'));
      expect(entries.get('/var/lib/app')?.mode).toBe('0750');
    }));
});

describe('merge-trees', () => {
  test('the theme overrides, the deletions delete, the pages are added', () =>
    withExample('merge-trees', async ({ solve }) => {
      const entries = byPath((await solve('default')).tree);
      const hashOf = (path: string) => entries.get(path)?.sha256;
      expect(hashOf('/srv/www/css/bootstrap.min.css')).toBe(
        ofPackage('bootswatch/dist/darkly/bootstrap.min.css'),
      );
      expect(hashOf('/srv/www/css/bootstrap-grid.css')).toBe(
        ofPackage('bootstrap/dist/css/bootstrap-grid.css'),
      );
      expect(hashOf('/srv/www/js/htmx.min.js')).toBe(ofPackage('htmx.org/dist/htmx.min.js'));
      expect([...entries.keys()].filter((path) => /\.map$|\.rtl/.test(path))).toEqual([]);
      expect(entries.get('/srv/www/home.html')).toMatchObject({ type: 'symlink', linkname: 'index.html' });
      expect(entries.get('/tmp')?.mode).toBe('0777');
      expect([...entries.values()].every((entry) => entry.uid === 0 && entry.gid === 0)).toBe(true);
    }));

  test('the changes against bootstrap alone hold no file that bootstrap has as it is', () =>
    withExample('merge-trees', async ({ solve }) => {
      const paths = pathsOf((await solve('changes')).tree);
      expect(paths).toContain('/srv/www/css/bootstrap.min.css');
      expect(paths).not.toContain('/srv/www/css/bootstrap-grid.css');
    }));

  test('a second solve runs nothing', () =>
    withExample('merge-trees', async ({ solve }) => {
      const first = await solve('default');
      expect(countsIn(first.log)).toEqual({ ran: 12, cached: 0 });
      const second = await solve('default');
      expect(countsIn(second.log)).toEqual({ ran: 0, cached: 12 });
      expect(second.tree).toEqual(first.tree);
    }));

  requires('busybox')('over the busybox of this machine', () => {
    test('the root has it, and a shell that leads to it', () =>
      withExample('merge-trees', async ({ solve }) => {
        const { tree } = await solve('default', '--arg', 'busybox=true');
        const busybox = byPath(tree).get('/bin/busybox');
        expect(busybox).toMatchObject({ mode: '0755', sha256: sha256(readFileSync('/bin/busybox')) });
        expect(byPath(tree).get('/bin/sh')).toMatchObject({ type: 'symlink', linkname: 'busybox' });
      }));
  });
});

requires('reference-buildkit')('BuildKit reads what `llb-ts marshal` writes', () => {
  const targets = [
    ['hello', 'english'],
    ['diff-and-rebase', 'default'],
    ['diff-and-rebase', 'change'],
    ['merge-trees', 'default'],
    ['merge-trees', 'changes'],
  ] as const;

  test.each(targets)('%s %s: dumped by buildctl, and solved to the same tree', (example, target) =>
    withExample(example, async ({ solve, marshal }) => {
      const definition = await marshal(target);
      const dump = await run(findProgram('buildctl') ?? '', ['debug', 'dump-llb'], { input: definition });
      expect(dump.status, dump.stderr).toBe(0);
      const dumped = dump.stdout.toString().trim().split('\n');
      expect(dumped.every((line) => typeof JSON.parse(line) === 'object')).toBe(true);

      const locals = {
        bootstrap: join(INSTALLED, 'bootstrap/dist'),
        bootswatch: join(INSTALLED, 'bootswatch/dist/darkly'),
        htmx: join(INSTALLED, 'htmx.org/dist'),
      };
      const inputs = example === 'merge-trees' ? { locals } : {};
      const { tree } = await solve(target);
      const reference = await buildctl().solve(definition, inputs);
      expect(outcomeDifferences(reference, tree)).toEqual([]);
      // And the definition that went through a pipe is the build itself.
      expect(outcomeDifferences(tree, await llbTs().solve(definition, inputs))).toEqual([]);
    }),
  );
});
