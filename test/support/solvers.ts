import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { FIXED_TIMES, type ImageFacts, type ImageOutcome, readImageFacts } from './image-outcome.ts';
import { commandAs, give, type OrdinaryUser } from './ordinary-user.ts';
import { readTar } from './read-tar.ts';
import { findProgram } from './requirements.ts';
import { type RunResult, run } from './run.ts';
import { withTemporaryFolder } from './temporary.ts';
import type { FileTree, Outcome } from './tree.ts';

/** The inputs of a definition, as the flags of `solve` and `buildctl build` have it. */
export interface Inputs {
  /** Name → folder. */
  readonly locals?: Readonly<Record<string, string>>;
  /** Store id → folder. */
  readonly ociLayouts?: Readonly<Record<string, string>>;
  /** Secret id → file. */
  readonly secrets?: Readonly<Record<string, string>>;
  readonly allow?: readonly string[];
}

/** Something that turns a definition into a tree or an image: this project, or a BuildKit. */
export interface Solver {
  readonly name: string;
  solve(definition: Uint8Array, inputs?: Inputs): Promise<Outcome>;
  /** The same as an image, all later times made one. */
  image(definition: Uint8Array, inputs?: Inputs): Promise<ImageOutcome>;
}

/** An export to an archive, and the reader of that archive. */
interface Form<T> {
  readonly output: string;
  read(archive: string): T;
}

const TREE: Form<FileTree> = { output: 'type=tar', read: readTar };
const IMAGE: Form<ImageFacts> = { output: `type=oci,${FIXED_TIMES}`, read: readImageFacts };

export interface LlbTsOptions {
  /** The store; default: a fresh one for every solve. */
  readonly stateDir?: string;
  /** Solve on the BuildKit there instead of here. */
  readonly address?: string;
  /** The executor of processes. Default: the first that is found. */
  readonly executor?: string;
  /** The user who solves, and the program (`copyCliFor`). Default: the user of the test, the built CLI. */
  readonly as?: { readonly user: OrdinaryUser; readonly program: string };
}

/** The CLI as `pnpm build` leaves it, used as a user would. */
export function llbTs(options: LlbTsOptions = {}): Solver {
  const { address, stateDir, executor, as } = options;
  const solve = <T>(form: Form<T>, definition: Uint8Array, inputs: Inputs) =>
    withTemporaryFolder((folder) => {
      const place = address ? ['--addr', address] : ['--state-dir', stateDir ?? join(folder, 'state')];
      const means = executor === undefined ? [] : ['--executor', executor];
      const args = ['solve', '-', '--progress', 'plain', ...place, ...means];
      const tar = join(folder, 'out.tar');
      if (as) give(folder, as.user);
      const call = as
        ? (more: readonly string[]) =>
            runAs(as.user, [process.execPath, as.program, ...args, ...more], definition)
        : (more: readonly string[]) => runLlbTs([...args, ...more], definition);
      return solveToArchive(form, call, inputs, tar, mustFailWell);
    });
  return {
    name: nameOf(options),
    solve: (definition, inputs = {}) => solve(TREE, definition, inputs),
    image: (definition, inputs = {}) => solve(IMAGE, definition, inputs),
  };
}

function nameOf({ address, executor, as }: LlbTsOptions): string {
  if (address) return `llb-ts on ${address}`;
  return ['llb-ts', ...(executor ? [executor] : []), ...(as ? ['rootless'] : [])].join('-');
}

function runAs(user: OrdinaryUser, command: readonly string[], input: Uint8Array): Promise<RunResult> {
  const [program = '', ...args] = commandAs(user, command);
  return run(program, args, {
    input,
    env: { HOME: user.home, XDG_DATA_HOME: undefined, XDG_CONFIG_HOME: undefined },
  });
}

/** The reference: `buildctl build` at an address, by default that of BUILDKIT_HOST. */
export function buildctl(address = process.env.BUILDKIT_HOST ?? '', flags: readonly string[] = []): Solver {
  const program = findProgram('buildctl') ?? 'buildctl';
  const args = ['--addr', address, 'build', '--progress', 'plain', ...flags];
  const solve = <T>(form: Form<T>, definition: Uint8Array, inputs: Inputs) =>
    withTemporaryFolder((folder) =>
      solveToArchive(
        form,
        (more) => run(program, [...args, ...more], { input: definition }),
        inputs,
        join(folder, 'out.tar'),
      ),
    );
  return {
    name: 'BuildKit',
    solve: (definition, inputs = {}) => solve(TREE, definition, inputs),
    image: (definition, inputs = {}) => solve(IMAGE, definition, inputs),
  };
}

/** Runs the built CLI. */
export function runLlbTs(args: readonly string[], input?: Uint8Array): Promise<RunResult> {
  return run(process.execPath, [llbTsProgram(), ...args], input ? { input } : {});
}

/** Path of the built CLI; fails if it was not built. */
export function llbTsProgram(): string {
  const cli = join(import.meta.dirname, '../../packages/cli');
  if (!existsSync(join(cli, 'dist'))) throw new Error('the CLI is not built: run `pnpm build` first');
  return join(cli, 'bin/llb-ts.mjs');
}

async function solveToArchive<T>(
  { output, read }: Form<T>,
  solve: (flags: readonly string[]) => Promise<RunResult>,
  inputs: Inputs,
  tar: string,
  checkFailed: (tar: string, result: RunResult) => void = () => {},
): Promise<T | { readonly error: string }> {
  const result = await solve(['--output', `${output},dest=${tar}`, ...flagsOf(inputs)]);
  if (result.status === 0) return read(tar);
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
