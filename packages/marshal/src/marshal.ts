import { randomBytes } from 'node:crypto';
import {
  type CallSite,
  type Constraints,
  type ConstraintsOpt,
  constraintsOf,
  type ImageConfigResolver,
  isForeignState,
  isState,
  type State,
} from '@llb-ts/llb';
import { Definition } from '@llb-ts/pb';
import { MarshalError } from './error.ts';
import { GraphWriter } from './graph-writer.ts';
import { hostPlatform } from './host-platform.ts';
import { follow, settle } from './resolve.ts';
import type { SourceFile } from './sources.ts';

/** How a State is marshaled. */
export interface MarshalOptions {
  /** Said about every op: platform, filters, names. Default: the State's `SetMarshalDefaults`, and this machine's platform. */
  readonly constraints?: readonly ConstraintsOpt[];
  /** Answers for images with `WithMetaResolver()`. Default: such images are an error. */
  readonly imageConfigResolver?: ImageConfigResolver;
  /**
   * The text of a file that made ops; with it, the definition says which line made which op. Default: no call sites are
   * written, so that a definition does not depend on where its build file lies.
   */
  readonly sourceText?: (filename: string) => SourceFile | undefined;
  /** Where a place of the running module is in what the user wrote; undefined: nowhere. Default: the same place. */
  readonly mapLocation?: (site: CallSite) => CallSite | undefined;
}

/**
 * The definition of a State: what `buildctl build` takes, op for op the bytes of Go's client. Scratch gives an empty one.
 *
 * ```ts
 * process.stdout.write((await marshal(state, { constraints: [LinuxAmd64] })).write())
 * ```
 *
 * Fails with `MarshalError`, with `LlbError` from values of async states, and with whatever an async function throws.
 */
export async function marshal(state: State, options: MarshalOptions = {}): Promise<Definition> {
  return marshalWithin(state, options, new Set());
}

/** @param around files whose states are being marshaled, each of which needs the next */
async function marshalWithin(
  state: State,
  options: MarshalOptions,
  around: ReadonlySet<object>,
): Promise<Definition> {
  requireOwn(state);
  const constraints = marshalConstraints(state, options.constraints ?? []);
  const { imageConfigResolver, sourceText, mapLocation } = options;
  await settle(state, { constraints, ...(imageConfigResolver && { imageConfigResolver }) });
  const head = follow(state.Output());
  if (!head) return Definition.from({ def: [], metadata: {} });
  const writer = new GraphWriter(
    constraints,
    sourceText ?? (() => undefined),
    mapLocation ?? ((site) => site),
  );
  writer.write(head);
  const files = new Map();
  for (const text of writer.sourceTexts) {
    if (!text.state) continue;
    if (around.has(text)) {
      throw new MarshalError(
        'cyclic-source-map',
        `the file ${text.filename} comes from a state that it describes`,
      );
    }
    // As in Go, a state that holds a file is marshaled with the options of the call alone.
    const definition = await marshalWithin(text.state as State, options, new Set(around).add(text));
    files.set(text, definition.message);
  }
  return writer.finish(head, files);
}

/** Defaults of the machine, then those of the State, then what the call says. */
function marshalConstraints(
  state: State,
  options: readonly ConstraintsOpt[],
): Constraints & Required<Pick<Constraints, 'platform'>> {
  const start = {
    platform: hostPlatform(),
    workerConstraints: [],
    metadata: { ignoreCache: false },
    localUniqueID: randomID(),
    sourceLocations: [],
  };
  const constraints = constraintsOf(marshal, [...state.marshalDefaults, ...options], start);
  return { ...constraints, platform: constraints.platform ?? start.platform };
}

/** 25 random characters of base 36, as BuildKit's `identity.NewID`. */
function randomID(): string {
  const number = BigInt(`0x${randomBytes(17).toString('hex')}`);
  return number.toString(36).padStart(25, '0').slice(-25);
}

function requireOwn(state: unknown): void {
  if (isState(state)) return;
  if (isForeignState(state)) {
    throw new MarshalError('invalid-argument', 'the State was made by another copy of @llb-ts/llb', {
      hint: 'two copies are installed; make them one version (npm ls @llb-ts/llb)',
    });
  }
  throw new MarshalError('invalid-argument', 'marshal needs a State');
}
