import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { requires } from '../../support/requirements.ts';
import { llbTsProgram } from '../../support/solvers.ts';
import { type Rig, withRig } from '../cli/rig.ts';

/** A build that copies enough files to be caught in the act. */
const COPIES = `
import { Copy, Local, Merge, Mkfile, Scratch } from 'llb-ts';
const src = Local('src');
const parts = Array.from({ length: 6 }, (_, i) =>
  Scratch().File(Copy(src, '/', \`/part\${i}/\`, { createDestPath: true, createdTime: new Date(1e12 + i) })));
export default Merge(...parts).File(Mkfile('/done', 0o644, 'done'));
`;

function writeTree(folder: string, files: number): void {
  for (let i = 0; i < files; i++) {
    if (i % 100 === 0) mkdirSync(join(folder, `d${i / 100}`), { recursive: true });
    writeFileSync(join(folder, `d${Math.floor(i / 100)}`, `f${i}`), `file ${i}`);
  }
}

/** Starts a solve and ends it with a signal once it has begun to write. */
async function interrupted(
  rig: Rig,
  args: readonly string[],
  signal: NodeJS.Signals,
  after: number,
): Promise<number | null> {
  const state = join(rig.folder, '../state');
  const child: ChildProcess = spawn(process.execPath, [llbTsProgram(), ...args], {
    cwd: rig.folder,
    env: { ...process.env, LLB_TS_STATE_DIR: state, NO_COLOR: '1' },
    stdio: 'ignore',
  });
  const ended = new Promise<number | null>((resolve) => child.on('close', (code) => resolve(code)));
  const staged = () => existsSync(join(state, 'staging')) && readdirSync(join(state, 'staging')).length > 0;
  for (let i = 0; i < 400 && !staged(); i++) await new Promise((resolve) => setTimeout(resolve, 5));
  await new Promise((resolve) => setTimeout(resolve, after));
  child.kill(signal);
  return ended;
}

const solve = ['solve', '--local', 'src=src', '-o', 'type=tar,dest=out.tar'];

describe('a solve that does not come to its end', () => {
  test('leaves nothing in the way of the next one when it is killed', async () => {
    await withRig({ 'build.ts': COPIES }, async (rig) => {
      writeTree(join(rig.folder, 'src'), 1000);
      for (const after of [0, 40, 90, 150, 250]) {
        await interrupted(rig, solve, 'SIGKILL', after);
        const out = join(rig.folder, 'out.tar');
        // Killed before the rename, or not at all: an output that is there is whole.
        if (existsSync(out)) execFileSync('tar', ['tf', out], { stdio: 'ignore' });
      }
      const { status, stderr } = await rig.call(solve);
      expect([status, stderr.includes('solved in')]).toEqual([0, true]);
      expect(readdirSync(join(rig.folder, '../state/staging'))).toEqual([]);
      const names = execFileSync('tar', ['tf', join(rig.folder, 'out.tar')], { maxBuffer: 1e8 }).toString();
      expect(names.split('\n').filter((name) => /\/f\d+$/.test(name))).toHaveLength(6000);
      const leftovers = readdirSync(rig.folder).filter(
        (name) => name !== 'build.ts' && name !== 'src' && name !== 'out.tar',
      );
      expect(leftovers.filter((name) => !name.startsWith('.out.tar'))).toEqual([]);
    });
  });

  test('ends with 130 at ctrl-C, without an output and with a clean store', async () => {
    await withRig({ 'build.ts': COPIES }, async (rig) => {
      writeTree(join(rig.folder, 'src'), 1000);
      const code = await interrupted(rig, solve, 'SIGINT', 30);
      expect(code).toBe(130);
      expect(readdirSync(rig.folder).sort()).toEqual(['build.ts', 'src']);
      expect(readdirSync(join(rig.folder, '../state/staging'))).toEqual([]);
      expect((await rig.call(solve)).status).toBe(0);
    });
  });
});

describe('several solves on one store', () => {
  test('that build the same at once all succeed with the same result', async () => {
    await withRig({ 'build.ts': COPIES }, async (rig) => {
      writeTree(join(rig.folder, 'src'), 300);
      const results = await Promise.all(
        [1, 2, 3].map((n) => rig.call(['solve', '--local', 'src=src', '-o', `type=local,dest=out${n}`])),
      );
      expect(results.map(({ status, stderr }) => [status, stderr.match(/error:.*/)?.[0]])).toEqual([
        [0, undefined],
        [0, undefined],
        [0, undefined],
      ]);
      for (const n of [2, 3])
        execFileSync('diff', ['-r', join(rig.folder, 'out1'), join(rig.folder, `out${n}`)]);
    });
  });

  test('run nothing the second time, and only what hangs on a changed input the third', async () => {
    const build = (content: string) => `
import { Merge, Mkfile, Scratch } from 'llb-ts';
const part = (n, content) => Scratch().File(Mkfile('/f' + n, 0o644, content));
export default Merge(part(1, 'a'), part(2, '${content}'), part(3, 'c')).File(Mkfile('/top', 0o644, 'top'));`;
    await withRig({ 'build.ts': build('b') }, async (rig) => {
      const summary = async () =>
        (await rig.call(['solve'])).stderr
          .match(/: (\d+) ran, (\d+) cached/)
          ?.slice(1)
          .map(Number);
      expect((await summary())?.[1]).toBe(0);
      expect((await summary())?.[0]).toBe(0);
      rig.write({ 'build.ts': build('B') });
      // The changed part, the merge of it, the file on the merge; the two other parts are known.
      expect(await summary()).toEqual([3, 2]);
    });
  });
});

requires('root')('a full disk', () => {
  test('is named, loses nothing, and leaves room for less', async () => {
    const big =
      "import { Mkfile, Scratch } from 'llb-ts';\nexport default Scratch().File(Mkfile('/big', 0o644, 'x'.repeat(12e6)));";
    const small =
      "import { Mkfile, Scratch } from 'llb-ts';\nexport default Scratch().File(Mkfile('/small', 0o644, 'x'));";
    await withRig({ 'big.ts': big, 'small.ts': small }, async (rig) => {
      const state = join(rig.folder, 'tiny');
      mkdirSync(state);
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', state]);
      try {
        const flags = ['--state-dir', state, '-o', 'type=tar,dest=out.tar'];
        expect((await rig.call(['solve', 'small.ts', ...flags])).status).toBe(0);
        const { status, stderr } = await rig.call([
          'solve',
          'big.ts',
          ...flags,
          '-o',
          'type=tar,dest=big.tar',
        ]);
        expect(status).toBe(3);
        expect(stderr).toContain('no space left on device');
        expect(stderr).toContain('--state-dir');
        expect(existsSync(join(rig.folder, 'big.tar'))).toBe(false);
        const again = await rig.call(['solve', 'small.ts', ...flags]);
        expect(again.status).toBe(0);
        expect(again.stderr).toContain('0 ran');
      } finally {
        execFileSync('umount', [state]);
      }
    });
  });
});
