import {
  Definition,
  type DefinitionEntry,
  type Digest,
  digestOf,
  EMPTY_INPUT,
  encodeHead,
  encodeOp,
  type FileActionKind,
  type Input,
  LLB_DEFINITION_INPUT,
  noMetadata,
} from '@llb-ts/pb';
import type { Built, ReadMade } from '../built/built.ts';
import { fileInside, placesOf } from '../built/places.ts';
import type { Place } from '../error/cli-error.ts';
import { entriesInOrder, replaceOps } from './replace-ops.ts';

/** The file in what {@link ReadMade} solves. */
export const MADE = 'definition';

/** True if steps make definitions that are built then, so that not all sources are known before they ran. */
export function makesDefinitions({ entries }: Definition): boolean {
  return entries.some((entry) => madeInput(entry) !== undefined);
}

/**
 * Makes the definitions that steps make, pins their sources and puts them, written out, in place of those steps.
 * @param built its own sources are pinned already
 */
export async function pinMade(
  built: Built,
  read: ReadMade,
  pin: (made: Built) => Promise<Built>,
): Promise<Built> {
  const written = new Set<string>();
  let now = built;
  for (;;) {
    const step = entriesInOrder(now.definition).find((entry) => {
      const from = madeInput(entry);
      return from && !written.has(from.input.digest);
    });
    if (!step) return now;
    const made = await read(readingDefinition(now.definition, step));
    const inner = await pin(buildOf(made, now.placeOf(step.digest)));
    const file = fileOf(inner.definition);
    written.add(digestOf(file));
    now = withFile(now, step, file, inner);
  }
}

/** The place of the definition that a step builds: which of its inputs, and the file's name; undefined for other steps. */
function madeInput({ op }: DefinitionEntry): { index: number; input: Input; file: string } | undefined {
  if (op.op?.kind !== 'build') return undefined;
  const index = op.op.inputs[LLB_DEFINITION_INPUT]?.input ?? -1;
  const input = op.inputs[index];
  // The solve says what is wrong with it.
  return input && { index, input, file: op.op.attrs['llbbuild.filename'] ?? LLB_DEFINITION_INPUT };
}

/** A definition whose result is the file alone; where it came from stands in it as for the step that needs it. */
function readingDefinition({ message, source }: Definition, step: DefinitionEntry): Definition {
  const { input, file } = madeInput(step)!;
  const copy = fileStep([input], {
    kind: 'copy',
    src: `/${file}`,
    dest: `/${MADE}`,
    mode: -1,
    followSymlink: true,
    dirCopyContents: false,
    attemptUnpackDockerCompatibility: false,
    createDestPath: false,
    allowWildcard: false,
    allowEmptyWildcard: false,
    timestamp: -1n,
    includePatterns: [],
    excludePatterns: [],
    alwaysReplaceExistingDestPaths: false,
    modeStr: '',
    requiredPaths: [],
  });
  const digest = digestOf(copy);
  const description = { 'llb.customname': `the definition ${file}` };
  const location = source?.locations[step.digest];
  return Definition.from({
    def: [...message.def.slice(0, -1), copy, encodeHead({ digest, index: 0 })],
    metadata: { ...message.metadata, [digest]: { ...noMetadata, description } },
    ...(source && {
      source: { ...source, locations: { ...source.locations, ...(location && { [digest]: location }) } },
    }),
  });
}

/** A step that writes a definition out. Its time is fixed, so that the same definition is the same step. */
function fileOf(definition: Definition): Uint8Array {
  const path = `/${LLB_DEFINITION_INPUT}`;
  return fileStep([], { kind: 'mkfile', path, mode: 0o644, data: definition.write(), timestamp: 0n });
}

function fileStep(inputs: readonly Input[], action: FileActionKind): Uint8Array {
  const secondaryInput = inputs.length > 0 ? 0 : EMPTY_INPUT;
  return encodeOp({
    inputs,
    op: { kind: 'file', actions: [{ input: EMPTY_INPUT, secondaryInput, output: 0, action }] },
  });
}

/** A made definition as a build. Its steps are placed as it says, or else at the step that builds it. */
function buildOf(definition: Definition, place: Place | undefined): Built {
  const own = placesOf(definition, fileInside(definition));
  return {
    definition,
    imageConfig: undefined,
    locals: {},
    placeAt: own.placeAt,
    placeOf: (digest) => (definition.get(digest) ? (own.placeOf(digest) ?? place) : undefined),
  };
}

function withFile(outer: Built, step: DefinitionEntry, file: Uint8Array, inner: Built): Built {
  const { index } = madeInput(step)!;
  const digest: Digest = digestOf(file);
  const { definition, originals } = replaceOps(outer.definition, (entry, inputs) => {
    const { op } = entry.op;
    if (entry.digest !== step.digest || op?.kind !== 'build') return undefined;
    const { 'llbbuild.filename': _, ...attrs } = op.attrs;
    return {
      op: { ...op, attrs },
      inputs: inputs.with(index, { digest, index: 0 }),
      before: file,
      caps: [],
    };
  });
  const original = (now: string) => originals.get(now) ?? now;
  return {
    ...outer,
    definition,
    placeOf: (now) => outer.placeOf(original(now)) ?? inner.placeOf(now),
    lockHint: (now) => outer.lockHint?.(original(now)) ?? inner.lockHint?.(now),
  };
}
