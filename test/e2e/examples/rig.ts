import { join } from 'node:path';
import { readTar } from '../../support/read-tar.ts';
import type { RunResult } from '../../support/run.ts';
import { runLlbTs } from '../../support/solvers.ts';
import { withTemporaryFolder } from '../../support/temporary.ts';
import type { FileTree, TreeEntry } from '../../support/tree.ts';

const EXAMPLES = join(import.meta.dirname, '../../../examples');

/** A store and a place for results, for the solves of one example. */
export interface Rig {
  /** Solves a target to a tree. */
  solve(target: string, ...flags: readonly string[]): Promise<Solved>;
  /** The definition of a target. */
  marshal(target: string, ...flags: readonly string[]): Promise<Uint8Array>;
}

export interface Solved {
  readonly tree: FileTree;
  /** The CLI's log of the run. */
  readonly log: string;
}

export function withExample<T>(name: string, use: (rig: Rig) => Promise<T>): Promise<T> {
  const build = join(EXAMPLES, name, 'build.ts');
  return withTemporaryFolder(async (folder) => {
    const stateDir = join(folder, 'state');
    const tar = join(folder, 'out.tar');
    return use({
      async solve(target, ...flags) {
        const output = ['--output', `type=tar,dest=${tar}`, '--state-dir', stateDir, '--progress', 'plain'];
        const { stderr } = succeeded(await runLlbTs(['solve', build, target, ...output, ...flags]));
        return { tree: readTar(tar), log: stderr };
      },
      async marshal(target, ...flags) {
        return succeeded(await runLlbTs(['marshal', build, target, ...flags])).stdout;
      },
    });
  });
}

/** `/etc/motd` → entry, for assertions about single paths. */
export function byPath(tree: FileTree): ReadonlyMap<string, TreeEntry> {
  return new Map(tree.map((entry) => [entry.path, entry]));
}

export function pathsOf(tree: FileTree): readonly string[] {
  return tree.map((entry) => entry.path);
}

/** `3 ran, 12 cached` of the closing line. */
export function countsIn(log: string): { readonly ran: number; readonly cached: number } {
  const [, ran, cached] = /(\d+) ran, (\d+) cached/.exec(log) ?? [];
  return { ran: Number(ran), cached: Number(cached) };
}

function succeeded(result: RunResult): RunResult {
  if (result.status !== 0) throw new Error(`llb-ts ended with exit code ${result.status}\n${result.stderr}`);
  return result;
}
