import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { commandAs, copyCliFor, give, type OrdinaryUser, ordinaryUser } from '../../support/ordinary-user.ts';
import { requires } from '../../support/requirements.ts';
import { type RunResult, run } from '../../support/run.ts';
import { withTemporaryFolder } from '../../support/temporary.ts';
import { writeBox } from '../exec/box.ts';

const build = `
import { Mkdir, Mkfile, Scratch } from 'llb-ts';
const plain = Scratch().File(Mkdir('/etc', 0o755).Mkfile('/etc/motd', 0o640, 'hello'));
export default { plain, owned: plain.File(Mkfile('/theirs', 0o600, 'x', { chown: '12:34' })) };
`;

const step = `
import { AddEnv, Args, Diff, Local } from 'llb-ts';
const box = Local('box', { dir: './box' }).With(AddEnv('PATH', '/bin'));
export default Diff(box, box.Run(Args(['sh', '-c', 'id -u > /made'])).Root());
`;

/** Calls `llb-ts` as `user`, whose home holds a build. */
async function withHome(
  user: OrdinaryUser,
  use: (home: string, call: (...args: readonly string[]) => Promise<RunResult>) => Promise<void>,
): Promise<void> {
  await withTemporaryFolder(async (folder) => {
    chmodSync(folder, 0o755);
    const program = copyCliFor(join(folder, 'cli'));
    const home = join(folder, 'home');
    mkdirSync(home);
    writeFileSync(join(home, 'build.ts'), build);
    give(home, user);
    const env = { HOME: home, XDG_DATA_HOME: undefined, LLB_TS_STATE_DIR: undefined, NO_COLOR: '1' };
    await use(home, (...args) => {
      const [setpriv = '', ...rest] = commandAs(user, [process.execPath, program, ...args]);
      return run(setpriv, rest, { cwd: home, env });
    });
  });
}

requires('ordinary-user')('a build of a user who is not root', () => {
  const user = ordinaryUser()!;

  test('keeps its store with the user, and gives the user what it exports', () =>
    withHome(user, async (home, call) => {
      expect(await call('solve', 'build.ts', 'plain', '-o', 'out')).toMatchObject({ status: 0 });
      expect(readFileSync(join(home, 'out/etc/motd'), 'utf8')).toBe('hello');
      expect(statSync(join(home, 'out/etc/motd'))).toMatchObject({ uid: user.uid, gid: user.gid });
      expect(existsSync(join(home, '.local/share/llb-ts'))).toBe(true);
    }));

  test('has files of anybody', () =>
    withHome(user, async (home, call) => {
      expect(await call('solve', 'build.ts', 'owned', '--output', 'type=tar,dest=out.tar')).toMatchObject({
        status: 0,
      });
      const listed = await run('tar', ['--numeric-owner', '-tvf', join(home, 'out.tar')]);
      expect(listed.stdout.toString()).toMatch(/^-rw------- 12\/34 .* theirs$/m);
    }));

  test('writes to a device in a folder that it may not write', () =>
    withHome(user, async (_, call) => {
      const args = ['build.ts', 'plain', '--output', 'type=tar,dest=/dev/null'];
      expect(await call('solve', ...args)).toMatchObject({ status: 0 });
    }));

  test('passes standard input and output through', () =>
    withHome(user, async (home, call) => {
      const marshaled = await call('marshal', 'build.ts', 'plain');
      writeFileSync(join(home, 'build.pb'), marshaled.stdout);
      const [setpriv = '', ...args] = commandAs(user, [
        'sh',
        '-c',
        `${join(home, '../cli/node_modules/llb-ts/bin/llb-ts.mjs')} solve - --output type=tar,dest=- < build.pb | tar -t`,
      ]);
      const { stdout } = await run(setpriv, args, {
        cwd: home,
        env: { HOME: home, LLB_TS_STATE_DIR: undefined },
      });
      expect(stdout.toString().split('\n')).toContain('etc/motd');
    }));
});

requires('ordinary-user')('a build of a user without a range of ids', () => {
  // Nobody's: no entry in /etc/passwd either.
  const user: OrdinaryUser = { name: '', uid: 64_990, gid: 64_990, home: '/' };

  test('works where all files belong to root', () =>
    withHome(user, async (home, call) => {
      expect(await call('solve', 'build.ts', 'plain', '-o', 'out')).toMatchObject({ status: 0 });
      expect(statSync(join(home, 'out/etc/motd'))).toMatchObject({ uid: user.uid, gid: user.gid });
    }));

  test('says what it lacks for files of others', () =>
    withHome(user, async (home, call) => {
      const { status, stderr } = await call('solve', 'build.ts', 'owned', '-o', 'out');
      expect([status, stderr]).toEqual([
        3,
        expect.stringMatching(/has no id for.*build\.ts:4.*\/etc\/subuid/s),
      ]);
      expect(existsSync(join(home, 'out'))).toBe(false);
    }));

  for (const executor of ['crun', 'runc', 'sandbox'] as const) {
    requires('busybox', ...(executor === 'sandbox' ? [] : [executor]))(`runs a step with ${executor}`, () => {
      test('although there is no group for terminals', () =>
        withHome(user, async (home, call) => {
          writeBox(join(home, 'box'));
          writeFileSync(join(home, 'step.ts'), step);
          const { status, stderr } = await call('solve', 'step.ts', '--executor', executor, '-o', 'out');
          expect(status, stderr).toBe(0);
          expect(readFileSync(join(home, 'out/made'), 'utf8')).toBe('0\n');
        }));
    });
  }
});
