import { resolve } from 'node:path';
import {
  agentSockets,
  defaultRequest,
  directories,
  type FailureCode,
  type Output,
  SolveFailure,
  type SolveRequest,
  type SolveResult,
} from '@llb-ts/backend';
import type { Buildable, SolveOptions } from './options.ts';

/** The answer to a solve that went well. */
export interface SolveOutcome {
  /** The answers of exporters, under BuildKit's keys: `containerimage.digest`, … */
  readonly metadata: Readonly<Record<string, string>>;
}

const KNOWN: Readonly<Record<keyof SolveOptions, true>> = {
  outputs: true,
  locals: true,
  ociLayouts: true,
  secrets: true,
  ssh: true,
  allow: true,
  stateDir: true,
  jobs: true,
  noCache: true,
  signal: true,
  onProgress: true,
};

/**
 * Solves a build on this machine: what `llb-ts solve` does, for scripts. It prints nothing, does not end the process, and
 * fails with `SolveFailure` only: `code` says what kind of failure it was, `details` which step, and what to do.
 *
 * ```ts
 * const { metadata } = await solve(app, { outputs: [{ type: 'oci', dest: 'app.tar' }] });
 * ```
 *
 * It needs root, or the user namespace that {@link enterUserNamespace} brings.
 */
export async function solve(build: Buildable, options: SolveOptions = {}): Promise<SolveOutcome> {
  try {
    return { metadata: (await solveChecked(build, options)).metadata };
  } catch (error) {
    throw asFailure(error);
  }
}

/**
 * Makes the user of this process root of a user namespace, as builds without root need it: the program starts over inside,
 * with the same arguments; what it has done so far is lost, so call it first. Returns at once as root and inside.
 * Fails with an `environment` failure where the machine does not let users have one.
 */
export async function enterUserNamespace(): Promise<void> {
  const { takeRights } = await import('../backend/backends.ts');
  await takeRights();
}

async function solveChecked(build: Buildable, options: SolveOptions): Promise<SolveResult> {
  // A program that only writes definitions does not wait for the solver.
  const [backends, made, checks] = await Promise.all([
    import('../backend/backends.ts'),
    import('./definitions.ts'),
    import('./checks.ts'),
  ]);
  const unknown = Object.keys(options).find((key) => !Object.hasOwn(KNOWN, key));
  if (unknown !== undefined) {
    throw new SolveFailure('request', `solve has no option ${unknown}`, {
      hint: `options: ${Object.keys(KNOWN).join(', ')}`,
    });
  }
  checks.checkJobs(options.jobs);
  if (options.signal?.aborted) throw new SolveFailure('cancelled', 'the solve was stopped before it began');
  const outputs: readonly Output[] = (options.outputs ?? []).map(checks.outputOf);
  const locals = checks.folders(options.locals, 'locals');
  const layouts = checks.folders(options.ociLayouts, 'ociLayouts');
  const allow = checks.allowed(options.allow ?? []);
  const report = options.onProgress ?? (() => {});
  const chosen = { ...backends.defaultChoice, stateDir: options.stateDir, jobs: options.jobs };
  const backend = await backends.openWithin(chosen, (message) =>
    report({ type: 'warning', time: Date.now(), message }),
  );
  try {
    const { target, folders } = await made.definitionsOf(build, {
      locals,
      openResolver: async () => backend,
    });
    checks.requireFolders(folders, locals);
    const request: SolveRequest = {
      ...defaultRequest,
      target,
      outputs,
      folders: directories({ ...folders, ...locals }),
      layouts: directories(layouts),
      secrets: async (id) => secretOf(options.secrets, id),
      agents: agentSockets(absolute(options.ssh ?? {})),
      credentials: new checks.DockerCredentials(),
      allow,
      noCache: options.noCache ?? false,
      onProgress: report,
      ...(options.signal && { signal: options.signal }),
    };
    return await backend.solve(request);
  } finally {
    await backend.close();
  }
}

function secretOf(secrets: SolveOptions['secrets'] = {}, id: string): Uint8Array | undefined {
  const value = Object.hasOwn(secrets, id) ? secrets[id] : undefined;
  return typeof value === 'string' ? Buffer.from(value) : value;
}

function absolute(paths: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(paths).map(([id, path]) => [id, resolve(path)]));
}

/** Errors of the language, of options and of the machine, as the one kind that callers have to know. */
function asFailure(error: unknown): SolveFailure {
  if (error instanceof SolveFailure) return error;
  const { message, hint, code, details, name } = error as Error & {
    hint?: string;
    code?: unknown;
    details?: { help?: string };
  };
  const said = hint ?? details?.help;
  const known = ['CliError', 'LlbError', 'MarshalError', 'PbError'].includes(name) && code !== 'internal';
  const kind: FailureCode = !known ? 'internal' : code === 'environment' ? 'environment' : 'request';
  return new SolveFailure(kind, kind === 'internal' ? `Internal error: ${message}` : message, {
    cause: error,
    ...(said !== undefined && { hint: said }),
  });
}
