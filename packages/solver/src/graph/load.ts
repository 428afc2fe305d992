import type { SourceLocation } from '@llb-ts/backend';
import type { Definition, DefinitionEntry, Source } from '@llb-ts/pb';
import { requestFailure } from '../error.ts';
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
  for (const entry of inputsFirst(definition, head.digest)) {
    vertices.set(entry.digest, vertexOf(entry, vertices, definition, allow));
  }
  return { vertex: vertices.get(head.digest)!, index: head.index };
}

/** The entries that `digest` needs, each after its inputs. Not recursive: graphs may be deep. */
function inputsFirst(definition: Definition, digest: string): DefinitionEntry[] {
  const order: DefinitionEntry[] = [];
  const state = new Map<string, 'open' | 'done'>();
  const pending = [digest];
  while (pending.length > 0) {
    const next = pending.at(-1)!;
    const entry = definition.get(next);
    if (!entry) throw missingInput(next);
    if (state.has(next)) {
      pending.pop();
      if (state.get(next) === 'open') order.push(entry);
      state.set(next, 'done');
      continue;
    }
    state.set(next, 'open');
    for (const input of entry.op.inputs.toReversed())
      if (!state.has(input.digest)) pending.push(input.digest);
  }
  return order;
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
    title: metadata.description['llb.customname'] ?? name,
    location,
  };
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
