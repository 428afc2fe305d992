import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { requires } from '../../support/requirements.ts';
import { llbTsProgram } from '../../support/solvers.ts';
import { environmentOf, type Rig } from '../cli/rig.ts';
import { withBox } from './box.ts';

/** Of letters, after zeros: these come fast. */
const TAIL = 5000;
const SIZE = 2 ** 30 + TAIL;
const BUILD = `
const write = 'dd if=/dev/zero bs=1M count=1024 2>/dev/null; printf "%${TAIL}s" | tr " " x';
export default { good: sh(write), bad: sh(write + '; exit 5') };
`;
/** Far less than the output; Node itself takes a tenth of it. */
const MOST_MEMORY = 350e6;

interface Measured {
  readonly status: number | null;
  /** Bytes that came on standard error. */
  readonly written: number;
  readonly end: string;
  /** The most memory that it had at one time. */
  readonly memory: number;
}

/** Runs a solve, and counts what it writes instead of keeping it. */
async function measured(rig: Rig, target: string, progress: string): Promise<Measured> {
  const args = [llbTsProgram(), 'solve', 'build.ts', target, '--progress', progress];
  const child = spawn(process.execPath, args, {
    cwd: rig.folder,
    env: { ...environmentOf(rig), TMPDIR: join(rig.folder, 'tmp') },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let written = 0;
  let end = '';
  child.stderr.on('data', (data: Buffer) => {
    written += data.length;
    end = (end + data.subarray(-4000).toString()).slice(-4000);
  });
  let memory = 0;
  const look = setInterval(() => {
    memory = Math.max(memory, mostMemory(child.pid ?? 0));
  }, 50);
  const status = await new Promise<number | null>((resolve) => child.on('close', resolve));
  clearInterval(look);
  return { status, written, end, memory };
}

function mostMemory(pid: number): number {
  try {
    return 1024 * Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

requires('root', 'busybox')('a gigabyte on one line', () => {
  test('is all shown in the plain form, and takes little memory', () =>
    withBox(BUILD, async (rig) => {
      rig.write({ 'tmp/.keep': '' });
      const { status, written, end, memory } = await measured(rig, 'good', 'plain');
      expect(end).toMatch(/^solved in /m);
      expect([status, written > SIZE, written < SIZE + 2e6]).toEqual([0, true, true]);
      expect(memory).toBeLessThan(MOST_MEMORY);
    }));

  test('of a step that fails is all in the log that the failure names, and its end is shown', () =>
    withBox(BUILD, async (rig) => {
      rig.write({ 'tmp/.keep': '' });
      const { status, written, end, memory } = await measured(rig, 'bad', 'quiet');
      expect([status, end]).toEqual([1, expect.stringMatching(/^ {5}\| …x{2000}$/m)]);
      expect(written).toBeLessThan(10_000);
      const log = /^ {3}log {6}(.*) \(all 1 lines\)$/m.exec(end)?.[1] ?? '';
      expect([log, existsSync(log)]).toEqual([expect.any(String), true]);
      expect(statSync(log).size).toBe(SIZE);
      expect(memory).toBeLessThan(MOST_MEMORY);
      // Nothing else was left there.
      expect(readdirSync(join(rig.folder, 'tmp')).filter((name) => !log.includes(name))).toEqual(['.keep']);
    }));
});
