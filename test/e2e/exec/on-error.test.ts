import { expect, test } from 'vitest';
import { requires } from '../../support/requirements.ts';
import { onTerminal } from '../cli/terminal.ts';
import { withBox } from './box.ts';

const BUILD = `
const bare = Scratch().File(llb.Copy(Local('box', { dir: './box' }), '/bin/busybox', '/false'));
export default {
  failing: sh('echo made > /made; echo said; exit 3', AddMount('/m', box, llb.Readonly()), With(Dir('/work')), With(AddEnv('WHO', 'me'))),
  // Busybox by this name is "false".
  bare: bare.AddEnv('WHO', 'me').Run(Args(['/false']), With(Dir('/work'))).Root(),
};
`;
// biome-ignore lint/suspicious/noControlCharactersInRegex: the shell asks where the cursor is
const PROMPT = /# (\x1b\[6n)?$/;

requires('root', 'busybox')('--on-error shell', () => {
  test.each(['auto', 'sandbox'])(
    'opens a shell in the failed root, with its mounts, folder and variables (%s)',
    (executor) =>
      withBox(BUILD, async (rig) => {
        const flags = ['--on-error', 'shell', '--executor', executor];
        const { status, screen } = await onTerminal(
          rig,
          ['solve', 'build.ts', 'failing', ...flags],
          [
            { after: PROMPT, keys: 'echo [$(pwd) $WHO $(cat /made) $(ls /m | head -n 1)]\n' },
            // Ctrl-C is for what runs in the shell.
            { after: PROMPT, keys: 'sh -c "echo it runs; exec sleep 50.123"\n' },
            { after: /^it runs/m, keys: '\x03' },
            { after: PROMPT, keys: 'echo [still $?]\n' },
            { after: PROMPT, keys: 'exit 7\n' },
          ],
        );
        expect(screen).toContain('did not complete successfully: exit code: 3');
        expect(screen).toMatch(/\n {5}\| said\na shell where it failed; "exit" ends it\n/);
        expect(screen).toContain('\n[/work me made bin]');
        expect(screen).toContain('\n[still 130]');
        expect([status, screen]).toEqual([
          1,
          expect.stringMatching(/\nerror: process "sh -c .*exit code: 3\n/),
        ]);
      }),
  );

  test("lends this machine's busybox to a root without a shell", () =>
    withBox(BUILD, async (rig) => {
      const args = ['solve', 'build.ts', 'bare', '--on-error', 'shell', '--progress', 'plain'];
      const { status, screen } = await onTerminal(rig, args, [
        { after: PROMPT, keys: 'echo [$(pwd) $WHO $(ls / | head -n 3)]\n' },
        { after: PROMPT, keys: 'exit\n' },
      ]);
      expect([status, screen]).toEqual([1, expect.stringContaining('\n[/work me dev etc false]')]);
      expect(screen).toMatch(/^#3 ERROR: process "\/false"/m);
    }));

  test('is refused without a terminal, before anything is done', () =>
    withBox("throw new Error('it ran');", async (rig) => {
      const { status, stderr } = await rig.call(['solve', '--on-error', 'shell']);
      expect([status, stderr]).toEqual([
        2,
        'error: --on-error shell: there is no terminal\n' +
          '   help   the shell needs standard input, output and error: run it on a terminal, without pipes\n',
      ]);
    }));
});
