import type { CallSite, Mount, Output, PlatformSpec, SourceLocation, SourceText, Vertex } from '@llb-ts/llb';
import {
  Definition,
  type DefinitionMessage,
  type Digest,
  digestOf,
  encodeHead,
  encodeOp,
  type Input,
  type Location,
  type Locations,
  type OpMetadata,
  PbError,
  type Platform,
} from '@llb-ts/pb';
import type { LocalIgnoreFile, MarshalConstraints, MarshalOptions } from '../base/context.ts';
import { MarshalError } from '../base/error.ts';
import { SourceCollector } from '../base/sources.ts';
import { inputsOf, lower } from '../lower/index.ts';
import type { Context } from '../lower/lowered.ts';
import { LoadedOp } from './definition-op.ts';
import { headMetadata, MetadataMaker, mergeMetadata } from './metadata.ts';
import { follow } from './resolve.ts';

type Edge = Exclude<Output, { kind: 'deferred' }>;

interface Written {
  readonly digest: Digest;
  readonly outputs: readonly Mount[];
}

interface WrittenOp extends Written {
  readonly bytes: Uint8Array;
  readonly metadata: OpMetadata;
  readonly places: readonly SourceLocation[];
}

/** Metadata and locations of a digest, from all vertices that have it. */
interface Said {
  metadata: OpMetadata;
  locations: readonly Location[];
}

interface Frame {
  readonly vertex: Vertex;
  readonly inputs: readonly Output[];
  next: number;
}

/**
 * Writes a graph as a list of ops, inputs before what uses them, each vertex once and each digest once (docs/buildkit-semantics.md#walk-of-the-graph). The walk
 * keeps its own stack: a chain of 100,000 steps is nothing unusual for generated builds.
 */
export class GraphWriter implements Context {
  readonly constraints: MarshalConstraints;
  readonly #metadataMaker: MetadataMaker;
  readonly #sources: SourceCollector;
  readonly #options: MarshalOptions;
  /** Undefined while the inputs of a vertex are being written. */
  readonly #written = new Map<Vertex, Written | undefined>();
  readonly #said = new Map<Digest, Said>();
  readonly #def: Uint8Array[] = [];

  constructor(constraints: MarshalConstraints, options: MarshalOptions) {
    this.constraints = constraints;
    this.#options = options;
    this.#metadataMaker = new MetadataMaker(constraints);
    this.#sources = new SourceCollector(options.sourceText ?? (() => undefined));
  }

  get sourceTexts(): readonly SourceText[] {
    return this.#sources.texts;
  }

