import type { Output, SourceVertex } from '../graph/graph.ts';

/**
 * The filesystems that a filesystem was made from by adding to them, newest first: itself, what it was built on, and so on down. Ends at a
 * source, a diff, a built definition or an async state, which are not made by adding to something known.
 */
export function ancestorsOf(output: Output): readonly Output[] {
  const chain: Output[] = [];
  for (let next: Output | undefined = output; next; next = builtOn(next)) chain.push(next);
  return chain;
}

function builtOn(output: Output): Output | undefined {
  if (output.kind === 'mount') return output.mount.selector ? undefined : output.mount.source;
  if (output.kind !== 'result') return undefined;
  const { vertex } = output;
  switch (vertex.kind) {
    case 'file':
      return vertex.actions.state.Output();
    case 'merge':
      return vertex.inputs[0];
    case 'passthrough': {
      const input = vertex.outputs[output.index];
      return input === undefined ? undefined : vertex.inputs[input];
    }
    case 'source':
    case 'diff':
    case 'build':
    case 'definition':
      return undefined;
  }
}

/** A name that equal filesystems share: the same output, or sources that were asked for in the same words. */
export class Identities {
  readonly #numbers = new Map<unknown, number>();

  of(output: Output): string {
    if (output.kind === 'result' && output.vertex.kind === 'source') return sourceKey(output.vertex);
    if (output.kind === 'result') return `${this.#number(output.vertex)} ${output.index}`;
    if (output.kind === 'mount') return `${this.#number(output.vertex)} mount ${this.#number(output.mount)}`;
    return `${this.#number(output.kind === 'deferred' ? output.deferred : output)}`;
  }

  #number(value: unknown): number {
    let number = this.#numbers.get(value);
    if (number === undefined) {
      number = this.#numbers.size;
      this.#numbers.set(value, number);
    }
    return number;
  }
}

function sourceKey({ source, constraints }: SourceVertex): string {
  const { platform, workerConstraints, localUniqueID } = constraints;
  return JSON.stringify([source, platform ?? null, workerConstraints, localUniqueID]);
}
