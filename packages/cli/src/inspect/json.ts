import { redactUrls } from '@llb-ts/backend';
import type { Definition, Op, SourceOp } from '@llb-ts/pb';
import type { Graph, Step, StepInput } from './graph.ts';

/** The graph of a definition, as `llb-ts inspect --format json` shows it. */
export interface Inspection {
  /** Of the whole definition; null for an empty one. */
  readonly digest: string | null;
  readonly result: InspectedInput | null;
  /** Inputs come before what uses them. */
  readonly ops: readonly InspectedOp[];
}

export interface InspectedOp {
  /** 1 for the first. */
  readonly number: number;
  readonly digest: string;
  /** `source`, `exec`, `file`, `merge`, `diff`, `build` or `passthrough`. */
  readonly kind: string;
  /** `llb.customname`, or what the op does. */
  readonly name: string;
  readonly inputs: readonly InspectedInput[];
  /** The message under LLB's field names; bytes as base64, 64-bit numbers as text. */
  readonly op: unknown;
  readonly metadata: unknown;
  /** The line that made it: `line` from 1, `character` from 0. */
  readonly source: { readonly file: string; readonly line: number; readonly character: number } | null;
}

export interface InspectedInput {
  /** Null for an input that the definition lacks. */
  readonly number: number | null;
  readonly digest: string;
  readonly output: number;
  /** The path at which a process sees it, when that is not the root. */
  readonly mount?: string;
}

/** The graph as values that JSON can hold. */
export function inspectionOf(definition: Definition, { steps, result }: Graph): Inspection {
  return {
    digest: definition.digest ?? null,
    result: result ? inputJson(result) : null,
    ops: steps.map(stepObject),
  };
}

/** The graph as JSON. Field names are stable: see {@link Inspection}. */
export function graphJson(definition: Definition, graph: Graph): string {
  return `${JSON.stringify(inspectionOf(definition, graph), null, 2)}\n`;
}

/** One op as it stands in `ops[]`. */
export function stepJson(step: Step): string {
  return `${JSON.stringify(stepObject(step), null, 2)}\n`;
}

function stepObject({ number, entry, kind, name, inputs, place }: Step): InspectedOp {
  return {
    number,
    digest: entry.digest,
    kind,
    name,
    inputs: inputs.map(inputJson),
    op: opJson(entry.op),
    metadata: plain(entry.metadata),
    source: place ? { file: place.file, line: place.line, character: place.character } : null,
  };
}

function inputJson({ step, digest, output, mount }: StepInput): InspectedInput {
  return { number: step?.number ?? null, digest, output, ...(mount !== undefined && { mount }) };
}

/** An op without its inputs, as values that JSON can hold. User and password of a source's URL are left out. */
export function opJson({ inputs: _, op, ...rest }: Op): unknown {
  const { kind, ...fields } = op?.kind === 'source' ? redacted(op) : (op ?? { kind: undefined });
  return plain({ ...rest, ...(kind !== undefined && { [kind]: fields }) });
}

function redacted({ kind, identifier, attrs }: SourceOp & { kind: 'source' }) {
  const shown = Object.entries(attrs).map(([name, value]) => [name, redactUrls(value)]);
  return { kind, identifier: redactUrls(identifier), attrs: Object.fromEntries(shown) };
}

/** Bytes become base64, big integers decimal text; everything else stays. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .map(([key, item]) => [key, plain(item)]),
  );
}
