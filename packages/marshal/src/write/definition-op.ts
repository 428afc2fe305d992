import {
  type DefinitionVertex,
  NewSourceMap,
  noConstraints,
  type Output,
  Scratch,
  type SourceLocation,
  State,
} from '@llb-ts/llb';
import {
  Definition,
  type DefinitionMessage,
  type Digest,
  type Input,
  type OpMetadata,
  type Platform,
} from '@llb-ts/pb';
import { MarshalError } from '../base/error.ts';

/** A definition that was loaded, shared by all vertices of it. */
class LoadedGraph {
  readonly definition: Definition;
  readonly places: ReadonlyMap<string, readonly SourceLocation[]>;
  readonly #vertices = new Map<string, DefinitionVertex>();

  constructor(definition: Definition) {
    this.definition = definition;
    this.places = placesOf(definition);
  }

  /** The vertex of an edge. Go's client counts two outputs of one op as two vertices; so do we, for equal locations. */
  vertex({ digest, index }: Input): DefinitionVertex {
    const key = `${digest} ${index}`;
    let vertex = this.#vertices.get(key);
    if (!vertex) {
      vertex = Object.freeze({
        kind: 'definition',
        loaded: new LoadedOp(this, digest, index),
        constraints: noConstraints,
        callSite: undefined,
      } as const);
      this.#vertices.set(key, vertex);
    }
    return vertex;
  }
}

/** One op of a loaded definition, carried byte for byte. */
export class LoadedOp {
  readonly #graph: LoadedGraph;
  readonly #digest: string;
  readonly #index: number;

  constructor(graph: LoadedGraph, digest: string, index: number) {
    this.#graph = graph;
    this.#digest = digest;
    this.#index = index;
  }

  inputs(): readonly Output[] {
    return this.#entry().op.inputs.map((input) => this.#output(input));
  }

  bytes(): readonly [digest: Digest, bytes: Uint8Array] {
    const { digest, bytes } = this.#entry();
    return [digest, bytes];
  }

  metadata(): OpMetadata {
    const metadata = this.#graph.definition.message.metadata[this.#digest];
    if (!metadata) throw invalid(`invalid definition op with unknown metas "${this.#digest}"`);
    return metadata;
  }

  places(): readonly SourceLocation[] {
    return this.#graph.places.get(this.#digest) ?? [];
  }

  #entry() {
    if (this.#index < 0) throw invalid('invalid definition op with invalid index');
    const entry = this.#graph.definition.get(this.#digest);
    if (!entry) throw invalid(`invalid definition op with unknown op "${this.#digest}"`);
    return entry;
  }

  #output(input: Input): Output {
    return { kind: 'result', vertex: this.#graph.vertex(input), index: input.index };
  }
}

/**
 * The State of a definition that was loaded. As in Go's `NewState(op)` it has no platform: processes are for that of the
 * marshal. `NewState(op.Output())` is for the platform that the definition's last op says.
 */
class DefinitionOp extends State {
  readonly #platform: Platform | undefined;

  /** @internal Use {@link NewDefinitionOp}. */
  constructor(output: Output | undefined, platform: Platform | undefined) {
    super(output, Scratch().environment);
    this.#platform = platform;
    Object.freeze(this);
  }

  /** The result of the definition, with the platform of its last op. `NewState(op.Output()).Run(…)` */
  override Output(): Output | undefined {
    const output = super.Output();
    if (output?.kind !== 'result' || !this.#platform) return output;
    return Object.freeze({ ...output, platform: this.#platform });
  }
}

/**
 * A definition made before, or elsewhere, as a State to build on (`client/llb/definition.go`). Its ops stay byte for byte
 * what they are; constraints of a later marshal do not change them. The State has no platform of its own, as Go's
 * `NewState(op)`; that of the definition's last op is had by `NewState(op.Output())`, as in Go.
 *
 * ```ts
 * const state = NewDefinitionOp(Definition.read(bytes))
 * await marshal(state.File(Mkfile('/built', 0o644, '')))
 * ```
 *
 * Fails with `invalid-definition`, and with pb's `undecodable`.
 */
export function NewDefinitionOp(definition: Definition | DefinitionMessage | Uint8Array): State {
  const loaded = read(definition);
  if (loaded.isEmpty) return new DefinitionOp(undefined, undefined);
  if (!loaded.head) throw invalid('invalid definition with no inputs on last vertex');
  const graph = new LoadedGraph(loaded);
  const platform = loaded.get(loaded.head.digest)?.op.platform;
  const output = { kind: 'result', vertex: graph.vertex(loaded.head), index: loaded.head.index } as const;
  return new DefinitionOp(Object.freeze(output), platform);
}

function read(definition: Definition | DefinitionMessage | Uint8Array): Definition {
  if (definition instanceof Definition) return definition;
  if (definition instanceof Uint8Array) return Definition.read(definition);
  if (!definition) throw invalid('invalid nil input definition to definition op');
  return Definition.from(definition);
}

function placesOf({ source }: Definition): ReadonlyMap<string, readonly SourceLocation[]> {
  const places = new Map<string, readonly SourceLocation[]>();
  if (!source) return places;
  const maps = source.infos.map(({ filename, language, data, definition }) =>
    NewSourceMap(definition && NewDefinitionOp(definition), filename, language, data),
  );
  for (const [digest, { locations }] of Object.entries(source.locations)) {
    const list = locations.map(({ sourceIndex, ranges }): SourceLocation => {
      const map = maps[sourceIndex];
      if (!map) throw invalid(`failed to find source map with index ${sourceIndex}`);
      const nowhere = { line: 0, character: 0 };
      return { map, ranges: ranges.map(({ start = nowhere, end = nowhere }) => ({ start, end })) };
    });
    places.set(digest, list);
  }
  return places;
}

function invalid(message: string): MarshalError {
  return new MarshalError('invalid-definition', message);
}
