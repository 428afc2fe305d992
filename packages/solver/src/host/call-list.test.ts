import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../../../test/support/temporary.ts';
import { encodeCalls, FAILURE_BYTES, failedCall, type SystemCall } from './call-list.ts';
import { callListProgram } from './call-list-program.ts';
import { findProgram } from './programs.ts';

const dir = temporaryFolder();

/** How to start a program of each architecture here. */
const STARTERS: Readonly<Record<string, string | undefined>> = {
  [process.arch]: '',
  ...(process.arch !== 'arm64' && { arm64: findProgram('qemu-aarch64-static') }),
  ...(process.arch !== 'x64' && { x64: findProgram('qemu-x86_64-static') }),
};

for (const arch of ['x64', 'arm64']) {
  const starter = STARTERS[arch];
  describe.skipIf(starter === undefined)(`system calls from a list: ${arch}`, () => {
    const file = path.join(dir, arch);
    fs.writeFileSync(file, callListProgram(arch)!, { mode: 0o755 });

    function play(calls: readonly SystemCall[]) {
      fs.writeFileSync(`${file}.list`, encodeCalls(calls, arch));
      const list = fs.openSync(`${file}.list`, 'r');
      try {
        const command = [...(starter ? [starter] : []), file];
        const { status, stdout } = spawnSync(command[0]!, command.slice(1), {
          stdio: ['ignore', 'pipe', 'inherit', list],
        });
        return { status, stdout };
      } finally {
        fs.closeSync(list);
      }
    }

    it('makes them in order', () => {
      const { status, stdout } = play([
        { name: 'write', args: [1, { text: 'one ' }, 4] },
        { name: 'write', args: [1, { bytes: Buffer.from('two') }, 3] },
        { name: 'exit_group', args: [7] },
      ]);
      expect([status, stdout.toString()]).toEqual([7, 'one two']);
    });

    it('goes on elsewhere when one fails, and notes which and why', () => {
      const { status, stdout } = play([
        { name: 'chdir', args: [{ text: '/nosuch' }], orElse: 'failed' },
        { name: 'exit_group', args: [1] },
        { name: 'write', label: 'failed', args: [1, { failure: true }, FAILURE_BYTES] },
        // Without a label, the next one.
        { name: 'close', args: [-1] },
        { name: 'exit_group', args: [2] },
      ]);
      expect([status, failedCall(stdout)]).toEqual([2, { index: 0, errno: os.constants.errno.ENOENT }]);
    });

    it('becomes another program with arguments and variables', () => {
      const { stdout } = play([
        {
          name: 'execve',
          args: [
            { text: findProgram('sh')! },
            {
              texts: ['sh', '-c', 'echo "$0 $1 $A $B"', 'x', 'ü'].map((text) =>
                Buffer.from(text).toString('latin1'),
              ),
            },
            { texts: ['A=1', 'B=two words'] },
          ],
        },
        { name: 'exit_group', args: [1] },
      ]);
      expect(stdout.toString()).toBe('x ü 1 two words\n');
    });

    it('has an argument filled in by an earlier call', () => {
      const { stdout } = play([
        // Nothing to read: the next call keeps its argument, and fails.
        { name: 'read', args: [0, { argumentOf: 'write' }, 8] },
        { name: 'write', label: 'write', args: [-1, { text: 'no' }, 2], orElse: 'failed' },
        { name: 'exit_group', args: [1] },
        { name: 'write', label: 'failed', args: [1, { text: 'refused' }, 7] },
        { name: 'exit_group', args: [0] },
      ]);
      expect(stdout.toString()).toBe('refused');
    });
  });
}

it('refuses a list that does not fit', () => {
  const text = 'x'.repeat(17 << 20);
  expect(() => encodeCalls([{ name: 'chdir', args: [{ text }] }], 'x64')).toThrow('E2BIG');
});
