import { expect, test } from 'vitest';
import { requires } from '../../support/requirements.ts';
import { run } from '../../support/run.ts';
import { llbTsProgram } from '../../support/solvers.ts';
import { environmentOf, type Rig } from '../cli/rig.ts';
import { withBox } from './box.ts';

const BUILD = "export default sh('echo it ran > /x');\n";

/** Solves with words before it that take something away; what it says as it fails. */
async function failing(rig: Rig, before: readonly string[]): Promise<string> {
  const [program = '', ...args] = [...before, process.execPath, llbTsProgram(), 'solve'];
  const { status, stderr } = await run(program, args, { cwd: rig.folder, env: environmentOf(rig) });
  expect(status, stderr).toBe(3);
  return stderr;
}

/** Words that hide programs: something that is no program lies over each. */
function without(...names: readonly string[]): readonly string[] {
  const places = names.flatMap((name) => {
    const found = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
    return found.map((folder) => `${folder}/${name}`);
  });
  const script =
    'while [ "$1" != -- ]; do [ -e "$1" ] && mount --bind /dev/null "$1"; shift; done; shift; exec "$@"';
  return ['unshare', '--mount', 'sh', '-c', script, 'sh', ...places, '--'];
}

requires('root', 'busybox')('a machine on which no process can be run', () => {
  test('for lack of programs says which three would help', () =>
    withBox(BUILD, async (rig) => {
      const stderr = await failing(rig, without('crun', 'runc', 'setpriv'));
      expect(stderr).toContain('error: this machine has nothing to run a process with: setpriv missing\n');
      expect(stderr).toContain(
        '   help   one of three things helps: install crun, install runc, or install util-linux\n',
      );
      expect(stderr).toMatch(/^ {3}build\.ts:\d+:\d+$/m);
    }));

  test('as root without the right says what gives it', () =>
    withBox(BUILD, async (rig) => {
      const stderr = await failing(rig, ['setpriv', '--bounding-set=-sys_admin', '--inh-caps=-sys_admin']);
      expect(stderr).toContain('error: cannot make a mount namespace: operation not permitted\n');
      expect(stderr).toMatch(/ {3}help {3}root lacks CAP_SYS_ADMIN here: .* as an ordinary user\n/);
    }));

  test('with the runtime that was asked for says how to go on', () =>
    withBox(BUILD, async (rig) => {
      const { status, stderr } = await rig.call(['solve', '--executor', 'no-such-crun']);
      expect([status, stderr]).toEqual([
        3,
        expect.stringContaining('error: there is no runtime "no-such-crun" on this machine\n'),
      ]);
    }));

  test('without crun and runc runs it in a sandbox, and says so once', () =>
    withBox(
      "export default sh('true', With(llb.AddEnv('A', '1'))).Run(Args(['true'])).Root();\n",
      async (rig) => {
        const [program = '', ...args] = without('crun', 'runc');
        const words = [process.execPath, llbTsProgram(), 'solve', '--progress', 'plain'];
        const { status, stderr } = await run(program, [...args, ...words], {
          cwd: rig.folder,
          env: environmentOf(rig),
        });
        expect(status, stderr).toBe(0);
        expect(stderr.match(/neither crun nor runc is installed/g)).toHaveLength(1);
      },
    ));

  test('says that limits have no effect where there are no control groups to set them', () =>
    withBox("export default sh('true', llb.WithLinuxResources({ memory: 1 << 28 }));\n", async (rig) => {
      const { status, stderr } = await rig.call(['solve', '--executor', 'sandbox', '--progress', 'plain']);
      expect(status, stderr).toBe(0);
      expect(stderr).toContain('the limits of this step have no effect here');
    }));
});
