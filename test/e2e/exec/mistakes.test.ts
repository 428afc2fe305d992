import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findProgram, requires } from '../../support/requirements.ts';
import { run } from '../../support/run.ts';
import { environmentOf, type Rig } from '../cli/rig.ts';
import { withBox } from './box.ts';

/** Target → a step that cannot be run as it is described, one for each way. */
const MISTAKES: Readonly<Record<string, string>> = {
  exitCode: "sh('exit 7')",
  shellFindsNothing: "sh('nosuchprogram')",
  shellMayNotStart: "sh('/etc/passwd')",
  programMissing: "box.Run(Args(['nosuchprogram', 'a b'])).Root()",
  pathMissing: "box.Run(Args(['/bin/no/such'])).Root()",
  programIsFolder: "box.Run(Args(['/etc'])).Root()",
  programIsText: "box.Run(Args(['/etc/passwd'])).Root()",
  user: "sh('true', With(llb.User('nobody-of-this-name')))",
  group: "sh('true', With(llb.User('alice:no-such-group')))",
  userTooLarge: "sh('true', With(llb.User('2147483648')))",
  folderIsFile: "sh('true', With(Dir('/etc/passwd')))",
  mountOverFile: "sh('true', AddMount('/etc/passwd', box, llb.Readonly()))",
  mountInFile: "sh('true', AddMount('/etc/passwd/x', box, llb.Readonly()))",
  selector: "sh('true', AddMount('/m', box, llb.SourcePath('/no/such')))",
  cacheSelector:
    "sh('true', AddMount('/m', box, llb.SourcePath('/no/such'), llb.AsPersistentCacheDir('mistakes', llb.CacheMountPrivate)))",
  secret: "sh('true', llb.AddSecret('/s', llb.SecretID('nobody-gave-it')))",
  secretVariable: "sh('true', llb.AddSecret('S', llb.SecretID('nobody-gave-it'), llb.SecretAsEnv(true)))",
  agent: "sh('true', llb.AddSSHSocket())",
  limit: "sh('true', llb.AddUlimit('nonsense' as llb.UlimitName, 1, 1))",
};

const BUILD = `export default {\n${Object.entries(MISTAKES)
  .map(([name, step]) => `  ${name}: () => ${step},`)
  .join('\n')}
  otherAgent: sh('true', llb.AddSSHSocket(llb.SSHID('other'))),
  optional: sh('test ! -e /s && test -z "$S" && test ! -e "$SSH_AUTH_SOCK"',
    llb.AddSecret('/s', llb.SecretID('no'), llb.SecretOptional),
    llb.AddSecret('S', llb.SecretID('no'), llb.SecretAsEnv(true), llb.SecretOptional),
    llb.AddSSHSocket(llb.SSHOptional)),
};\n`;

/** The error of a solve by llb-ts, without "error: "; it must have failed as a step does. */
async function here(rig: Rig, target: string, flags: readonly string[] = []): Promise<string> {
  const { status, stderr } = await rig.call(['solve', 'build.ts', target, '--progress', 'quiet', ...flags]);
  expect([status, stderr]).toEqual([1, expect.stringMatching(/^error: /)]);
  expect(stderr).toMatch(/^ {3}build\.ts:\d+:\d+$/m);
  return stderr.slice('error: '.length, stderr.indexOf('\n'));
}

/** The same by way of `llb-ts marshal | buildctl build`. */
async function there(rig: Rig, target: string, flags: readonly string[] = []): Promise<string> {
  const definition = await rig.call(['marshal', 'build.ts', target]);
  const words = ['build', '--progress', 'plain', '--local', `box=${join(rig.folder, 'box')}`, ...flags];
  const { status, stderr } = await run(findProgram('buildctl') ?? '', words, {
    input: definition.bytes,
    env: environmentOf(rig),
  });
  expect(status, stderr).toBe(1);
  return /^error: failed to solve: (.*)$/m.exec(stderr)?.[1] ?? stderr;
}

requires('root', 'busybox')('a step that cannot be run', () => {
  requires('reference-buildkit')('beside BuildKit', () => {
    test('is told in the same words', () =>
      withBox(BUILD, async (rig) => {
        const targets = Object.keys(MISTAKES);
        const said: Record<string, string> = {};
        const wanted: Record<string, string> = {};
        for (const target of targets) {
          [said[target], wanted[target]] = await Promise.all([here(rig, target), there(rig, target)]);
        }
        expect(said).toEqual(wanted);
        expect(new Set(Object.values(said)).size).toBeGreaterThan(10);
      }));

    test('is told in the same words when there is an agent of another name', () =>
      withBox(BUILD, async (rig) => {
        const agent = join(rig.folder, 'agent');
        const server = createServer();
        await new Promise<void>((listening) => server.listen(agent, listening));
        const flags = ['--ssh', `default=${agent}`];
        try {
          expect(await here(rig, 'otherAgent', flags)).toBe(await there(rig, 'otherAgent', flags));
        } finally {
          server.close();
        }
      }));
  });

  test('for a secret or an agent says the flag that gives it', () =>
    withBox(BUILD, async (rig) => {
      for (const [target, help] of [
        ['secret', 'give it with --secret id=nobody-gave-it,src=FILE'],
        ['secretVariable', 'give it with --secret id=nobody-gave-it,src=FILE'],
        ['agent', 'forward an agent with --ssh default'],
      ]) {
        const { stderr } = await rig.call(['solve', 'build.ts', target ?? '']);
        expect(stderr).toContain(`   help   ${help}\n`);
      }
    }));

  test('is none where what is missing is optional', () =>
    withBox(BUILD, async (rig) => {
      const { status, stderr } = await rig.call(['solve', 'build.ts', 'optional']);
      expect(status, stderr).toBe(0);
    }));
});
