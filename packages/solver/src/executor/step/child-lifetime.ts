import { PidNamespace } from '../../host/pid-namespace.ts';
import type { LongProcess } from '../../host/process.ts';
import { findProgram } from '../../host/programs.ts';

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
}

/** What has to be started so that a command runs tied. */
export type TiedCommand = Command & Pick<LongProcess, 'around'>;

/**
 * Ties commands to this process: when it dies, however that comes about, the kernel kills them with all that they have
 * started. Where possible they all share one pid namespace; else each command gets its own, which costs two program
 * starts.
 */
export class Ties {
  readonly #namespace: PidNamespace | undefined;

  private constructor(namespace: PidNamespace | undefined) {
    this.#namespace = namespace;
  }

  /** The mount namespace of this process must have been entered, and what all commands are to see be mounted. */
  static async make(): Promise<Ties> {
    return new Ties(await PidNamespace.make());
  }

  /**
   * @param paths files that the command needs (byte strings); a mount may be missing in the namespace
   * @returns undefined without a namespace, or if it lacks one of the paths
   */
  nested(command: Command, paths: readonly string[]): TiedCommand | undefined {
    const namespace = this.#namespace;
    if (!namespace?.shows(paths)) return undefined;
    return { ...command, around: (start) => namespace.inside(start) };
  }

  /** Kills what is still running, and waits until nothing of it is left. */
  async close(): Promise<void> {
    await this.#namespace?.close();
  }
}

/**
 * Ties a command to this process: in a pid namespace of its own, whose first process dies when we do. Without util-linux
 * the command runs as it is, and a process that was killed with SIGKILL may leave it running.
 *
 * `command` must keep its user: changing it would take the death signal off.
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
