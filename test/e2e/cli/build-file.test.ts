import { readdirSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Definition } from '@llb-ts/pb';
import { describe, expect, test } from 'vitest';
import { withRig } from './rig.ts';

/** Paths of the files that the ops of a definition make. */
function filesIn(bytes: Uint8Array): readonly string[] {
  return Definition.read(bytes).entries.flatMap(({ op: { op } }) =>
    op?.kind === 'file'
      ? op.actions.flatMap(({ action }) => (action?.kind === 'mkfile' ? [action.path] : []))
      : [],
  );
}

const state = (path: string) => `Scratch().File(Mkfile('${path}', 0o644, ''))`;
const head = "import { Scratch, Mkfile, type State } from 'llb-ts';\n";

describe('what a build file may export', () => {
  test.each([
    ['a state', `export default ${state('/a')};`, []],
    ['a promise', `export default Promise.resolve(${state('/a')});`, []],
    ['a function', `export default () => ${state('/a')};`, []],
    ['an async function', `export default async () => ${state('/a')};`, []],
    ['a record with one target', `export default { only: ${state('/a')} };`, []],
    ['a record with a default', `export default { default: ${state('/a')}, b: ${state('/b')} };`, []],
    ['a record and a target', `export default { a: ${state('/a')}, b: ${state('/b')} };`, ['--target', 'a']],
    ['a record of functions', `export default { a: async () => ${state('/a')}, b: 1 };`, ['build.ts', 'a']],
    [
      'a function of a record',
      `export default async () => ({ a: ${state('/a')}, b: 1 });`,
      ['build.ts', 'a'],
    ],
  ])('%s', async (_, text, args) => {
    await withRig({ 'build.ts': head + text }, async (rig) => {
      const { status, bytes, stderr } = await rig.call(['marshal', ...args]);
      expect([status, stderr]).toEqual([0, '']);
      expect(filesIn(bytes)).toEqual(['/a']);
    });
  });
});

