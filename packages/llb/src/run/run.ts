import { type Caller, callSiteOf } from '../base/call-site.ts';
import { fail } from '../base/error.ts';
import { requireState } from '../graph/brand.ts';
import type { CDIDevice, Constraints, HasState, Mount, ProxyEnv, Secret, SSHSocket } from '../graph/graph.ts';
import { isChange, isNoOption, noConstraints, wrongOption } from '../graph/option.ts';
import { Process } from './process.ts';

/** The sum of the options of a `Run`. */
export interface RunInfo<AnyState extends HasState> {
  /** The state that the process starts in; its directory, variables and user are the process'. */
  readonly state: AnyState;
  readonly mounts: readonly Mount[];
  readonly readonlyRootFS: boolean;
  readonly proxyEnv: ProxyEnv | undefined;
  readonly secrets: readonly Secret[];
  readonly ssh: readonly SSHSocket[];
  readonly cdiDevices: readonly CDIDevice[];
  readonly constraints: Constraints;
}

/** Reads the options of a `Run`, one after the other. */
export function collectRun<AnyState extends HasState>(
  at: Caller,
  state: AnyState,
  options: readonly unknown[],
  apply: (option: (state: AnyState) => AnyState, to: AnyState, index: number) => AnyState,
): RunInfo<AnyState> {
  let info: RunInfo<AnyState> = {
    state,
    mounts: [],
    readonlyRootFS: false,
    proxyEnv: undefined,
    secrets: [],
    ssh: [],
    cdiDevices: [],
    constraints: noConstraints,
  };
  for (const [index, option] of options.entries()) {
    if (isNoOption(option)) continue;
    if (typeof option === 'function') {
      info = { ...info, state: apply(option as (state: AnyState) => AnyState, info.state, index) };
    } else if (isChange(option) && option.of === 'run') {
      info = option.change(info) as RunInfo<AnyState>;
    } else if (isChange(option) && option.of === 'constraints') {
      info = { ...info, constraints: option.change(info.constraints) as Constraints };
    } else {
      throw wrongOption(at, index, option);
    }
  }
  return info;
}

/** The process that a `Run` describes, with its mounts. */
export function makeProcess(at: Caller, info: RunInfo<HasState>): Process {
  const { environment } = requireState(at, 'the state', info.state);
  // An async state may still bring arguments; the marshal looks at those.
  if (!environment.args?.length && !environment.base) {
    throw fail(
      'invalid-exec',
      at,
      'arguments are required',
      "give Run a command: Shlex('make') or Args(['make'])",
    );
  }
  const process = new Process({
    environment,
    root: info.state.Output(),
    readonlyRoot: info.readonlyRootFS,
    proxyEnv: info.proxyEnv,
    secrets: info.secrets,
    ssh: info.ssh,
    cdiDevices: info.cdiDevices,
    constraints: info.constraints,
    callSite: callSiteOf(at),
  });
  for (const mount of info.mounts) process.add(mount);
  return process;
}
