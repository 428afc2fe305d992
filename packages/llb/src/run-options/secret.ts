import type { Caller } from '../base/call-site.ts';
import { fileMode, flag, nonEmpty, text, uint32 } from '../base/check.ts';
import { invalid } from '../base/error.ts';
import type { Secret } from '../graph/graph.ts';
import { type Change, type Checks, given, type NoOption, settings } from '../graph/option.ts';
import type { RunChange } from '../state/state.ts';
import { run } from './run-options.ts';

/** Settings of a secret. */
export interface SecretInfo {
  /** Under which the build knows it (`--secret id=ID`). Default: the target. */
  readonly id?: string;
  /** File that holds it. Default: what `AddSecret` was told. */
  readonly target?: string | undefined;
  /** Environment variable that holds it. Default: none. */
  readonly env?: string | undefined;
  /** Default: 0o400. */
  readonly mode?: number;
  /** Default: 0. */
  readonly uid?: number;
  /** Default: 0. */
  readonly gid?: number;
  /** The process runs without it where the build has none. Default: false. */
  readonly optional?: boolean;
}
/** An option of `AddSecret` and `AddSecretWithDest`. */
export type SecretOption = SecretInfo | Change<'AddSecret', SecretInfo>;

const checks = {
  id: text,
  target: nonEmpty,
  env: nonEmpty,
  mode: fileMode,
  uid: uint32,
  gid: uint32,
  optional: flag,
} satisfies Checks<SecretInfo>;

/**
 * A secret of the build as a file of the process; it is in no layer. `Run(Shlex('npm ci'), AddSecret('/root/.npmrc', SecretID('npmrc')))`
 */
export function AddSecret(dest: string, ...options: readonly (SecretOption | NoOption)[]): RunChange {
  const at: Caller = AddSecret;
  const target = nonEmpty(at, 'the target', dest);
  return addSecret(at, { id: target, target }, options);
}

/**
 * A secret under its id, as a file, a variable, or both.
 * `Run(Shlex('deploy'), AddSecretWithDest('token', undefined, SecretAsEnvName('TOKEN')))`
 */
export function AddSecretWithDest(
  id: string,
  dest: string,
  ...options: readonly (SecretOption | NoOption)[]
): RunChange;
export function AddSecretWithDest(
  id: string,
  dest: undefined,
  env: SecretInfo & { readonly env: string },
  ...options: readonly (SecretOption | NoOption)[]
): RunChange;
export function AddSecretWithDest(
  id: string,
  dest: string | undefined,
  ...options: readonly (SecretOption | NoOption)[]
): RunChange {
  const at: Caller = AddSecretWithDest;
  const target = dest === undefined ? undefined : nonEmpty(at, 'the target', dest);
  return addSecret(at, { id: text(at, 'the id', id), target }, options);
}

function addSecret(
  at: Caller,
  start: { readonly id: string; readonly target: string | undefined },
  options: readonly unknown[],
): RunChange {
  const info = settings(at, { of: 'AddSecret', checks, start: start as { readonly id: string } }, options);
  if (info.target === undefined && info.env === undefined) {
    throw invalid(at, `secret ${JSON.stringify(start.id)} needs a target or an environment variable`);
  }
  const secret: Secret = Object.freeze({
    id: info.id ?? start.id,
    target: info.target,
    env: info.env,
    mode: info.mode ?? 0o400,
    uid: info.uid ?? 0,
    gid: info.gid ?? 0,
    optional: info.optional ?? false,
  });
  return run(({ secrets }) => ({ secrets: [...secrets, secret] }));
}

/** The id under which the build knows a secret. `AddSecret('/key', SecretID('deploy-key'))` */
export function SecretID(id: string): { readonly id: string } {
  return given(SecretID, { id });
}

/** Owner and mode of a secret's file. `AddSecret('/key', SecretFileOpt(1000, 1000, 0o400))` */
export function SecretFileOpt(
  uid: number,
  gid: number,
  mode: number,
): { readonly uid: number; readonly gid: number; readonly mode: number } {
  return given(SecretFileOpt, { uid, gid, mode });
}

/** `true` makes the target the name of a variable instead of a file; `false` takes the variable away. `AddSecret('TOKEN', SecretAsEnv(true))` */
export function SecretAsEnv(asEnv: boolean): Change<'AddSecret', SecretInfo> {
  flag(SecretAsEnv, 'the argument', asEnv);
  return {
    of: 'AddSecret',
    change: (info) => {
      if (!asEnv) return { ...info, env: undefined };
      return info.target === undefined ? info : { ...info, env: info.target, target: undefined };
    },
  };
}

/** A variable that holds the secret, beside its file if there is one. `AddSecret('/key', SecretAsEnvName('KEY'))` */
export function SecretAsEnvName(name: string): { readonly env: string } {
  return given(SecretAsEnvName, { env: name });
}

/** The process runs without the secret where the build has none. `AddSecret('/key', SecretOptional)` */
export const SecretOptional: { readonly optional: true } = Object.freeze({ optional: true });
