import { findProgram } from '../host/programs.ts';

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
}

/**
 * Ties a command to this process: in a pid namespace of its own, whose first process dies when we do, however that comes
 * about; the kernel then kills everything in it. Costs two program starts (2 ms). Without util-linux the command runs as it
 * is, and a process that was killed with SIGKILL may leave it running.
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
