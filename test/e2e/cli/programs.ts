import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { findProgram } from '../../support/requirements.ts';

/** Steps that run programs of this machine, which the test has copied beside the build file. */
export const runs = `import { AddSecret, Args, Local, type State } from 'llb-ts';
const root = Local('root', { dir: './root' });
const sh = (script: string): State => root.AddEnv('PATH', '/bin').Run(Args(['sh', '-c', script])).Root();
export default {
  quick: sh('echo done > /done'),
  slow: sh('echo it runs; sleep 54.321'),
  failing: sh('i=0; while [ $i -lt 40 ]; do i=$((i+1)); echo line $i; done; exit 3'),
  secret: root.AddEnv('PATH', '/bin').Run(
    Args(['sh', '-c', 'cat /s/token; echo; cat /s/other; echo']),
    AddSecret('/s/token', { id: 'token' }),
    AddSecret('/s/other', { id: 'other' }),
  ),
};
`;

/** Copies programs of this machine to `folder`/bin, with the libraries that they need. */
export function copyPrograms(folder: string, names: readonly string[]): void {
  for (const name of names) {
    const program = findProgram(name) ?? '';
    place(program, join(folder, 'bin', name));
    const { stdout } = spawnSync('ldd', [program], { encoding: 'utf8' });
    for (const [, library = ''] of stdout.matchAll(/(\/\S+) \(0x/g)) place(library, join(folder, library));
  }
}

function place(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(from, to);
}

/** Processes of this machine with exactly this command line. */
export function processesWith(command: string): readonly string[] {
  return readdirSync('/proc').filter((name) => {
    try {
      return readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ').trim() === command;
    } catch {
      // No process, or one that has ended meanwhile.
      return false;
    }
  });
}
