import {
  Definition,
  type DefinitionEntry,
  type Digest,
  digestOf,
  encodeOp,
  noMetadata,
  type Op,
  type OpMetadata,
  type SourceOp,
} from '@llb-ts/pb';
import { CliError } from '../error/cli-error.ts';
import type { PinnedSource } from './pin-source.ts';

export interface Replaced {
  readonly definition: Definition;
  /** New digest → old digest, of every op that is another now. */
  readonly originals: ReadonlyMap<string, string>;
}

/** The same definition with other sources. Ops that do not need a changed one keep their bytes. */
export function replaceSources(
  definition: Definition,
  change: (source: SourceOp, entry: DefinitionEntry) => PinnedSource | undefined,
): Replaced {
  const now = new Map<string, Digest>();
  const bytes = new Map<Digest, Uint8Array>();
  const caps = new Map<Digest, readonly string[]>();
  for (const entry of inputsFirst(definition)) {
    const pinned = entry.op.op?.kind === 'source' ? change(entry.op.op, entry) : undefined;
    const inputs = entry.op.inputs.map((input) => ({
      ...input,
      digest: now.get(input.digest) ?? input.digest,
    }));
    const isMoved = inputs.some(({ digest }, i) => digest !== entry.op.inputs[i]?.digest);
    const written =
      pinned || isMoved
        ? rewritten(entry, { ...entry.op, inputs, ...(pinned && { op: { kind: 'source', ...pinned.op } }) })
        : entry.bytes;
    const digest = digestOf(written);
    now.set(entry.digest, digest);
    bytes.set(digest, written);
    if (pinned) caps.set(digest, pinned.caps);
  }
  const { message } = definition;
  // Two sources may be one now.
  const order = new Set(message.def.map((old) => now.get(digestOf(old)) as Digest));
  const metadata = renamed(message.metadata, now);
  for (const [digest, more] of caps) metadata[digest] = withCaps(metadata[digest] ?? noMetadata, more);
  const source = message.source && {
    ...message.source,
    locations: renamed(message.source.locations, now),
  };
  return {
    definition: Definition.from({
      def: [...order].map((digest) => bytes.get(digest) as Uint8Array),
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

/** Every op after those that it needs, the last of the definition last. Not recursive: graphs may be deep. */
function inputsFirst(definition: Definition): readonly DefinitionEntry[] {
  const order: DefinitionEntry[] = [];
  const state = new Map<string, 'open' | 'done'>();
  for (const bytes of definition.message.def) {
    const todo: string[] = [digestOf(bytes)];
    while (todo.length > 0) {
      const next = todo.at(-1) as string;
      const entry = definition.get(next);
      if (!entry || state.has(next)) {
        todo.pop();
        if (entry && state.get(next) === 'open') order.push(entry);
        state.set(next, 'done');
        continue;
      }
      state.set(next, 'open');
      for (const { digest } of entry.op.inputs) if (!state.has(digest)) todo.push(digest);
    }
  }
  return order;
}
