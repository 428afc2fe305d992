import { type Caller, callSiteOf } from '../base/call-site.ts';
import { callHint, text } from '../base/check.ts';
import { invalid, LlbError } from '../base/error.ts';
import type { UlimitName } from '../base/ulimit.ts';
import { bindActions, type FileAction } from '../file/file-action.ts';
import { isOwnState, requireOwn, requireState } from '../graph/brand.ts';
import { deferredEnvironment, mergeImageConfig, rootEnvironment, withDir } from '../graph/environment.ts';
import type {
  AsyncContext,
  Deferred,
  Environment,
  HasState,
  NetMode,
  Output,
  SecurityMode,
} from '../graph/graph.ts';
import {
  type Change,
  type ConstraintsOpt,
  constraintsOf,
  isNoOption,
  type NoOption,
  noConstraints,
  wrongOption,
} from '../graph/option.ts';
import { platformOf, requireOutput, withoutPlatform, withPlatformOf } from '../graph/output.ts';
import { type MountOption, makeMount, type NoOutputOption } from '../run/mount.ts';
import type { Process } from '../run/process.ts';
import { collectRun, makeProcess, type RunInfo } from '../run/run.ts';
import { envName } from '../value/env-list.ts';
import { type ImageConfigSettings, imageConfigFrom } from '../value/image-config.ts';
import { parseImageJSON } from '../value/image-json.ts';
import { checkPlatform, normalizePlatform, type PlatformSpec, type PlatformText } from '../value/platform.ts';
import { passthroughVertex } from './passthrough-vertex.ts';
import { checkHost, checkNetMode, checkSecurityMode, checkUlimit } from './state-checks.ts';
import { StateValues } from './state-values.ts';

/** A change of a state, as `With` and `Run` take it. `const asApp: StateOption = (s) => s.User('app').Dir('/app')` */
export type StateOption = (state: State) => State;

/** An option of `Run`: what the process is, what it sees, or what is said about the step. */
export type RunOption = StateOption | ConstraintsOpt | RunChange;
/** An option that only `Run` takes. */
export interface RunChange extends Change<'run', ExecInfo> {}

/** The option after which a `Run` has no new root filesystem. */
export interface ReadonlyRootOption extends RunChange {
  readonly readonlyRoot: true;
}

/** A mount of a `Run`. `Target` is where it is if it keeps nothing, else never. */
export interface MountChange<Target extends string> extends RunChange {
  /** For types only; not there when the program runs. */
  readonly noOutputAt?: Target;
}

/** The target of a mount that keeps nothing: tmpfs, cache and no-output mounts. */
export type NoOutputTarget<Target extends string, Options extends readonly (MountOption | NoOption)[]> =
  MountResult<Options> extends State ? never : Target;

type NoOutputAt<Option> = Option extends { readonly noOutputAt?: infer Target extends string }
  ? Target
  : never;

/** The sum of the options of a `Run`. */
export type ExecInfo = RunInfo<State>;

/** The result of a `Run`: with `ReadonlyRootFS()` only its mounts. */
export type RunResult<Options extends readonly (RunOption | NoOption)[]> =
  Extract<Options[number], ReadonlyRootOption> extends never
    ? ExecState<NoOutputAt<Options[number]>>
    : ReadonlyExecState<NoOutputAt<Options[number]>>;

/** A process that could not write to its root: only its mounts have something new. */
export type ReadonlyExecState<NoOutputAt extends string = never> = Pick<
  ExecState<NoOutputAt>,
  'AddMount' | 'GetMount'
>;

/** The result of a mount: nothing for tmpfs, cache and no-output mounts. */
export type MountResult<Options extends readonly (MountOption | NoOption)[]> =
  Extract<Options[number], NoOutputOption> extends never ? State : NoOutput;

/** The result of a mount that keeps nothing: a State that nothing can be built on. */
export type NoOutput = Pick<State, 'environment'>;

/**
 * A filesystem and what the next command in it sees: variables, directory, user, platform. Immutable: every verb returns
 * a new State, so any State can be built on more than once. Nothing runs until a State is marshaled and solved.
 *
 * ```ts
 * const base = Image('alpine').Dir('/src').AddEnv('CI', '1')
 * const built = base.Run(Shlex('make'), AddMount('/src', Local('src'))).Root()
 * ```
 */
