import {
  Definition,
  type DefinitionEntry,
  type Digest,
  digestOf,
  encodeOp,
  type Input,
  inputsFirst,
  noMetadata,
  type Op,
  type OpMetadata,
} from '@llb-ts/pb';
import { CliError } from '../error/cli-error.ts';

/** The replacement of an op. */
export interface NewOp {
  readonly op: NonNullable<Op['op']>;
  /** Default: as they are now. */
  readonly inputs?: readonly Input[];
  /** An op without inputs that the new inputs need. */
  readonly before?: Uint8Array;
  /** Capabilities that a daemon needs for it, besides those that it needed already. */
  readonly caps: readonly string[];
}

export interface Replaced {
  readonly definition: Definition;
  /** New digest → old digest, of every op that is another now. */
  readonly originals: ReadonlyMap<string, string>;
}

/**
 * The same definition with other ops. Those that do not need a changed one keep their bytes.
 * @param change is told an op and what its inputs are now
 */
export function replaceOps(
  definition: Definition,
  change: (entry: DefinitionEntry, inputs: readonly Input[]) => NewOp | undefined,
): Replaced {
  const now = new Map<string, Digest>();
  const bytes = new Map<Digest, Uint8Array>();
  const caps = new Map<Digest, readonly string[]>();
  const before = new Map<Digest, Uint8Array>();
  for (const entry of entriesInOrder(definition)) {
    const moved = entry.op.inputs.map((input) => ({
      ...input,
      digest: now.get(input.digest) ?? input.digest,
    }));
    const changed = change(entry, moved);
    const inputs = changed?.inputs ?? moved;
    const isMoved = inputs.some(({ digest }, i) => digest !== entry.op.inputs[i]?.digest);
    const written =
      changed || isMoved
        ? rewritten(entry, { ...entry.op, inputs, ...(changed && { op: changed.op }) })
        : entry.bytes;
    const digest = digestOf(written);
    now.set(entry.digest, digest);
    bytes.set(digest, written);
    if (changed) caps.set(digest, changed.caps);
    if (changed?.before) before.set(digestOf(changed.before), changed.before);
  }
  const { message } = definition;
  // Two sources may be one now.
  const order = new Set([...before.keys(), ...message.def.map((old) => now.get(digestOf(old)) as Digest)]);
  const metadata = renamed(message.metadata, now);
  for (const [digest, more] of caps) metadata[digest] = withCaps(metadata[digest] ?? noMetadata, more);
  const source = message.source && {
    ...message.source,
    locations: renamed(message.source.locations, now),
  };
  return {
    definition: Definition.from({
      def: [...order].map((digest) => (bytes.get(digest) ?? before.get(digest)) as Uint8Array),
      metadata,
      ...(source && { source }),
    }),
    originals: new Map(
      [...now].filter(([old, digest]) => old !== digest).map(([old, digest]) => [digest, old]),
    ),
  };
}

function renamed<T>(
  record: Readonly<Record<string, T>>,
  now: ReadonlyMap<string, Digest>,
): Record<string, T> {
  return Object.fromEntries(Object.entries(record).map(([old, value]) => [now.get(old) ?? old, value]));
}

function withCaps(metadata: OpMetadata, more: readonly string[]): OpMetadata {
  return { ...metadata, caps: { ...metadata.caps, ...Object.fromEntries(more.map((cap) => [cap, true])) } };
}

/** An op that says more than can be read here must not lose that. */
function rewritten({ op, bytes, digest }: DefinitionEntry, changed: Op): Uint8Array {
  if (Buffer.compare(encodeOp(op), bytes) === 0) return encodeOp(changed);
  throw new CliError(
    'definition',
    `the step ${digest} cannot be pinned: it was written by a newer LLB client`,
    {
      help: 'pin its sources where the definition is made',
    },
  );
}

/** The ops of a definition, each after those that it needs, the last of the definition last. */
export function entriesInOrder(definition: Definition): readonly DefinitionEntry[] {
  const found = (digest: string) => definition.get(digest) ?? [];
  const roots = definition.message.def.flatMap((bytes) => found(digestOf(bytes)));
  return inputsFirst(roots, ({ op }) => op.inputs.flatMap((input) => found(input.digest)));
}
