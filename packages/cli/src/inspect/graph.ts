import { redactUrls } from '@llb-ts/backend';
import type { Definition, DefinitionEntry, FileAction } from '@llb-ts/pb';
import type { Place } from '../error/cli-error.ts';

/** One op as a person looks at it: numbered in the order of the definition, inputs before what uses them. */
export interface Step {
  /** 1 for the first. */
  readonly number: number;
  readonly entry: DefinitionEntry;
  readonly kind: string;
  readonly name: string;
  readonly inputs: readonly StepInput[];
  readonly place: Place | undefined;
}

export interface StepInput {
  /** Undefined when the definition lacks it. */
  readonly step: Step | undefined;
  readonly digest: string;
  readonly output: number;
  /** The path at which a process sees it, when that is not the root. */
  readonly mount: string | undefined;
}

export interface Graph {
  readonly steps: readonly Step[];
  /** The result; undefined for a definition of nothing. */
  readonly result: StepInput | undefined;
}

/** Reads the graph of a definition. An input that is not there stays visible as a digest without a step. */
export function graphOf(definition: Definition, placeOf: (digest: string) => Place | undefined): Graph {
  const byDigest = new Map<string, Step>();
  const steps: Step[] = [];
  for (const entry of definition.entries) {
    if (byDigest.has(entry.digest)) continue;
    const step = stepOf(entry, steps.length + 1, byDigest, placeOf(entry.digest));
    byDigest.set(entry.digest, step);
    steps.push(step);
  }
  const { head } = definition;
  return {
    steps,
    result: head && {
      step: byDigest.get(head.digest),
      digest: head.digest,
      output: head.index,
      mount: undefined,
    },
  };
}

function stepOf(
  entry: DefinitionEntry,
  number: number,
  known: ReadonlyMap<string, Step>,
  place: Place | undefined,
): Step {
  const { op } = entry;
  const inputs = op.inputs.map(({ digest, index }, i): StepInput => {
    const mount = op.op?.kind === 'exec' ? op.op.mounts.find((one) => one.input === i)?.dest : undefined;
    return { step: known.get(digest), digest, output: index, mount: mount === '/' ? undefined : mount };
  });
  return {
    number,
    entry,
    kind: op.op?.kind ?? 'none',
    name: entry.metadata.description['llb.customname'] ?? describe(entry, inputs),
    inputs,
    place,
  };
}

/** The name of an op in BuildKit's words, but with its inputs by number: names of names of merges have no end. */
function describe({ op: { op } }: DefinitionEntry, inputs: readonly StepInput[]): string {
  switch (op?.kind) {
    case undefined:
      return 'nothing';
    case 'source':
      return redactUrls(op.identifier);
    case 'exec':
      return op.meta?.args.join(' ') ?? '';
    case 'file':
      return op.actions.map(describeAction).join(', ');
    case 'merge':
      return `merge (${op.inputs.map(({ input }) => refer(inputs, input)).join(', ')})`;
    case 'diff':
      return `diff (${refer(inputs, op.lower?.input)}) -> (${refer(inputs, op.upper?.input)})`;
    case 'build':
      return 'build';
    case 'passthrough':
      return `passthrough ${op.id}`;
  }
}

function refer(inputs: readonly StepInput[], index: number | undefined): string {
  if (index === undefined || index < 0) return 'scratch';
  const step = inputs[index]?.step;
  return step ? `#${step.number}` : '?';
}

function describeAction({ action }: FileAction): string {
  switch (action?.kind) {
    case undefined:
      return 'nothing';
    case 'mkdir':
    case 'mkfile':
    case 'rm':
      return `${action.kind} ${action.path}`;
    case 'symlink':
      return `symlink ${action.newpath} -> ${action.oldpath}`;
    case 'copy':
      return `copy ${action.src} ${action.dest}`;
  }
}