export class State extends StateValues {
  /** Constraints for a marshal of exactly this State. */
  readonly marshalDefaults: readonly ConstraintsOpt[];

  /** @internal Use {@link NewState} or a source. */
  constructor(
    output: Output | undefined,
    environment: Environment,
    marshalDefaults: readonly ConstraintsOpt[] = [],
  ) {
    super(output, environment);
    this.marshalDefaults = marshalDefaults;
    // A subclass has fields of its own to add, and freezes itself.
    if (new.target === State) Object.freeze(this);
  }

  /** The same values over another filesystem. A platform that the output was made for becomes the State's. */
  WithOutput(output: Output | undefined): State {
    requireOutput(this.WithOutput, output);
    return new State(output, withPlatformOf(output, this.environment));
  }

  /**
   * Runs a process in this filesystem. Options of state (`Dir`, `AddEnv`, `User`, …) count for the process only.
   *
   * ```ts
   * const out = base.Run(Shlex('make install'), Dir('/src'), AddMount('/src', Local('src'))).Root()
   * ```
   */
  Run<const Options extends readonly (RunOption | NoOption)[]>(...options: Options): RunResult<Options> {
    return runIn(this, options) as unknown as RunResult<Options>;
  }

  /** Changes files, in one step for a whole chain of actions. `state.File(Mkdir('/a', 0o755).Mkfile('/a/b', 0o644, 'x'))` */
  File(action: FileAction, ...options: readonly (ConstraintsOpt | NoOption)[]): State {
    const at = this.File;
    requireState(at, 'the state', this);
    const actions = bindActions(at, action, this);
    const constraints = constraintsOf(at, options);
    const vertex = Object.freeze({ kind: 'file', actions, constraints, callSite: callSiteOf(at) } as const);
    return this.WithOutput(Object.freeze({ kind: 'result', vertex, index: 0 }));
  }

  /** Applies changes one after the other. `state.With(User('app'), (s) => s.Dir('/app'))` */
  With(...options: readonly (StateOption | NoOption)[]): State {
    let state: State = this;
    for (const [index, option] of options.entries()) {
      if (isNoOption(option)) continue;
      if (typeof option !== 'function') throw wrongOption(this.With, index, option);
      state = applyOption(this.With, index, option, state);
    }
    return state;
  }

  /** Sets an environment variable for processes; it is placed last. `state.AddEnv('PATH', '/bin')` */
  AddEnv(key: string, value: string): State {
    const name = envName(this.AddEnv, key);
    return setEnv(this, name, text(this.AddEnv, `the value of ${name}`, value));
  }

  /** Sets the directory for processes and relative paths; a relative one is below that so far. `state.Dir('/src')` */
  Dir(path: string): State {
    return new State(this.Output(), withDir(this.environment, text(this.Dir, 'the directory', path)));
  }

  /** Sets who processes run as: `user`, `user:group`, names or numbers. `state.User('app')` */
  User(user: string): State {
    return withValues(this, { user: text(this.User, 'the user', user) });
  }

  /** Sets the host name that processes see. `state.Hostname('builder')` */
  Hostname(hostname: string): State {
    return withValues(this, { hostname: text(this.Hostname, 'the host name', hostname) });
  }

  /** Sets the platform of the processes that follow. `state.Platform('linux/arm64')` */
  Platform(platform: PlatformSpec | PlatformText): State {
    return withValues(this, { platform: normalizePlatform(checkPlatform(this.Platform, platform)) });
  }

  /** Sets the network of the processes that follow. `state.Network(NetModeNone)` */
  Network(mode: NetMode): State {
    return withValues(this, { network: checkNetMode(this.Network, mode) });
  }

  /** Sets how much the processes that follow may do. `state.Security(SecurityModeInsecure)` */
  Security(mode: SecurityMode): State {
    return withValues(this, { security: checkSecurityMode(this.Security, mode) });
  }

