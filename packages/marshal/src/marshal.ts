import type { State } from '@llb-ts/llb';
import { Definition } from '@llb-ts/pb';
import { contextOf, type MarshalOptions } from './base/context.ts';
import { MarshalError } from './base/error.ts';
import { GraphWriter } from './write/graph-writer.ts';
import { follow, onceSettled } from './write/resolve.ts';

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
  const context = contextOf(marshal, state, options);
  const written = await onceSettled(state, context, () => {
    const head = follow(state.Output());
    if (!head) return undefined;
    const writer = new GraphWriter(context.constraints, options);
    writer.write(head);
    return { head, writer };
  });
  if (!written) return Definition.from({ def: [], metadata: {} });
  const { head, writer } = written;
  const files = new Map();
  for (const text of writer.sourceTexts) {
    if (!text.state) continue;
    if (around.has(text)) {
      throw new MarshalError(
        'cyclic-source-map',
        `the file ${text.filename} comes from a state that it describes`,
      );
    }
    // As in Go: with the options of the call and the defaults of the file's own state.
    const definition = await marshalWithin(text.state as State, options, new Set(around).add(text));
    files.set(text, definition.message);
  }
  return writer.finish(head, files);
}
