import type { ConstraintsOpt, State } from '@llb-ts/llb';
import { marshal, NewDefinitionOp } from '@llb-ts/marshal';
import { Definition, type DefinitionMessage } from '@llb-ts/pb';
import { describeDefinition } from '../describe.ts';
import type { Call } from './call.ts';

/**
 * Marshaling and the ways back from a marshaled graph. Go's two forms of a definition are one here, and a loaded one is
 * a State at once.
 */
export const definitions: Readonly<Record<string, (call: Call) => unknown>> = {
  'Definition.ToPB': (c) => c.arg<Definition>(0).message,
  'Definition.FromPB': (c) => Definition.from(c.arg<DefinitionMessage>(0)),
  'Definition.Head': (c) => c.arg<Definition>(0).head?.digest ?? '',
  WriteTo: (c) => c.arg<Definition>(0).write(),
  ReadFrom: (c) => Definition.read(c.arg<Uint8Array>(0)),
  NewDefinitionOp: (c) => NewDefinitionOp(c.arg<DefinitionMessage>(0)),
  'DefinitionOp.Output': (c) => c.arg<State>(0).Output(),
};

export const marshaling: Readonly<Record<string, (call: Call) => Promise<unknown>>> = {
  'State.Marshal': (c) => marshal(c.state(0), { constraints: c.rest<ConstraintsOpt>(1) }),
};

/** The observations of a recipe, in the form of `expected.json`. */
export function plain(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('def' in value)) return value ?? null;
  return describeDefinition(value as DefinitionMessage);
}