  /** Adds a line to `/etc/hosts` of processes. `state.AddExtraHost('db', '10.0.0.2')` */
  AddExtraHost(host: string, ip: string): State {
    const entry = checkHost(this.AddExtraHost, host, ip);
    return withValues(this, { extraHosts: Object.freeze([...this.environment.extraHosts, entry]) });
  }

  /** Limits a resource of processes; -1 is no limit. `state.AddUlimit(UlimitNofile, 1024, 4096)` */
  AddUlimit(name: UlimitName, soft: number | bigint, hard: number | bigint): State {
    const entry = checkUlimit(this.AddUlimit, name, soft, hard);
    return withValues(this, { ulimits: Object.freeze([...this.environment.ulimits, entry]) });
  }

  /** Puts processes below a control group of the daemon. `state.WithCgroupParent('builds')` */
  WithCgroupParent(parent: string): State {
    return withValues(this, { cgroupParent: text(this.WithCgroupParent, 'the cgroup', parent) });
  }

  /** Keeps a value of your own with the State and what is built on it. `state.WithValue(key, 1).Value(key)` */
  WithValue(key: unknown, value: unknown): State {
    return withValues(this, { values: new Map([...(this.environment.values ?? []), [key, value]]) });
  }

  /** Takes all values from `other`; this State's filesystem stays. `built.Reset(base)` */
  Reset(other: State): State {
    requireOwn(this.Reset, 'the state to take values from', other);
    return resetTo(this, other);
  }

  /** Makes `deps` be solved before this State is used, without taking anything from them. `app.Requires('lint', lint)` */
  Requires(id: string, ...deps: readonly State[]): State {
    const at = this.Requires;
    if (deps.length === 0) return this;
    const inputs = [
      { state: this as HasState, output: true },
      ...deps.map((state) => ({ state, output: false })),
    ];
    const vertex = passthroughVertex(at, id, inputs, noConstraints);
    return this.WithOutput(Object.freeze({ kind: 'result', vertex, index: 0 }));
  }

  /**
   * A State that `compute` makes when it is needed, at most once.
   * `base.Async(async (state) => state.AddEnv('REV', await revision()))`
   */
  Async(compute: (state: State, context: AsyncContext) => State | Promise<State>): State {
    const at = this.Async;
    if (typeof compute !== 'function') throw invalid(at, 'a function is needed that returns a State');
    const callSite = callSiteOf(at);
    return deferredState({ compute: (context) => compute(this, context), callSite, outcome: undefined });
  }

  /**
   * Takes variables, directory and platform of an image config (JSON), and the rest of it as the image config that
   * travels with this State. `state.WithImageConfig(json)`
   */
  WithImageConfig(json: string | Uint8Array): State {
    return applyImageJSON(this.WithImageConfig, this, json);
  }

  /**
   * Sets what an image of this State says about running it; what was set before stays where nothing new is said.
   * `state.ImageConfig({ entrypoint: ['node'], cmd: ['app.js'], exposedPorts: ['80/tcp'] })`
   */
  ImageConfig(settings: ImageConfigSettings): State {
    const added = imageConfigFrom(this.ImageConfig, settings);
    const { imageConfig } = this.environment;
    return withValues(this, { imageConfig: imageConfig ? mergeImageConfig(imageConfig, added) : added });
  }

  /** Constraints for a marshal of exactly this State; any further verb drops them. `state.SetMarshalDefaults(LinuxArm64)` */
  SetMarshalDefaults(...options: readonly (ConstraintsOpt | NoOption)[]): State {
    constraintsOf(this.SetMarshalDefaults, options);
    return new State(
      this.Output(),
      this.environment,
      Object.freeze(options.filter((option): option is ConstraintsOpt => !isNoOption(option))),
    );
  }
}

/** The result of `Run`: the State of the root filesystem afterwards, and the mounts of the process. */
export class ExecState<NoOutputAt extends string = never> extends State {
  readonly #process: Process;

  /** @internal */
  constructor(state: State, process: Process) {
    super(state.Output(), state.environment);
    this.#process = process;
    Object.freeze(this);
  }

  /** The root filesystem afterwards. */
  Root(): State {
    return new State(this.Output(), this.environment);
  }

