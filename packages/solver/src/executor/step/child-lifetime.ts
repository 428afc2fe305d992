import { PidNamespace } from '../../host/pid-namespace.ts';
import type { LongProcess } from '../../host/process.ts';
import { findProgram } from '../../host/programs.ts';

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
}

/** A command whose process dies with this one. */
export type BoundCommand = Command & Pick<LongProcess, 'around'>;

/**
 * Binds the lifetime of commands to this process: when it ends in any way, the kernel kills them and all that they have
 * started. If possible they share one pid namespace; else each command gets its own, which costs two program starts.
 */
export class ChildLifetime {
  readonly #namespace: PidNamespace | undefined;

  private constructor(namespace: PidNamespace | undefined) {
    this.#namespace = namespace;
  }

  /** Requires that this process is in its own mount namespace, and that the mounts common to all commands are made. */
  static async make(): Promise<ChildLifetime> {
    return new ChildLifetime(await PidNamespace.make());
  }

  /**
   * @param paths files that the command needs (byte strings); a mount may be missing in the namespace
   * @returns undefined without a namespace, or if it lacks one of the paths
   */
  nested(command: Command, paths: readonly string[]): BoundCommand | undefined {
    const namespace = this.#namespace;
    if (!namespace?.shows(paths)) return undefined;
    return { ...command, around: (start) => namespace.inside(start) };
  }

  /** Kills all commands that still run, and waits for their end. */
  async close(): Promise<void> {
    await this.#namespace?.close();
  }
}

/**
 * Runs a command in a pid namespace of its own, whose first process dies with this one. Without util-linux the command
 * is returned unchanged, and may go on running when this process is killed with SIGKILL.
 *
 * `command` must keep its user: a change of user clears the death signal.
 */
export function supervised(command: Command): Command {
  const [setpriv, unshare] = [findProgram('setpriv'), findProgram('unshare')];
  if (!setpriv || !unshare) return command;
  const namespace = ['--mount', '--pid', '--fork', '--kill-child=SIGKILL', '--mount-proc', '--'];
  return {
    program: setpriv,
    args: ['--pdeathsig', 'KILL', '--', unshare, ...namespace, command.program, ...command.args],
  };
}
