import type { Caller } from '../base/call-site.ts';
import { fileMode, flag, text, uint32 } from '../base/check.ts';
import type { SSHSocket } from '../graph/graph.ts';
import { type Checks, given, type NoOption, settings } from '../graph/option.ts';
import type { RunChange } from '../state/state.ts';
import { run } from './run-options.ts';

/** Settings of a forwarded ssh agent. */
export interface SSHInfo {
  /** Under which the build knows the agent (`--ssh ID`). Default: `''`, which is `default`. */
  readonly id?: string;
  /** Path of the socket. Default: `/run/buildkit/ssh_agent.N`. */
  readonly target?: string;
  /** Default: 0o600. */
  readonly mode?: number;
  /** Default: 0. */
  readonly uid?: number;
  /** Default: 0. */
  readonly gid?: number;
  /** The process runs without it where the build has none. Default: false. */
  readonly optional?: boolean;
}
/** An option of `AddSSHSocket`. */
export type SSHOption = SSHInfo;

const checks = {
  id: text,
  target: text,
  mode: fileMode,
  uid: uint32,
  gid: uint32,
  optional: flag,
} satisfies Checks<SSHInfo>;

/** Forwards an ssh agent of the build; `SSH_AUTH_SOCK` is set. `Run(Shlex('git clone …'), AddSSHSocket(SSHID('github')))` */
export function AddSSHSocket(...options: readonly (SSHOption | NoOption)[]): RunChange {
  const at: Caller = AddSSHSocket;
  const info = settings(at, { of: 'AddSSHSocket', checks }, options);
  const socket: SSHSocket = Object.freeze({
    id: info.id ?? '',
    target: info.target ?? '',
    mode: info.mode ?? 0o600,
    uid: info.uid ?? 0,
    gid: info.gid ?? 0,
    optional: info.optional ?? false,
  });
  return run(({ ssh }) => ({ ssh: [...ssh, socket] }));
}

/** The id under which the build knows the agent. `AddSSHSocket(SSHID('github'))` */
export function SSHID(id: string): { readonly id: string } {
  return given(SSHID, { id });
}

/** Path of the socket. `AddSSHSocket(SSHSocketTarget('/agent.sock'))` */
export function SSHSocketTarget(target: string): { readonly target: string } {
  return given(SSHSocketTarget, { target });
}

/** Path, owner and mode of the socket. `AddSSHSocket(SSHSocketOpt('/agent.sock', 1000, 1000, 0o600))` */
export function SSHSocketOpt(
  target: string,
  uid: number,
  gid: number,
  mode: number,
): { readonly target: string; readonly uid: number; readonly gid: number; readonly mode: number } {
  return given(SSHSocketOpt, { target, uid, gid, mode });
}

/** The process runs without the agent where the build has none. `AddSSHSocket(SSHOptional)` */
export const SSHOptional: { readonly optional: true } = Object.freeze({ optional: true });
