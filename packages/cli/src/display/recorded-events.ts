import type { ProgressEvent } from '@llb-ts/backend';

interface RecordedVertex {
  readonly digest: string;
  readonly inputs?: readonly string[];
  readonly name?: string;
  readonly started?: string;
  readonly completed?: string;
  readonly cached?: boolean;
  readonly error?: string;
  readonly progressGroup?: { readonly id: string; readonly name?: string; readonly weak?: boolean };
}

interface RecordedStatus {
  readonly vertexes?: readonly RecordedVertex[];
  readonly statuses?: readonly {
    readonly id: string;
    readonly vertex: string;
    readonly name?: string;
    readonly current: number;
    readonly total?: number;
    readonly timestamp: string;
    readonly started?: string;
    readonly completed?: string;
  }[];
  readonly logs?: readonly {
    readonly vertex: string;
    readonly stream: number;
    readonly data: string;
    readonly timestamp: string;
  }[];
  readonly warnings?: readonly { readonly vertex: string; readonly short: string }[];
}

/** Reads what `buildctl build --progress=rawjson` printed: one list of events for each line of it. */
export function recordedEvents(jsonl: string): readonly (readonly ProgressEvent[])[] {
  return jsonl
    .trimEnd()
    .split('\n')
    .map((line) => eventsOf(JSON.parse(line) as RecordedStatus));
}

function eventsOf(status: RecordedStatus): readonly ProgressEvent[] {
  return [
    ...(status.vertexes ?? []).flatMap(vertexEvents),
    ...(status.statuses ?? []).map(
      (s): ProgressEvent => ({
        type: 'status',
        time: timeOf(s.timestamp),
        digest: s.vertex,
        id: s.id,
        name: s.name ?? '',
        current: s.current,
        total: s.total ?? 0,
        ...(s.started !== undefined && { started: timeOf(s.started) }),
        ...(s.completed !== undefined && { completed: timeOf(s.completed) }),
      }),
    ),
    ...(status.warnings ?? []).map(
      (w): ProgressEvent => ({
        type: 'warning',
        time: 0,
        digest: w.vertex,
        message: Buffer.from(w.short, 'base64').toString(),
      }),
    ),
    ...(status.logs ?? []).map(
      (l): ProgressEvent => ({
        type: 'log',
        time: timeOf(l.timestamp),
        digest: l.vertex,
        stream: l.stream === 2 ? 'stderr' : 'stdout',
        data: Buffer.from(l.data, 'base64'),
      }),
    ),
  ];
}

function vertexEvents(v: RecordedVertex): readonly ProgressEvent[] {
  const { digest } = v;
  const group = v.progressGroup;
  const events: ProgressEvent[] = [
    {
      type: 'vertex',
      time: 0,
      digest,
      inputs: v.inputs ?? [],
      name: v.name ?? '',
      ...(group && {
        progressGroup: { id: group.id, name: group.name ?? '', weak: group.weak ?? false },
      }),
    },
  ];
  if (v.started !== undefined) events.push({ type: 'started', time: timeOf(v.started), digest });
  if (v.completed !== undefined) {
    const cancelled = v.error?.endsWith('context canceled') ?? false;
    events.push({
      type: 'completed',
      time: timeOf(v.completed),
      digest,
      cached: v.cached ?? false,
      ...(v.error !== undefined && { error: v.error }),
      ...(cancelled && { cancelled }),
    });
  }
  return events;
}

/** RFC 3339 with up to nine decimals, in milliseconds. */
function timeOf(text: string): number {
  const [, seconds = '', fraction = ''] = /^(.*?:\d\d)(\.\d+)?Z$/.exec(text) ?? [];
  return Date.parse(`${seconds}Z`) + Number(`0${fraction}`) * 1000;
}
