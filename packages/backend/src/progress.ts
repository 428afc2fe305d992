/**
 * The events of a solve, as data. A display, a trace or a graph is made from these alone, so each event carries
 * what such a reader needs. Times are milliseconds since 1970.
 *
 * A vertex appears once (`vertex`), may start and end several times (BuildKit does so when it computes cache keys, or when
 * layers of an image are wanted later), and ends last with what became of it. One that starts again before it has ended
 * had to wait until then: its time counts from there.
 */
export type ProgressEvent =
  | VertexEvent
  | VertexStartedEvent
  | VertexCompletedEvent
  | VertexLogEvent
  | VertexStatusEvent
  | WarningEvent;

/** A vertex of the graph, said before anything else about it. */
export interface VertexEvent {
  readonly type: 'vertex';
  readonly time: number;
  /** Digest of the op; work outside the graph (an export) has a digest of its own. */
  readonly digest: string;
  /** Digests of the vertices it takes as inputs. */
  readonly inputs: readonly string[];
  /** `llb.customname`, or what the op does in BuildKit's words. */
  readonly name: string;
  readonly progressGroup?: { readonly id: string; readonly name: string; readonly weak: boolean };
  readonly location?: SourceLocation;
}

export interface VertexStartedEvent {
  readonly type: 'started';
  readonly time: number;
  readonly digest: string;
}

export interface VertexCompletedEvent {
  readonly type: 'completed';
  readonly time: number;
  readonly digest: string;
  /** Nothing ran: the result was known. */
  readonly cached: boolean;
  /** Why it failed, one line; absent when it did not. */
  readonly error?: string;
  /** It was stopped because something else failed or the user asked. */
  readonly cancelled?: boolean;
}

/** Output of a process, as it came. */
export interface VertexLogEvent {
  readonly type: 'log';
  readonly time: number;
  readonly digest: string;
  readonly stream: 'stdout' | 'stderr';
  readonly data: Uint8Array;
}

/** A transfer or a step inside a vertex. The same `id` comes again with new numbers. */
export interface VertexStatusEvent {
  readonly type: 'status';
  readonly time: number;
  readonly digest: string;
  readonly id: string;
  readonly name: string;
  /** Bytes or items done. */
  readonly current: number;
  /** 0 when unknown. */
  readonly total: number;
  readonly started?: number;
  readonly completed?: number;
}

export interface WarningEvent {
  readonly type: 'warning';
  readonly time: number;
  /** Absent when it concerns the build as a whole. */
  readonly digest?: string;
  readonly message: string;
  readonly hint?: string;
}

/** A place in the file that made a vertex. */
export interface SourceLocation {
  readonly filename: string;
  /** 1 for the first line. */
  readonly line: number;
  /** 0 for the first character. */
  readonly character: number;
}
