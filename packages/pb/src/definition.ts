import { decodeDefinition, decodeOp, encodeDefinition, encodeOp } from './codec.ts';
import type { DefinitionMessage, OpMetadata, Source } from './definition-messages.ts';
import { type Digest, digestOf } from './digest.ts';
import { PbError } from './error.ts';
import type { Input, Op } from './messages.ts';

/** One op of a definition: its bytes as they came, what they say, and the digest that names them. */
export interface DefinitionEntry {
  readonly digest: Digest;
  readonly bytes: Uint8Array;
  readonly op: Op;
  readonly metadata: OpMetadata;
}

/**
 * A graph of ops, read from bytes or made by `marshal`.
 *
 * Ops are kept in the order of the definition, inputs before what uses them. The last entry on the wire is no op but
 * points at the result; here it is {@link Definition.head}. A definition of nothing (scratch) has no entries and no
 * head. Nothing is checked beyond what can be decoded: whether inputs exist is the business of who loads the graph.
 */
export class Definition {
  /** The ops, inputs before what uses them. */
  readonly entries: readonly DefinitionEntry[];
  /** The edge that is the result; undefined for scratch or when the last op has no input. */
  readonly head: Input | undefined;
  /** The definition as it travels. */
  readonly message: DefinitionMessage;
  readonly #byDigest: ReadonlyMap<string, DefinitionEntry>;

  private constructor(message: DefinitionMessage, all: readonly DefinitionEntry[]) {
    this.message = message;
    this.entries = all.slice(0, -1);
    this.head = all.at(-1)?.op.inputs[0];
    this.#byDigest = new Map(all.map((entry) => [entry.digest, entry]));
  }

  /**
   * A message whose ops were just encoded, with the digest of each: nothing is decoded before it is asked for. For whoever
   * makes definitions; those that come from elsewhere go through {@link Definition.from}.
   */
  static made(message: DefinitionMessage, digests: readonly Digest[]): Definition {
    return new Definition(
      message,
      message.def.map((bytes, i) => new MadeEntry(digests[i] ?? digestOf(bytes), bytes, message)),
    );
  }

  /** Decodes what `buildctl build` takes on stdin. Fails with `undecodable`. */
  static read(bytes: Uint8Array): Definition {
    return Definition.from(decodeDefinition(bytes));
  }

  /** Decodes every op of a message; fails with `undecodable`, naming the op by its place in the definition. */
  static from(message: DefinitionMessage): Definition {
    const entries = message.def.map((bytes, index): DefinitionEntry => {
      const digest = digestOf(bytes);
      return { digest, bytes, op: decodeAt(bytes, index), metadata: message.metadata[digest] ?? noMetadata };
    });
    return new Definition(message, entries);
  }

  /** True for scratch. */
  get isEmpty(): boolean {
    return this.message.def.length === 0;
  }

  /** The digest of the whole last entry, which names this definition's result. */
  get digest(): Digest | undefined {
    const last = this.message.def.at(-1);
    return last && digestOf(last);
  }

  /** Places that ops come from; undefined where the definition does not say. */
  get source(): Source | undefined {
    return this.message.source;
  }

  /** The op of a digest, the last entry included; undefined when there is none. */
  get(digest: string): DefinitionEntry | undefined {
    return this.#byDigest.get(digest);
  }

  /** The bytes that `read` takes, maps sorted. */
  write(): Uint8Array {
    return encodeDefinition(this.message);
  }
}

/** An entry that is decoded when it is looked at: the ops of a large graph are many times the size of their bytes. */
class MadeEntry implements DefinitionEntry {
  readonly digest: Digest;
  readonly bytes: Uint8Array;
  readonly #message: DefinitionMessage;
  #op: Op | undefined;

  constructor(digest: Digest, bytes: Uint8Array, message: DefinitionMessage) {
    this.digest = digest;
    this.bytes = bytes;
    this.#message = message;
  }

  get op(): Op {
    this.#op ??= decodeOp(this.bytes);
    return this.#op;
  }

  get metadata(): OpMetadata {
    return this.#message.metadata[this.digest] ?? noMetadata;
  }
}

/** The last entry of a definition: an op without a kind whose one input is the result. */
export function encodeHead(head: Input): Uint8Array {
  return encodeOp({ inputs: [head] });
}

/** The metadata of an op about which nothing is said. */
export const noMetadata: OpMetadata = Object.freeze({ ignoreCache: false, description: {}, caps: {} });

function decodeAt(bytes: Uint8Array, index: number): Op {
  try {
    return decodeOp(bytes);
  } catch (error) {
    if (!(error instanceof PbError)) throw error;
    throw new PbError('undecodable', error.message, { path: `op ${index}`, cause: error });
  }
}
