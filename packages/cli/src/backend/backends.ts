import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Backend, SolveFailure, type SourceResolver } from '@llb-ts/backend';
import type { LocalBackendOptions } from '@llb-ts/solver';
import type { Config } from '../config/config.ts';
import { readConfigFiles } from '../config/config-files.ts';
import { colorsFor } from '../terminal/colors.ts';

/** How a definition is to be solved; the one place that knows which backends there are. */
export interface BackendChoice {
  readonly stateDir: string | undefined;
  readonly jobs: number | undefined;
  readonly snapshotter: 'auto' | 'overlay' | 'native';
  readonly executor: string | undefined;
}

/** The choice for commands that have no flags for it. */
export const defaultChoice: BackendChoice = {
  stateDir: undefined,
  jobs: undefined,
  snapshotter: 'auto',
  executor: undefined,
};

/** A backend that was chosen and may be opened. */
export interface ChosenBackend {
  /** Its code is loaded only now. */
  open(options?: Pick<LocalBackendOptions, 'onStepFailure'>): Promise<Backend>;
}

/**
 * Chooses the backend, and takes the rights that it needs: a user who is not root becomes root of a user namespace, in
 * which files may belong to anybody, and the program starts over inside. To be called before anything is read from
 * standard input. Fails with an `environment` failure that says what the machine lacks.
 */
export async function chooseBackend(choice: BackendChoice): Promise<ChosenBackend> {
  await takeRights();
  return { open: (options = {}) => openLocal(choice, options) };
}

export async function takeRights(): Promise<void> {
  if (process.getuid?.() === 0) return;
  const { enterUserNamespace, needsUserNamespace } = await import('@llb-ts/solver');
  if (needsUserNamespace()) enterUserNamespace();
}

/** Fails with an `environment` failure where {@link takeRights} would start the program over. */
async function requireRights(): Promise<void> {
  if (process.getuid?.() === 0) return;
  const { needsUserNamespace } = await import('@llb-ts/solver');
  if (!needsUserNamespace()) return;
  throw new SolveFailure(
    'environment',
    'a solve needs root, also where it is only root of a user namespace',
    {
      hint: "call await enterUserNamespace() of 'llb-ts' first in the script, or run it as root",
    },
  );
}

/** A backend for those who have begun their own program: nothing is started over and nothing printed. */
export async function openWithin(
  choice: BackendChoice,
  warn: (message: string) => void,
): Promise<Backend & SourceResolver> {
  await requireRights();
  return openLocal(choice, {}, warn);
}

/** Opens what tells what sources name today: this machine, wherever it is solved. */
export function openSourceResolver(choice: BackendChoice): Promise<SourceResolver & Pick<Backend, 'close'>> {
  return openLocal(choice);
}

async function openLocal(
  { stateDir, jobs, snapshotter, executor }: BackendChoice,
  { onStepFailure }: Pick<LocalBackendOptions, 'onStepFailure'> = {},
  warn: (message: string) => void = printWarning,
): Promise<Backend & SourceResolver> {
  const { createLocalBackend } = await import('@llb-ts/solver');
  const options: LocalBackendOptions = {
    stateDir: stateDirOf(stateDir),
    snapshotter,
    registries: (await configuration(warn)).registries,
    ...(jobs !== undefined && { jobs }),
    ...(executor !== undefined && { executor }),
    ...(onStepFailure && { onStepFailure }),
  };
  return createLocalBackend(options);
}

function printWarning(message: string): void {
  process.stderr.write(`${colorsFor(process.stderr).yellow('warning:')} ${message}\n`);
}

const NO_CONFIG: Config = { registries: {}, warnings: [] };
let config: Config | undefined;

/** The configuration of this process; what is to be said about it is said when it is read. */
async function configuration(warn: (message: string) => void): Promise<Config> {
  if (!config) {
    const files = readConfigFiles();
    // Most users have none, and need no TOML parser.
    config = files.length === 0 ? NO_CONFIG : (await import('../config/config.ts')).readConfig(files);
    config.warnings.forEach(warn);
  }
  return config;
}

/**
 * The store: the flag, `LLB_TS_STATE_DIR`, a place of the system for root, of the user for others. Who is root only of a
 * user namespace is still the user outside.
 */
export function stateDirOf(
  flag: string | undefined,
  env: NodeJS.ProcessEnv = process.env,
  uid = Number(env.LLB_TS_ROOTLESS_UID ?? process.getuid?.() ?? 0),
): string {
  const said = flag ?? env.LLB_TS_STATE_DIR;
  if (said) return resolve(said);
  if (uid === 0) return '/var/lib/llb-ts';
  return join(env.XDG_DATA_HOME || join(homedir(), '.local', 'share'), 'llb-ts');
}