  /** The filesystem of the first mount at exactly `target` afterwards; empty where nothing is mounted there. */
  GetMount(target: NoOutputAt): NoOutput;
  /** The filesystem of the first mount at exactly `target` afterwards; empty where nothing is mounted there. */
  GetMount(target: string): State;
  /** The filesystem of the first mount at exactly `target` afterwards; empty where nothing is mounted there. */
  GetMount(target: string): State {
    return NewState(this.#process.at(text(this.GetMount, 'the mount target', target)));
  }

  /**
   * Mounts one more state into the process that was described; returns what the mount holds afterwards, with the
   * values of `source`. `const out = run.AddMount('/out', Scratch())`
   */
  AddMount<const Options extends readonly (MountOption | NoOption)[]>(
    target: string,
    source: State,
    ...options: Options
  ): MountResult<Options> {
    const at = this.AddMount;
    const output = requireState(at, 'the source', source).Output();
    const left = this.#process.add(makeMount(at, target, output, options));
    return source.WithOutput(left) as MountResult<Options>;
  }
}

/**
 * A State of a filesystem, with the root directory and nothing else set: `NewState(state.Output())` with the platform that
 * the output says, `NewState(state)` without, as Go's `NewState(op)` of a definition that was loaded.
 */
export function NewState(output: Output | State | undefined): State {
  if (isOwnState(output)) return new State(withoutPlatform(output.Output()), rootEnvironment);
  requireOutput(NewState, output);
  return new State(output, withPlatformOf(output, rootEnvironment));
}

/** An empty filesystem. `Scratch().File(Mkfile('/hello', 0o644, 'hi'))` */
export function Scratch(): State {
  return new State(undefined, rootEnvironment);
}

/** True if `value` is a State of this copy of the package; `isState(exported) ? marshal(exported) : …` */
export function isState(value: unknown): value is State {
  return isOwnState(value);
}

/** @internal */
export function deferredState(deferred: Deferred): State {
  return new State(Object.freeze({ kind: 'deferred', deferred }), deferredEnvironment(deferred));
}

/** @internal */
export function withValues(state: State, values: Partial<Environment>): State {
  return new State(state.Output(), Object.freeze({ ...state.environment, ...values }));
}

/** @internal */
export function applyImageJSON(at: Caller, state: State, json: string | Uint8Array): State {
  const image = parseImageJSON(at, json);
  let result = state;
  for (const [key, value] of image.env) result = setEnv(result, key, value);
  result = new State(result.Output(), withDir(result.environment, image.workingDir));
  const { platform } = image;
  return withValues(result, { imageConfig: image.config, ...(platform && { platform }) });
}

/** @internal */
export function resetTo(state: State, other: State): State {
  const { relativeDir: _, hasCleanDir: __, ...values } = other.environment;
  const output = state.Output();
  const platform = platformOf(output);
  // An output with a platform keeps it, and the directory is then the other's (docs/buildkit-semantics.md#state-values).
  return new State(
    output,
    Object.freeze(platform ? { ...other.environment, platform } : { ...values, dir: '/' }),
  );
}

function setEnv(state: State, key: string, value: string): State {
  return withValues(state, { env: state.environment.env.with(key, value) });
}

function requireResult(at: Caller, state: unknown): State {
  return requireOwn(at, 'what an option returns', state) as State;
}

/** The result of an option on a state. An option of ours that was given uncalled takes no State, or makes none of it. */
function applyOption(at: Caller, index: number, option: StateOption, state: State): State {
  let result: unknown;
  try {
    result = option(state);
  } catch (error) {
    if (!(error instanceof LlbError) || !error.message.startsWith(`${option.name}: `)) throw error;
    throw wrongOption(at, index, option);
  }
  if (!isOwnState(result) && callHint(option)) throw wrongOption(at, index, option);
  return requireResult(at, result);
}

function runIn(state: State, options: readonly unknown[]): ExecState {
  const at = state.Run;
  const apply = (option: StateOption, to: State, index: number) => applyOption(at, index, option, to);
  const process = makeProcess(at, collectRun(at, requireResult(at, state), options, apply));
  return new ExecState(state.WithOutput(process.at('/')), process);
}
