import { execFileSync } from 'node:child_process';
import {
  closeSync,
  copyFileSync,
  existsSync,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { requires } from '../../support/requirements.ts';
import { type Rig, withRig } from '../cli/rig.ts';

const IMPORTS = "import { Copy, Diff, Local, Merge, Mkdir, Mkfile, Rm, Scratch } from 'llb-ts';\n";

async function solved(rig: Rig, args: readonly string[]): Promise<string> {
  const { status, stderr } = await rig.call(['solve', ...args]);
  expect(stderr.split('\n').filter((line) => line.startsWith('error'))).toEqual([]);
  expect(status).toBe(0);
  return stderr;
}

/** Names in an archive, as bytes read as Latin-1. */
function names(tar: string): readonly string[] {
  const listing = execFileSync('tar', ['--quoting-style=literal', '-tf', tar], {
    maxBuffer: 1 << 28,
    encoding: 'latin1',
  });
  return listing.split('\n').filter(Boolean);
}

describe('a chain', () => {
  test('may have more layers than a mount takes', async () => {
    const build = `${IMPORTS}
let state = Scratch();
for (let i = 0; i < 600; i++) {
  state = state.File(Mkfile('/f' + i, 0o644, String(i)));
  if (i % 3 === 2) state = state.File(Rm('/f' + (i - 1)));
}
export default state;`;
    await withRig({ 'build.ts': build }, async (rig) => {
      const summary = await solved(rig, ['-o', 'type=tar,dest=out.tar']);
      expect(summary).toContain('800 layers');
      expect(names(join(rig.folder, 'out.tar'))).toHaveLength(400);
    });
  });

  test('of a thousand merged states is walked in the time of its entries', async () => {
    const build = `${IMPORTS}
const parts = Array.from({ length: 1000 }, (_, i) => Scratch().File(Mkdir('/d', 0o755).Mkfile('/d/f' + i, 0o644, String(i))));
const all = Merge(parts);
export default Merge(all, Diff(all, all.File(Rm('/d/f7')))).File(Mkfile('/d/last', 0o644, ''));`;
    await withRig({ 'build.ts': build }, async (rig) => {
      await solved(rig, ['-o', 'type=tar,dest=out.tar']);
      const found = names(join(rig.folder, 'out.tar'));
      expect(found).toHaveLength(1001);
      expect(found).not.toContain('d/f7');
    });
  });
});

describe('a directory', () => {
  test('may have a hundred thousand files', async () => {
    const build = `${IMPORTS}
const src = Local('src');
export default Merge(src, Scratch().File(Mkdir('/many', 0o755).Mkfile('/many/f5', 0o644, 'other'))).File(Rm('/many/f6'));`;
    await withRig({ 'build.ts': build }, async (rig) => {
      const folder = join(rig.folder, 'src/many');
      mkdirSync(folder, { recursive: true });
      for (let i = 0; i < 100_000; i++) writeFileSync(join(folder, `f${i}`), '');
      await solved(rig, ['--local', 'src=src', '-o', 'type=tar,dest=out.tar']);
      const found = names(join(rig.folder, 'out.tar'));
      expect(found).toHaveLength(100_000);
      expect(found).not.toContain('many/f6');
    });
  });
});

describe('a name', () => {
  test('may be any bytes, and as long as the filesystem has it', async () => {
    const build = `${IMPORTS}
const src = Local('src');
export default Merge(Scratch().File(Copy(src, '/', '/copied/', { createDestPath: true, copyDirContentsOnly: true })), src);`;
    await withRig({ 'build.ts': build }, async (rig) => {
      const folder = join(rig.folder, 'src');
      mkdirSync(folder);
      const odd = ['x'.repeat(255), 'caf\xe9', '\xff\xfe', 'new\nline', '-rf *', '\x01'];
      for (const name of odd) writeFileSync(Buffer.from(`${folder}/${name}`, 'latin1'), name);
      // Together close to the longest path that a system call takes.
      let deep = folder;
      for (let i = 0; i < 13; i++) deep = join(deep, 'd'.repeat(250));
      mkdirSync(deep, { recursive: true });
      await solved(rig, ['--local', 'src=src', '-o', 'out']);
      for (const at of ['out', 'out/copied']) {
        const found = readdirSync(Buffer.from(join(rig.folder, at)), { encoding: 'latin1' });
        expect(found).toEqual(expect.arrayContaining(odd));
      }
      expect(lstatSync(join(rig.folder, 'out', deep.slice(folder.length))).isDirectory()).toBe(true);
    });
  });
});

requires('root')('metadata', () => {
  test('keeps the largest owner, the nanosecond and a hole in a file', async () => {
    const build = `${IMPORTS}
export default Scratch().File(Copy(Local('src'), '/sparse', '/sparse', { chown: { user: { uid: 4294967294 }, group: { uid: 4294967294 } } })
  .Mkfile('/owned', 0o4755, 'x', { chown: { user: { uid: 4294967294 }, group: { uid: 1 } }, createdTime: 1234567890123456789n }));`;
    await withRig({ 'build.ts': build }, async (rig) => {
      mkdirSync(join(rig.folder, 'src'));
      const file = openSync(join(rig.folder, 'src/sparse'), 'w');
      ftruncateSync(file, 64 << 20);
      writeSync(file, 'end', (64 << 20) - 3);
      closeSync(file);
      await solved(rig, ['--local', 'src=src', '-o', 'type=tar,dest=out.tar']);
      const listing = execFileSync('tar', [
        '--numeric-owner',
        '-tvf',
        join(rig.folder, 'out.tar'),
      ]).toString();
      expect(listing).toMatch(/4294967294\/1 +1 .*owned/);
      expect(listing).toMatch(/4294967294\/4294967294 +67108864 .*sparse/);
      const content = execFileSync('tar', ['-xOf', join(rig.folder, 'out.tar'), 'sparse'], {
        maxBuffer: 1 << 28,
      });
      expect(content.subarray(-3).toString()).toBe('end');
    });
  });
});

describe('the name of a state directory', () => {
  test('may be any of plain ASCII, and is refused in words otherwise', async () => {
    await withRig(
      { 'build.ts': `${IMPORTS}export default Scratch().File(Mkfile('/f', 0o644, 'f'));` },
      async (rig) => {
        for (const name of ['a b', `q'q"q`, 'a,b', 'a:b', 'a\\b', 'a\nb', 'a%b', 'a\\,b', '$(x)'])
          await solved(rig, ['--state-dir', join('states', name)]);
        for (const name of ['é', '日本']) {
          const { status, stderr } = await rig.call(['solve', '--state-dir', name]);
          expect([status, stderr]).toEqual([3, expect.stringContaining('characters that are not ASCII')]);
          expect(existsSync(join(rig.folder, name))).toBe(false);
        }
      },
    );
  });
});

requires(
  'root',
  'overlay',
  'busybox',
  'crun',
)('the name of a state directory with separators of mounts', () => {
  test('is no obstacle to processes', async () => {
    const build = `${IMPORTS.replace('{', '{ Args,')}
const box = Scratch().File(Copy(Local('bin'), '/busybox', '/bin/busybox', { createDestPath: true }));
const made = box.Run(Args(['/bin/busybox', 'sh', '-c', 'echo x > /x'])).Root();
export default Merge(made, Scratch().File(Mkfile('/a', 0o644, 'a')))
  .Run(Args(['/bin/busybox', 'sh', '-c', '/bin/busybox cat /x /a > /all'])).Root();`;
    await withRig({ 'build.ts': build }, async (rig) => {
      mkdirSync(join(rig.folder, 'bin'));
      copyFileSync('/bin/busybox', join(rig.folder, 'bin/busybox'));
      for (const executor of ['crun', 'sandbox']) {
        for (const name of ['a b', 'a,b', 'a:b', 'a\\:b', `q'"q`, 'a\nb']) {
          const flags = ['--local', 'bin=bin', '--executor', executor, '--state-dir', `${executor}/${name}`];
          await solved(rig, [...flags, '-o', 'type=local,dest=out']);
          expect(readFileSync(join(rig.folder, 'out/all'), 'utf8')).toBe('x\na');
        }
      }
    });
  });
});
