import type { SourceLocation } from '@llb-ts/backend';
import type { OpKind, OpMetadata, Platform } from '@llb-ts/pb';

/** One op of a loaded definition, with its inputs resolved. */
export interface Vertex {
  readonly digest: string;
  readonly op: OpKind;
  readonly inputs: readonly Edge[];
  readonly metadata: OpMetadata;
  /** As the op says; undefined leaves it to this host. */
  readonly platform: Platform | undefined;
  /** The name of the op, in BuildKit's words: ends up in image histories. */
  readonly name: string;
  /** The name to show to people: `llb.customname`, or {@link Vertex.name}. */
  readonly title: string;
  readonly location: SourceLocation | undefined;
}

/** One output of a vertex. */
export interface Edge {
  readonly vertex: Vertex;
  readonly index: number;
}