  write(head: Edge): void {
    const stack: Frame[] = [];
    const enter = (vertex: Vertex) => {
      this.#written.set(vertex, undefined);
      stack.push({ vertex, inputs: this.#inputsOf(vertex), next: 0 });
    };
    enter(vertexOf(head));
    for (let frame = stack.at(-1); frame; frame = stack.at(-1)) {
      const input = frame.inputs[frame.next++];
      if (!input) {
        stack.pop();
        this.#writeVertex(frame.vertex);
        continue;
      }
      const vertex = vertexOf(this.#follow(input, frame.vertex));
      if (!this.#written.has(vertex)) {
        enter(vertex);
      } else if (!this.#written.get(vertex)) {
        throw new MarshalError('cyclic-state', 'a state needs itself', { callSite: vertex.callSite });
      }
    }
  }

  /** @param files definitions of the files of {@link GraphWriter.sourceTexts} that a state holds */
  finish(head: Edge, files: ReadonlyMap<SourceText, DefinitionMessage>): Definition {
    const last = encodeHead(this.#edge(head));
    const digest = digestOf(last);
    // Loops, because Object.fromEntries is several times slower for 10,000 digests.
    const metadata: Record<string, OpMetadata> = {};
    const locations: Record<string, Locations> = {};
    for (const [op, said] of this.#said) {
      metadata[op] = said.metadata;
      locations[op] = { locations: said.locations };
    }
    metadata[digest] = headMetadata(Object.values(metadata));
    const source = { locations, infos: this.#sources.infos(files) };
    return Definition.made({ def: [...this.#def, last], metadata, source }, [...this.#said.keys(), digest]);
  }

  input(output: Output): Input {
    return this.#edge(this.#follow(output));
  }

  ignoreFileText(local: LocalIgnoreFile, callSite: CallSite | undefined): string | undefined {
    const { ignoreFileText } = this.#options;
    if (ignoreFileText) return ignoreFileText(local);
    throw new MarshalError('invalid-argument', `nobody reads ${local.ignoreFile} of Local("${local.name}")`, {
      hint: 'give the marshal an ignoreFileText',
      callSite,
    });
  }

  #edge(output: Edge): Input {
    const vertex = vertexOf(output);
    const written = this.#written.get(vertex);
    if (!written) throw new MarshalError('internal', `a ${vertex.kind} vertex is used before it is written`);
    if (output.kind === 'result') return { digest: written.digest, index: output.index };
    const index = output.kind === 'mount' ? written.outputs.indexOf(output.mount) : -1;
    if (index < 0) throw new MarshalError('internal', 'a mount without output is used');
    return { digest: written.digest, index };
  }

  #inputsOf(vertex: Vertex): readonly Output[] {
    if (vertex.kind !== 'definition') return inputsOf(vertex);
    return loadedOf(vertex.loaded).inputs();
  }

  #follow(output: Output, user?: Vertex): Edge {
    const edge = follow(output);
    if (edge) return edge;
    const callSite = output.kind === 'deferred' ? output.deferred.callSite : user?.callSite;
    throw new MarshalError('invalid-async', 'an async state that turned out empty cannot be an input', {
      hint: 'return Scratch() with a file in it, or leave the input out',
      callSite,
    });
  }

  #writeVertex(vertex: Vertex): void {
    if (vertex.kind === 'definition') {
      const op = loadedOf(vertex.loaded);
      const [digest, bytes] = op.bytes();
      this.#add(vertex, { digest, bytes, metadata: op.metadata(), places: op.places(), outputs: [] });
      return;
    }
    const { op, inputs, platform, caps, outputs = [] } = lower(vertex, this);
    const filter = concat(this.constraints.workerConstraints, vertex.constraints.workerConstraints);
    const common = { inputs, constraints: { filter }, op };
    const bytes = encode(vertex, platform ? { ...common, platform: lowerPlatform(platform) } : common);
    const metadata = this.#metadataMaker.make(vertex.constraints, caps);
    const places = this.#placesOf(vertex);
    this.#add(vertex, { digest: digestOf(bytes), bytes, metadata, places, outputs });
  }

  #add(vertex: Vertex, { digest, bytes, metadata, places, outputs }: WrittenOp): void {
    this.#written.set(vertex, { digest, outputs });
    const locations = this.#sources.locate(places);
    const known = this.#said.get(digest);
    if (known) {
      known.metadata = mergeMetadata(known.metadata, metadata);
      known.locations = [...known.locations, ...locations];
    } else {
      this.#said.set(digest, { metadata, locations });
      this.#def.push(bytes);
    }
  }

  /** The places that the op names itself, else the line of the build file that made it. */
  #placesOf({ constraints, callSite }: Vertex): readonly SourceLocation[] {
    if (constraints.sourceLocations.length > 0 || !callSite) return constraints.sourceLocations;
    const { mapLocation } = this.#options;
    const site = mapLocation ? mapLocation(callSite) : callSite;
    const place = site && this.#sources.placeOf(site);
    return place ? [place] : [];
  }
}

function vertexOf(output: Edge): Vertex {
  if (output.kind === 'none') throw new MarshalError('invalid-argument', output.reason);
  return output.vertex;
}

function loadedOf(loaded: object): LoadedOp {
  if (loaded instanceof LoadedOp) return loaded;
  throw new MarshalError('invalid-definition', 'a definition was loaded by another copy of @llb-ts/marshal');
}

/** Nearly always one of the two is empty. */
function concat(a: readonly string[], b: readonly string[]): readonly string[] {
  if (b.length === 0) return a;
  return a.length === 0 ? b : [...a, ...b];
}

export function lowerPlatform({
  os = '',
  architecture,
  variant = '',
  osVersion = '',
  osFeatures = [],
}: PlatformSpec): Platform {
  return { os, architecture, variant, osVersion, osFeatures };
}

function encode(vertex: Vertex, op: Parameters<typeof encodeOp>[0]): Uint8Array {
  try {
    return encodeOp(op);
  } catch (cause) {
    if (!(cause instanceof PbError)) throw cause;
    throw new MarshalError('unencodable', cause.message, { callSite: vertex.callSite, cause });
  }
}
