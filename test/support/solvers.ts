import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readTar } from './read-tar.ts';
import { findProgram } from './requirements.ts';
import { type RunResult, run } from './run.ts';
import { withTemporaryFolder } from './temporary.ts';
import type { Outcome } from './tree.ts';

/** What a definition takes from outside, as the flags of `solve` and `buildctl build` have it. */
export interface Inputs {
  /** Name → folder. */
  readonly locals?: Readonly<Record<string, string>>;
  /** Store id → folder. */
  readonly ociLayouts?: Readonly<Record<string, string>>;
  /** Secret id → file. */
  readonly secrets?: Readonly<Record<string, string>>;
  readonly allow?: readonly string[];
}

/** Something that turns a definition into a tree: this project, or a BuildKit. */
export interface Solver {
  readonly name: string;
  solve(definition: Uint8Array, inputs?: Inputs): Promise<Outcome>;
}

export interface LlbTsOptions {
  /** The store; default: a fresh one for every solve. */
  readonly stateDir?: string;
  /** Solve on the BuildKit there instead of here. */
  readonly address?: string;
  readonly flags?: readonly string[];
}

/** The CLI as `pnpm build` leaves it, used as a user would. */
export function llbTs(options: LlbTsOptions = {}): Solver {
  return {
    name: options.address ? `llb-ts on ${options.address}` : 'llb-ts',
    solve: (definition, inputs = {}) =>
      withTemporaryFolder((folder) => {
        const place = options.address
          ? ['--addr', options.address]
          : ['--state-dir', options.stateDir ?? join(folder, 'state')];
        const args = ['solve', '-', '--progress', 'plain', ...place, ...(options.flags ?? [])];
        const tar = join(folder, 'out.tar');
        return solveToTar((more) => runLlbTs([...args, ...more], definition), inputs, tar, mustFailWell);
      }),
  };
}

/** The reference: `buildctl build` at an address, by default that of BUILDKIT_HOST. */
export function buildctl(address = process.env.BUILDKIT_HOST ?? '', flags: readonly string[] = []): Solver {
  const program = findProgram('buildctl') ?? 'buildctl';
  const args = ['--addr', address, 'build', '--progress', 'plain', ...flags];
  return {
    name: 'BuildKit',
    solve: (definition, inputs = {}) =>
      withTemporaryFolder((folder) =>
        solveToTar(
          (more) => run(program, [...args, ...more], { input: definition }),
          inputs,
          join(folder, 'out.tar'),
        ),
      ),
  };
}

/** Runs the built CLI. */
export function runLlbTs(args: readonly string[], input?: Uint8Array): Promise<RunResult> {
  return run(process.execPath, [llbTsProgram(), ...args], input ? { input } : {});
}

/** Where the built CLI is; fails when it was not built. */
export function llbTsProgram(): string {
  const cli = join(import.meta.dirname, '../../packages/cli');
  if (!existsSync(join(cli, 'dist'))) throw new Error('the CLI is not built: run `pnpm build` first');
  return join(cli, 'bin/llb-ts.mjs');
}

async function solveToTar(
  solve: (flags: readonly string[]) => Promise<RunResult>,
  inputs: Inputs,
  tar: string,
  checkFailed: (tar: string, result: RunResult) => void = () => {},
): Promise<Outcome> {
  const result = await solve(['--output', `type=tar,dest=${tar}`, ...flagsOf(inputs)]);
  if (result.status === 0) return readTar(tar);
  checkFailed(tar, result);
  return { error: lastError(result.stderr) };
}

/** A failed solve leaves no output that looks complete (`buildctl` does), and says in words what was wrong. */
function mustFailWell(tar: string, result: RunResult): void {
  if (existsSync(tar)) throw new Error(`a failed solve left an output behind: ${result.stderr}`);
  if (/^\s+at .+:\d+:\d+\)?$/m.test(result.stderr))
    throw new Error(`a failure with a stack: ${result.stderr}`);
  if (![1, 2, 3].includes(result.status)) throw new Error(`exit code ${result.status}: ${result.stderr}`);
}

function flagsOf(inputs: Inputs): readonly string[] {
  const pairs = (flag: string, values: Readonly<Record<string, string>> = {}) =>
    Object.entries(values).flatMap(([name, path]) => [flag, `${name}=${path}`]);
  return [
    ...pairs('--local', inputs.locals),
    ...pairs('--oci-layout', inputs.ociLayouts),
    ...Object.entries(inputs.secrets ?? {}).flatMap(([id, path]) => ['--secret', `id=${id},src=${path}`]),
    ...(inputs.allow ?? []).flatMap((entitlement) => ['--allow', entitlement]),
  ];
}

function lastError(stderr: string): string {
  const lines = stderr.trim().split('\n');
  return lines.findLast((line) => line.startsWith('error: '))?.slice('error: '.length) ?? lines.at(-1) ?? '';
}
