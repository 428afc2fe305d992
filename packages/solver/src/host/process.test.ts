import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { buildSync } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { runProcess, runTool } from './process.ts';
import { findProgram } from './programs.ts';

const sh = findProgram('sh')!;
const env = { PATH: '/usr/bin:/bin' };

/** Its output is closed before it ends. */
const WAIT = `
  const task = { program: '/bin/sh', args: ['-c', 'exec >&- 2>&-; sleep 0.3; exit 3'], env: { PATH: '/bin:/usr/bin' } };
  const signal = new AbortController().signal;
  runProcess({ ...task, signal, onOutput: () => {} }).then((code) => console.log('ended', code));
`;

async function shell(script: string, signal = new AbortController().signal) {
  const output: Record<'stdout' | 'stderr', string> = { stdout: '', stderr: '' };
  const code = await runProcess({
    program: sh,
    args: ['-c', script],
    env,
    signal,
    onOutput: (stream, data) => {
      output[stream] += Buffer.from(data).toString();
    },
  });
  return { code, ...output };
}

describe('runProcess', () => {
  it('tells the exit code and all output', async () => {
    expect(await shell('echo out; echo err >&2; exit 7')).toEqual({
      code: 7,
      stdout: 'out\n',
      stderr: 'err\n',
    });
  });

  it('gives pipes that can be opened again', async () => {
    expect((await shell('echo again > /dev/stdout; cat < /dev/stdin')).stdout).toBe('again\n');
  });

  it('loses nothing of a long line', async () => {
    const { stdout } = await shell('head -c 3000000 /dev/zero | tr "\\0" x');
    expect(stdout).toHaveLength(3_000_000);
  });

  it('counts a signal as 128 and its number', async () => {
    expect(await shell('kill -TERM $$')).toMatchObject({ code: 143 });
  });

  it('starts with no signals ignored, and nothing of ours open', async () => {
    const { stdout } = await shell(
      'grep -E "^Sig(Ign|Blk)" /proc/self/status; umask; set -- /proc/$$/fd/?*; echo $*',
    );
    expect(stdout).toMatch(/^SigBlk:\t0+\nSigIgn:\t0+\n0022\n\/proc\/\d+\/fd\/0 \S+1 \S+2 \S+3\n$/);
  });

  it('is waited for by a process that has nothing else to do', () => {
    const module = JSON.stringify(new URL('./process.ts', import.meta.url).pathname);
    const bundle = buildSync({
      stdin: { contents: `import { runProcess } from ${module}; ${WAIT}`, resolveDir: import.meta.dirname },
      ...{ bundle: true, platform: 'node', format: 'cjs', external: ['koffi'], write: false },
    }).outputFiles[0]!.text;
    const { stdout } = spawnSync(process.execPath, ['-e', bundle], {
      cwd: import.meta.dirname,
      encoding: 'utf8',
    });
    expect(stdout).toBe('ended 3\n');
  });

  it('runs many at once', async () => {
    const codes = await Promise.all(Array.from({ length: 30 }, (_, i) => shell(`exit ${i}`)));
    expect(codes.map(({ code }) => code)).toEqual(Array.from({ length: 30 }, (_, i) => i));
  });

  it('kills the whole tree when stopped', async () => {
    const stop = new AbortController();
    const pids: string[] = [];
    const ended = runProcess({
      program: sh,
      args: ['-c', 'trap "" TERM; sh -c "echo \\$\\$; sleep 100; :" & wait'],
      env,
      signal: stop.signal,
      onOutput: (_, data) => {
        pids.push(Buffer.from(data).toString().trim());
        stop.abort();
      },
    });
    expect(await ended).toBe(137);
    expect(fs.existsSync(`/proc/${pids[0]}/cwd`)).toBe(false);
  });

  it('rejects when there is no such program', async () => {
    const signal = new AbortController().signal;
    await expect(
      runProcess({ program: '/no/such', args: [], env, signal, onOutput: () => {} }),
    ).rejects.toThrow(/ENOENT/);
  });
});

describe('runTool', () => {
  it('answers 127 for a tool that cannot be started', () => {
    expect(runTool('/no/such', []).code).toBe(127);
    expect(runTool(sh, ['-c', 'echo hi; exit 3'])).toEqual({ code: 3, stdout: 'hi\n', stderr: '' });
  });
});
