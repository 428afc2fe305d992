import type { ProgressEvent, SourceLocation, VertexEvent, VertexStatusEvent } from '@llb-ts/backend';
import { type Interval, mergeIntervals } from './intervals.ts';

/** One step to a reader: a vertex, or all vertices of one progress group together. */
export interface Row {
  readonly id: string;
  readonly name: string;
  /** Merged over all members, sorted; empty until something starts. */
  readonly intervals: readonly Interval[];
  /** True when it has members and nothing ran for any of them. */
  readonly cached: boolean;
  readonly error: string | undefined;
  readonly cancelled: boolean;
  /** A progress group shows once a member that is not weak has started. */
  readonly hidden: boolean;
  readonly location: SourceLocation | undefined;
  /** By id, in the order they came. */
  readonly statuses: ReadonlyMap<string, VertexStatusEvent>;
}

interface Member {
  readonly vertex: VertexEvent;
  readonly intervals: Interval[];
  cached: boolean;
  error: string | undefined;
  cancelled: boolean;
}

interface MutableRow extends Row {
  intervals: readonly Interval[];
  cached: boolean;
  error: string | undefined;
  cancelled: boolean;
  hidden: boolean;
  readonly statuses: Map<string, VertexStatusEvent>;
  readonly members: Map<string, Member>;
}

/**
 * The state of a solve as its events tell it: which rows there are and how far each one is. Rows are kept in the order
 * in which they were announced. `update` folds one event in and returns the row that it concerns.
 */
export class Trace {
  readonly #rows = new Map<string, MutableRow>();
  readonly #rowOf = new Map<string, MutableRow>();

  get rows(): Iterable<Row> {
    return this.#rows.values();
  }

  /** Folds an event in; undefined when it concerns no row (a warning about the whole build, an unknown vertex). */
  update(event: ProgressEvent): Row | undefined {
    if (event.type === 'vertex') return this.#announce(event);
    const row = event.digest === undefined ? undefined : this.#rowOf.get(event.digest);
    if (!row) return undefined;
    if (event.type === 'status') row.statuses.set(event.id, event);
    if (event.type === 'started' || event.type === 'completed') {
      const member = row.members.get(event.digest);
      if (member) follow(member, event);
      refresh(row);
    }
    return row;
  }

  #announce(vertex: VertexEvent): Row {
    const group = vertex.progressGroup;
    const id = group ? `group ${group.id}` : vertex.digest;
    let row = this.#rows.get(id);
    if (!row) {
      row = {
        id,
        name: group ? group.name : vertex.name,
        intervals: [],
        cached: false,
        error: undefined,
        cancelled: false,
        hidden: group !== undefined,
        location: vertex.location,
        statuses: new Map(),
        members: new Map(),
      };
      this.#rows.set(id, row);
    }
    this.#rowOf.set(vertex.digest, row);
    if (!row.members.has(vertex.digest)) {
      row.members.set(vertex.digest, {
        vertex,
        intervals: [],
        cached: false,
        error: undefined,
        cancelled: false,
      });
    }
    return row;
  }
}

export function isStarted(row: Row): boolean {
  return row.intervals.length > 0;
}

export function isCompleted(row: Row): boolean {
  return row.intervals.at(-1)?.stop !== undefined;
}

function follow(member: Member, event: Extract<ProgressEvent, { type: 'started' | 'completed' }>): void {
  const last = member.intervals.at(-1);
  if (event.type === 'started') {
    // The time until now was waiting.
    if (last && last.stop === undefined) member.intervals.pop();
    member.intervals.push({ start: event.time });
    return;
  }
  if (last && last.stop === undefined) member.intervals.pop();
  // A step whose result was known ends without ever having started.
  const start = last && last.stop === undefined ? last.start : event.time;
  member.intervals.push({ start, stop: event.time });
  member.cached = event.cached;
  member.error = event.error;
  member.cancelled = event.cancelled ?? false;
}

function refresh(row: MutableRow): void {
  const members = [...row.members.values()];
  row.intervals = mergeIntervals(members.flatMap((member) => member.intervals));
  row.cached = members.every((member) => member.cached);
  const failed = members.find((member) => member.error !== undefined && !member.cancelled);
  row.error = failed?.error;
  row.cancelled = !failed && members.some((member) => member.cancelled);
  if (failed || members.some((m) => m.intervals.length > 0 && !m.vertex.progressGroup?.weak))
    row.hidden = false;
}
