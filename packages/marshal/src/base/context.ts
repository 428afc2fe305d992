import { randomBytes } from 'node:crypto';
import {
  type AsyncContext,
  type CallSite,
  type Constraints,
  type ConstraintsOpt,
  callSiteOf,
  constraintsOf,
  type ImageConfigResolver,
  isForeignState,
  isState,
  type NoOption,
  type PlatformSpec,
  type State,
  suggestion,
} from '@llb-ts/llb';
import { MarshalError } from './error.ts';
import { hostPlatform } from './host-platform.ts';
import type { SourceFile } from './sources.ts';

/** How a State is marshaled. */
export interface MarshalOptions {
  /** Said about every op: platform, filters, names. Default: the State's `SetMarshalDefaults`, and this machine's platform. */
  readonly constraints?: readonly (ConstraintsOpt | NoOption)[];
  /** Answers for images with `WithMetaResolver()`. Default: such images are an error. */
  readonly imageConfigResolver?: ImageConfigResolver;
  /**
   * The text of a file that made ops; with it, the definition says which line made which op. Default: no call sites are
   * written, so that a definition does not depend on where its build file lies.
   */
  readonly sourceText?: (filename: string) => SourceFile | undefined;
  /**
   * The text of a local folder's ignore file; undefined: there is none, so nothing is ignored. Default: `Local` with an
   * `ignoreFile` is an error.
   */
  readonly ignoreFileText?: (local: LocalIgnoreFile) => string | undefined;
  /** Maps a place of the running module to the file that the user wrote; undefined: it has none. Default: the same place. */
  readonly mapLocation?: (site: CallSite) => CallSite | undefined;
}

/** An ignore file of a local folder. */
export interface LocalIgnoreFile {
  /** Name of the local folder. */
  readonly name: string;
  /** The folder that the build file suggests, relative to the build file. */
  readonly dir: string | undefined;
  /** Relative to the folder. */
  readonly ignoreFile: string;
}

/** The function that was called, for messages. */
type Caller = (...args: never[]) => unknown;

/** Constraints of a marshal; their platform is always known. */
export type MarshalConstraints = Constraints & { readonly platform: PlatformSpec };

/** Settings of a marshal for every op, and the questions that it may ask. */
export function contextOf(
  at: Caller,
  state: State,
  options: MarshalOptions,
): AsyncContext & { readonly constraints: MarshalConstraints } {
  requireOwn(at, state);
  checkOptions(at, options);
  const constraints = marshalConstraints(at, state, options.constraints ?? []);
  const { imageConfigResolver } = options;
  return { constraints, ...(imageConfigResolver && { imageConfigResolver }) };
}

const callbacks = ['sourceText', 'ignoreFileText', 'mapLocation'] as const;
const optionNames = ['constraints', 'imageConfigResolver', ...callbacks];

/** A constraint in the place of the options, or an option misspelled, would be passed over. */
function checkOptions(at: Caller, options: unknown): void {
  const bad = (message: string, hint?: string) =>
    new MarshalError('invalid-argument', `${at.name}: ${message}`, {
      ...(hint && { hint }),
      callSite: callSiteOf(at),
    });
  const isChange = (value: unknown) =>
    typeof (value as Partial<ConstraintsOpt> | null)?.change === 'function';
  if (typeof options !== 'object' || options === null || Array.isArray(options) || isChange(options)) {
    throw bad('options are one record', 'constraints are one of them: { constraints: [LinuxArm64] }');
  }
  const stranger = Object.keys(options).find((name) => !optionNames.includes(name));
  if (stranger !== undefined) {
    throw bad(`there is no option ${JSON.stringify(stranger)}`, suggestion(stranger, optionNames));
  }
  const { constraints, imageConfigResolver, ...functions } = options as MarshalOptions;
  if (constraints !== undefined && !Array.isArray(constraints)) {
    throw bad('constraints must be a list', 'as in { constraints: [LinuxArm64] }');
  }
  if (imageConfigResolver !== undefined && typeof imageConfigResolver?.resolveImageConfig !== 'function') {
    throw bad('imageConfigResolver must have a method resolveImageConfig');
  }
  const wrong = callbacks.find(
    (name) => functions[name] !== undefined && typeof functions[name] !== 'function',
  );
  if (wrong !== undefined) throw bad(`${wrong} must be a function`);
}

/** Defaults of the machine, then those of the State, then what the call says. */
function marshalConstraints(
  at: Caller,
  state: State,
  options: readonly (ConstraintsOpt | NoOption)[],
): MarshalConstraints {
  const start = {
    platform: hostPlatform(),
    workerConstraints: [],
    metadata: { ignoreCache: false },
    localUniqueID: randomID(),
    sourceLocations: [],
  };
  const constraints = constraintsOf(at, [...state.marshalDefaults, ...options], start);
  return { ...constraints, platform: constraints.platform ?? start.platform };
}

/** 25 random characters of base 36, as BuildKit's `identity.NewID`. */
function randomID(): string {
  const number = BigInt(`0x${randomBytes(17).toString('hex')}`);
  return number.toString(36).padStart(25, '0').slice(-25);
}

function requireOwn(at: Caller, state: unknown): void {
  if (isState(state)) return;
  if (isForeignState(state)) {
    throw new MarshalError('invalid-argument', 'the State was made by another copy of llb-ts', {
      hint: 'two copies are installed; make them one version (npm ls llb-ts)',
    });
  }
  throw new MarshalError('invalid-argument', `${at.name} needs a State`);
}
