import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Rig, withRig } from './rig.ts';

const files = {
  'src/.dockerignore': '# not for the image\n*.log\n/build/\n!keep.log\n',
  'src/a.ts': '',
  'src/a.log': '',
  'src/keep.log': '',
  'src/sub/b.log': '',
  'src/build/out': '',
  'other/a.ts': '',
  'other/a.log': '',
};

const program = (options: string) => `import { Copy, Local, Scratch } from 'llb-ts';
const src = Local('src', ${options});
export default Scratch().File(Copy(src, '/', '/', { copyDirContentsOnly: true }));
`;

async function solved(rig: Rig, ...flags: readonly string[]): Promise<readonly string[]> {
  const { status, stderr } = await rig.call(['solve', '-o', 'out', ...flags]);
  expect([status, stderr]).toEqual([0, expect.any(String)]);
  return (readdirSync(join(rig.folder, 'out'), { recursive: true }) as string[]).sort();
}

test('what the ignore file names is left out; patterns of the build come after it', async () => {
  const options = "{ dir: 'src', ignoreFile: '.dockerignore', excludePatterns: ['!build', '.dockerignore'] }";
  await withRig({ ...files, 'build.ts': program(options) }, async (rig) => {
    expect(await solved(rig)).toEqual(['a.ts', 'build', 'build/out', 'keep.log', 'sub', 'sub/b.log']);
  });
});

test('the file lies in the folder that the command line names; without it nothing is ignored', async () => {
  const options = "{ dir: 'src', ignoreFile: '.dockerignore' }";
  await withRig({ ...files, 'build.ts': program(options) }, async (rig) => {
    expect(await solved(rig, '--local', 'src=other')).toEqual(['a.log', 'a.ts']);
    const [own, named] = [await rig.call(['inspect']), await rig.call(['inspect', '--local', 'src=other'])];
    expect([own.status, named.status]).toEqual([0, 0]);
    const { stdout } = await rig.call(['inspect', '--format', 'json', '--digest', '#1']);
    expect(stdout).toContain(JSON.stringify(JSON.stringify(['*.log', 'build', '!keep.log'])));
  });
});

test('a folder that nobody names, and a file that cannot be read', async () => {
  await withRig({ ...files, 'build.ts': program("{ ignoreFile: '.dockerignore' }") }, async (rig) => {
    const { status, stdout, stderr } = await rig.call(['marshal', '-o', 'def']);
    expect([status, stdout, stderr]).toEqual([
      2,
      '',
      'error: .dockerignore of Local("src") cannot be read: nothing says where the folder is\n' +
        '   help   say it with --local src=DIR, or in the build file: Local("src", { dir: … })\n',
    ]);
    expect((await rig.call(['marshal', '-o', 'def', '--local', 'src=src'])).status).toBe(0);
  });
  await withRig({ ...files, 'build.ts': program("{ dir: '.', ignoreFile: 'src' }") }, async (rig) => {
    const { status, stderr } = await rig.call(['marshal', '-o', 'def']);
    expect([status, stderr]).toEqual([3, 'error: cannot read src: it is a directory\n']);
  });
});
