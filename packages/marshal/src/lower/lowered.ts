import type { CallSite, Mount, Output, PlatformSpec } from '@llb-ts/llb';
import type { Input, OpKind } from '@llb-ts/pb';
import type { Capability } from '../base/capabilities.ts';
import type { LocalIgnoreFile, MarshalConstraints } from '../base/context.ts';

/** The questions that lowering one vertex may ask. */
export interface Context {
  /** Constraints of the marshal; its platform is always known. */
  readonly constraints: MarshalConstraints;
  /** The edge to an output whose vertex was lowered before. */
  input(output: Output): Input;
  /** The text of an ignore file; undefined when there is none. */
  ignoreFileText(local: LocalIgnoreFile, callSite: CallSite | undefined): string | undefined;
}

/** One vertex in BuildKit's words, without what every op has. */
export interface Lowered {
  readonly op: OpKind;
  readonly inputs: readonly Input[];
  /** Platform to write; undefined for ops that are the same on all. */
  readonly platform: PlatformSpec | undefined;
  readonly caps: readonly Capability[];
  /** Mounts that are outputs of a process, in the order of their numbers. */
  readonly outputs?: readonly Mount[];
}

/** Numbers the inputs of one op: equal edges have one number, in the order they were first asked for. */
export class Inputs {
  readonly list: Input[] = [];
  readonly #numbers = new Map<string, number>();

  number(input: Input): number {
    const key = `${input.digest} ${input.index}`;
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    this.#numbers.set(key, this.list.length);
    this.list.push(input);
    return this.list.length - 1;
  }
}
