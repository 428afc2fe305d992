import { redactUrls, type SourceLocation } from '@llb-ts/backend';
import { type Definition, type DefinitionEntry, inputsFirst, type OpKind, type Source } from '@llb-ts/pb';
import { requestFailure } from '../error/error.ts';
import { nameOfOp } from './names.ts';
import { flawOfOp, missingEntitlement, requiredDevice, unknownCapability } from './validate.ts';
import type { Edge, Vertex } from './vertex.ts';

/**
 * Turns a definition into verified vertices and returns the edge that is the result.
 *
 * Ops are found by the digest of their bytes, so a digest that does not fit shows as a missing input, and a cycle cannot
 * be written. Only what the result needs is verified, as in BuildKit (`solver/llbsolver/vertex.go` loadLLB).
 * Fails with a `request` failure that has BuildKit's text.
 *
 * @param allow entitlements that were granted
 */
export function loadDefinition(definition: Definition, allow: readonly string[]): Edge {
  if (definition.isEmpty) throw loadFailure('invalid empty definition');
  checkLocations(definition.source);
  for (const { op } of definition.entries) {
    op.inputs.forEach((input, i) => {
      if (input.index < 0) throw loadFailure(`invalid input ${i} output index ${input.index}`);
      if (!definition.get(input.digest)) throw missingInput(input.digest);
    });
  }
  const distinct = new Set(definition.message.def.map((bytes) => Buffer.from(bytes).toString('latin1'))).size;
  if (distinct < 2) throw loadFailure(`invalid LLB with ${distinct} vertexes`);
  const { head } = definition;
  if (!head) throw loadFailure('invalid LLB with no inputs on last vertex');
  if (head.index < 0) throw loadFailure(`invalid input 0 output index ${head.index}`);
  const vertices = new Map<string, Vertex>();
  const entryOf = (digest: string): DefinitionEntry => {
    const entry = definition.get(digest);
    if (!entry) throw missingInput(digest);
    return entry;
  };
  const inputsOf = ({ op }: DefinitionEntry) => op.inputs.map((input) => entryOf(input.digest));
  for (const entry of inputsFirst([entryOf(head.digest)], inputsOf)) {
    vertices.set(entry.digest, vertexOf(entry, vertices, definition, allow));
  }
  return { vertex: vertices.get(head.digest)!, index: head.index };
}

function vertexOf(
  { digest, op, metadata }: DefinitionEntry,
  vertices: ReadonlyMap<string, Vertex>,
  definition: Definition,
  allow: readonly string[],
): Vertex {
  const location = locationOf(definition.source, digest);
  const where = { vertex: digest, ...(location && { location }) };
  const flaw = flawOfOp(op);
  if (flaw) throw loadFailure(flaw, where);
  if (!op.op)
    throw requestFailure('no support for this kind of op', { ...where, hint: 'it may need a newer llb-ts' });
  const unknown = unknownCapability(metadata.caps);
  if (unknown !== undefined) throw loadFailure(`unknown API capability ${unknown}`, where);
  const missing = missingEntitlement(op.op, allow);
  if (missing) {
    throw loadFailure(`${missing} is not allowed`, { ...where, hint: `grant it with --allow ${missing}` });
  }
  const device = requiredDevice(op.op);
  if (device !== undefined) {
    const step = metadata.description['llb.customname'] ?? nameOfOp(op.op, []);
    throw loadFailure(
      `CDI device "${device}" is required by step "${step}", but CDI device support is disabled`,
      where,
    );
  }
  const inputs = op.inputs.map(
    (input): Edge => ({ vertex: vertices.get(input.digest)!, index: input.index }),
  );
  const name = nameOfOp(op.op, inputs);
  return {
    digest,
    op: op.op,
    inputs,
    metadata,
    platform: op.platform,
    name,
    title: titleOf(op.op, metadata.description['llb.customname'] ?? name),
    location,
  };
}

/** A custom name of a source may repeat its URL. */
function titleOf(op: OpKind, title: string): string {
  return op.kind === 'source' ? redactUrls(title) : title;
}

function loadFailure(
  message: string,
  details: { vertex?: string; location?: SourceLocation; hint?: string } = {},
) {
  return requestFailure(`failed to load LLB: ${message}`, details);
}

function missingInput(digest: string) {
  return loadFailure(`invalid missing input digest ${digest}`, {
    hint: 'the definition is incomplete, or an op in it was changed after its digest was taken',
  });
}

function checkLocations(source: Source | undefined): void {
  for (const [digest, { locations }] of Object.entries(source?.locations ?? {})) {
    for (const { sourceIndex } of locations) {
      if (sourceIndex < 0 || sourceIndex >= (source?.infos.length ?? 0)) {
        throw loadFailure(`invalid source index ${sourceIndex} for vertex ${digest}`);
      }
    }
  }
}

/** The first place that made the op. */
function locationOf(source: Source | undefined, digest: string): SourceLocation | undefined {
  const location = source?.locations[digest]?.locations[0];
  const info = location && source?.infos[location.sourceIndex];
  const start = location?.ranges[0]?.start;
  return info && start && { filename: info.filename, line: start.line, character: start.character };
}
