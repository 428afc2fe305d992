import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { requires } from '../../support/requirements.ts';
import { llbTsProgram } from '../../support/solvers.ts';
import { build, summary } from './examples.ts';
import { copyPrograms, processesWith, runs } from './programs.ts';
import { environmentOf, withRig } from './rig.ts';

requires('root')('interrupts of a running step', () => {
  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)(
    '%s stops it cleanly: nothing runs, nothing is mounted, no output, the store as good as before',
    async (signal, status) => {
      await withRig({ 'build.ts': runs }, async (rig) => {
        copyPrograms(join(rig.folder, 'root'), ['sh', 'sleep']);
        const flags = ['-o', 'type=tar,dest=out.tar', '-o', 'out', '--progress', 'plain'];
        const child = spawn(process.execPath, [llbTsProgram(), 'solve', 'build.ts', 'slow', ...flags], {
          cwd: rig.folder,
          env: environmentOf(rig),
        });
        let stderr = '';
        const started = new Promise<void>((done) => {
          child.stderr.on('data', (data: Buffer) => {
            stderr += data.toString();
            if (/^#\d+ [\d.]+ it runs$/m.test(stderr)) done();
          });
        });
        const ended = new Promise((done) => child.on('close', done));
        await Promise.race([started, ended]);
        child.kill(signal);
        expect([await ended, stderr]).toEqual([status, expect.stringContaining('it runs')]);
        expect(stderr).toMatch(/^#\d+ CANCELED\nerror: the solve was stopped\n$/m);
        expect(stderr).not.toMatch(/Internal error|^ {4}at /m);
        expect(readdirSync(rig.folder).sort()).toEqual(['build.ts', 'root']);
        expect(processesWith('sleep 54.321')).toEqual([]);
        expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(
          rig.folder.replace(/work$/, 'state'),
        );
        const after = await rig.call(['solve', 'build.ts', 'quick', '-o', 'out']);
        expect([after.status, after.stderr]).toEqual([0, expect.stringMatching(summary)]);
      });
    },
  );
});

describe('interrupts', () => {
  test('a signal while the build file runs ends at once and leaves nothing', async () => {
    const text =
      "import { writeFileSync } from 'node:fs';\nwriteFileSync('running', '');\nawait new Promise((r) => setTimeout(r, 60_000));";
    await withRig({ 'build.ts': text, 'tmp/x': '' }, async (rig) => {
      const child = spawn(process.execPath, [llbTsProgram(), 'marshal'], {
        cwd: rig.folder,
        env: { ...environmentOf(rig), TMPDIR: join(rig.folder, 'tmp') },
      });
      const ended = new Promise((done) => child.on('close', done));
      while (!existsSync(join(rig.folder, 'running'))) await new Promise((done) => setTimeout(done, 20));
      child.kill('SIGINT');
      expect(await ended).toBe(130);
      expect(readdirSync(join(rig.folder, 'tmp'))).toEqual(['x']);
    });
  });

  test('a reader that goes away fails the export, without a stack', async () => {
    await withRig({ 'build.ts': build, 'files/big': Buffer.alloc(8 * 1024 * 1024) }, async (rig) => {
      const command = `${process.execPath} ${llbTsProgram()} solve build.ts folder -o - | head -c 100 > /dev/null; echo "\${PIPESTATUS[0]}"`;
      const child = spawn('bash', ['-c', command], { cwd: rig.folder, env: environmentOf(rig) });
      let out = '';
      let stderr = '';
      child.stdout.on('data', (data: Buffer) => {
        out += data.toString();
      });
      child.stderr.on('data', (data: Buffer) => {
        stderr += data.toString();
      });
      await new Promise((done) => child.on('close', done));
      expect(out).toBe('1\n');
      expect(stderr).not.toMatch(/Internal error|^ {4}at /m);
    });
  });
});
