import { environmentFailure } from '../error/error.ts';
import { findProgram } from '../host/programs.ts';
import { RuntimeExecutor } from './root/prepared-step.ts';
import { OciRuntime } from './runtime/oci-runtime.ts';
import { missingSandboxPrograms, Sandbox } from './sandbox/sandbox.ts';
import type { Executor } from './step/executor.ts';

/** `auto` (crun, else runc, else the sandbox), `crun`, `runc`, `sandbox`, or the path of a crun or runc of one's own. */
export type ExecutorChoice = string;

export interface ExecutorPlaces {
  /** An existing folder of this process alone, best in memory. */
  readonly folder: string;
}

/** The executor of a name. Fails with an `environment` failure when it is not installed, or none is. */
export function createExecutor(
  choice: ExecutorChoice,
  places: ExecutorPlaces,
): { readonly executor: Executor; readonly notes: readonly string[] } {
  if (choice === 'sandbox') return sandbox(places, []);
  if (choice !== 'auto') return runtime(choice, places);
  for (const name of ['crun', 'runc'] as const) if (findProgram(name)) return runtime(name, places);
  return sandbox(places, ['neither crun nor runc is installed; processes run in a sandbox of util-linux']);
}

function runtime(choice: string, places: ExecutorPlaces) {
  const program = /(^|\/)[^/]*(crun|runc)[^/]*$/.test(choice) ? findProgram(choice) : undefined;
  if (!program) {
    throw environmentFailure(`there is no runtime "${choice}" on this machine`, {
      hint: 'install it, or let --executor auto choose: it takes crun, else runc, else a sandbox of util-linux programs',
    });
  }
  const kind = /crun[^/]*$/.test(choice) ? 'crun' : 'runc';
  return {
    executor: new RuntimeExecutor(new OciRuntime({ kind, program, ...places }), places.folder),
    notes: [],
  };
}

function sandbox({ folder }: ExecutorPlaces, notes: readonly string[]) {
  const missing = missingSandboxPrograms();
  if (missing.length > 0) {
    throw environmentFailure(
      `this machine has nothing to run a process with: ${missing.join(', ')} missing`,
      {
        hint: 'one of three things helps: install crun, install runc, or install util-linux',
      },
    );
  }
  return { executor: new RuntimeExecutor(new Sandbox(folder), folder), notes };
}
