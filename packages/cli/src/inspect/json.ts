import { redactUrls } from '@llb-ts/backend';
import type { Definition, Op, SourceOp } from '@llb-ts/pb';
import type { Graph, Step, StepInput } from './graph.ts';

/**
 * The graph as JSON. Field names are stable: `digest`, `result`, `ops[]` with `number`, `digest`, `kind`, `name`,
 * `inputs[]`, `op` (the message as LLB names its fields; bytes as base64, 64-bit numbers as strings), `metadata` and
 * `source`.
 */
export function graphJson(definition: Definition, { steps, result }: Graph): string {
  return `${JSON.stringify(
    {
      digest: definition.digest ?? null,
      result: result ? inputJson(result) : null,
      ops: steps.map(stepObject),
    },
    null,
    2,
  )}\n`;
}

/** One op as it stands in `ops[]`. */
export function stepJson(step: Step): string {
  return `${JSON.stringify(stepObject(step), null, 2)}\n`;
}

function stepObject({ number, entry, kind, name, inputs, place }: Step): object {
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

function inputJson({ step, digest, output, mount }: StepInput): object {
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