describe('what a build file may contain', () => {
  test('enums, namespaces, decorators off, other files, JSON, npm packages, top-level await', async () => {
    const files = {
      'sub/build.ts': `${head}
        import { names } from './lib/names.ts';
        import { more } from './lib/more';
        import data from './data.json' with { type: 'json' };
        import { esm, where } from 'esm-package';
        import cjs from 'cjs-package';
        import { basename } from 'node:path';
        enum Kind { first = '/enum' }
        namespace Inner { export const path = '/namespace'; }
        class Box { constructor(readonly path: string) {} }
        const later = await Promise.resolve('/awaited');
        const paths = [Kind.first, Inner.path, new Box('/box').path, later, ...names, more, data.path, esm(), cjs(), '/' + basename(where)];
        export default paths.reduce((s: State, p: string) => s.File(Mkfile(p, 0o644, '')), Scratch());
      `,
      'sub/lib/names.ts': "export const names: readonly string[] = ['/lib'];",
      'sub/lib/more.ts': "export { more } from './most.js';",
      'sub/lib/most.ts': "export const more = '/most';",
      'sub/data.json': '{"path": "/json"}',
      'node_modules/esm-package/package.json': '{"name":"esm-package","type":"module","exports":"./main.js"}',
      'node_modules/esm-package/main.js':
        "export const esm = () => '/esm';\nexport const where = import.meta.url;",
      'node_modules/cjs-package/package.json': '{"name":"cjs-package","main":"main.js"}',
      'node_modules/cjs-package/main.js':
        "const { join } = require('path');\nmodule.exports = () => join('/', require('.//' + 'part'));",
      'node_modules/cjs-package/part.js': "module.exports = 'cjs';",
    };
    await withRig(files, async (rig) => {
      const { status, bytes, stderr } = await rig.call(['marshal', 'sub/build.ts']);
      expect([status, stderr]).toEqual([0, '']);
      expect(filesIn(bytes)).toEqual([
        '/enum',
        '/namespace',
        '/box',
        '/awaited',
        '/lib',
        '/most',
        '/json',
        '/esm',
        '/cjs',
        '/main.js',
      ]);
    });
  });

  test('the language is that of the running program, whatever is installed beside', async () => {
    const files = {
      'build.ts': `${head}import { helper } from 'helper';\nexport default helper(Scratch());`,
      'node_modules/llb-ts/package.json': '{"name":"llb-ts","main":"main.js"}',
      'node_modules/llb-ts/main.js': "throw new Error('the wrong copy');",
      'node_modules/helper/package.json':
        '{"name":"helper","main":"main.js","peerDependencies":{"llb-ts":"*"}}',
      'node_modules/helper/main.js':
        "const { Mkfile } = require('llb-ts');\nexports.helper = (s) => s.File(Mkfile('/helped', 0o644, ''));",
    };
    await withRig(files, async (rig) => {
      const { bytes, stderr } = await rig.call(['marshal']);
      expect(stderr).toBe('');
      expect(filesIn(bytes)).toEqual(['/helped']);
    });
  });

  test('it sees its own place, not that of the bundle', async () => {
    const files = {
      'build.ts': `${head}
        import { libUrl } from './lib/place.ts';
        const paths = [import.meta.url, import.meta.dirname, import.meta.filename, __dirname, __filename, libUrl];
        export default paths.reduce((s: State, p: string) => s.File(Mkfile('/' + p, 0o644, '')), Scratch());
      `,
      'lib/place.ts': 'export const libUrl = import.meta.url;',
    };
    await withRig(files, async (rig) => {
      const { bytes, stderr } = await rig.call(['marshal']);
      expect(stderr).toBe('');
      const { folder } = rig;
      expect(filesIn(bytes)).toEqual(
        [
          `file://${folder}/build.ts`,
          folder,
          `${folder}/build.ts`,
          folder,
          `${folder}/build.ts`,
          `file://${folder}/lib/place.ts`,
        ].map((path) => join('/', path)),
      );
    });
  });

  test('JavaScript, also CommonJS', async () => {
    const files = {
      'build.cjs':
        "const { Scratch, Mkfile } = require('llb-ts');\nmodule.exports = Scratch().File(Mkfile('/' + require('path').basename(__filename), 0o644, ''));",
      'build.mjs':
        "import * as llb from 'llb-ts';\nexport default llb.Scratch().File(llb.Mkfile('/mjs', 0o644, ''));",
    };
    await withRig(files, async (rig) => {
      expect(filesIn((await rig.call(['marshal', 'build.cjs'])).bytes)).toEqual(['/build.cjs']);
      expect(filesIn((await rig.call(['marshal', 'build.mjs'])).bytes)).toEqual(['/mjs']);
    });
  });

  test('what it logs does not end up in the data', async () => {
    const text = `${head}console.log('hello'); console.table([1]);\nexport default ${state('/a')};`;
    await withRig({ 'build.ts': text }, async (rig) => {
      const { bytes, stderr } = await rig.call(['marshal']);
      expect(filesIn(bytes)).toEqual(['/a']);
      expect(stderr).toMatch(/^hello\n/);
    });
  });

  test('what it leaves open does not keep the program, and no file is left behind', async () => {
    const text = `${head}setInterval(() => {}, 1000);\nexport default ${state('/a')};`;
    await withRig({ 'build.ts': text, 'tmp/x': '' }, async (rig) => {
      const { status } = await rig.call(['marshal'], { env: { TMPDIR: `${rig.folder}/tmp` } });
      expect(status).toBe(0);
      expect(readdirSync(`${rig.folder}/tmp`)).toEqual(['x']);
    });
    await withRig({ 'build.ts': 'process.exit(7);', 'tmp/x': '' }, async (rig) => {
      const { status } = await rig.call(['marshal'], { env: { TMPDIR: `${rig.folder}/tmp` } });
      expect(status).toBe(2);
      expect(readdirSync(`${rig.folder}/tmp`)).toEqual(['x']);
    });
  });

  test('a temporary directory behind a symbolic link does not hide lines', async () => {
    await withRig({ 'build.ts': "throw new Error('x');", 'real/x': '' }, async (rig) => {
      symlinkSync('real', join(rig.folder, 'link'));
      const { stderr } = await rig.call(['marshal'], { env: { TMPDIR: join(rig.folder, 'link') } });
      expect(stderr).toMatch(/^error: x\n {3}build\.ts:1:7\n/);
    });
  });

  test('a missing temporary directory is said', async () => {
    await withRig({ 'build.ts': `${head}export default ${state('/a')};` }, async (rig) => {
      const { status, stderr } = await rig.call(['marshal'], { env: { TMPDIR: '/nosuch' } });
      expect(status).toBe(3);
      expect(stderr).toContain('error: cannot use the temporary directory /nosuch: it does not exist');
    });
    expect(tmpdir()).not.toBe('/nosuch');
  });

  test('the definition is the same wherever the build file lies, and names its lines', async () => {
    const text = `${head}\nexport default ${state('/a')};\n`;
    await withRig({ 'one/build.ts': text, 'two/deep/build.ts': text }, async (rig) => {
      const one = await rig.call(['marshal', 'one/build.ts']);
      const two = await rig.call(['marshal', 'build.ts'], { cwd: 'two/deep' });
      expect(one.bytes.equals(two.bytes)).toBe(true);
      const { source, entries } = Definition.read(one.bytes);
      expect(
        source?.infos.map(({ filename, language, data }) => [
          filename,
          language,
          Buffer.from(data).toString(),
        ]),
      ).toEqual([['build.ts', 'TypeScript', text]]);
      const place = { line: 3, character: 25 };
      expect(source?.locations[entries[0]?.digest ?? '']?.locations).toEqual([
        { sourceIndex: 0, ranges: [{ start: place, end: place }] },
      ]);
    });
  });
});
