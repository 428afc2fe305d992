import type { ProgressEvent, VertexEvent } from '@llb-ts/backend';
import type { Display } from './display.ts';

/** How `client.SolveStatus` says that a vertex was stopped. */
const CANCELED = 'context canceled';

/**
 * One `SolveStatus` object a line, with the field names of buildctl's `--progress=rawjson` (`client/graph.go`): times
 * as RFC 3339, bytes as base64, fields with nothing to say left out. A vertex is told anew, whole, when it changes.
 */
export class RawJsonDisplay implements Display {
  readonly #vertices = new Map<string, VertexEvent>();
  readonly #started = new Map<string, number>();
  readonly #write: (text: string) => void;

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  show(event: ProgressEvent): void {
    const status = this.#statusOf(event);
    if (status) this.#write(`${JSON.stringify(status)}\n`);
  }

  rest(): void {}

  close(): void {}

  #statusOf(event: ProgressEvent): object | undefined {
    switch (event.type) {
      case 'vertex':
        this.#vertices.set(event.digest, event);
        return { vertexes: [vertexOf(event)] };
      case 'started': {
        this.#started.set(event.digest, event.time);
        const vertex = this.#vertices.get(event.digest);
        return vertex && { vertexes: [{ ...vertexOf(vertex), started: rfc3339(event.time) }] };
      }
      case 'completed': {
        const vertex = this.#vertices.get(event.digest);
        const started = this.#started.get(event.digest) ?? event.time;
        const { progressGroup, ...rest } = vertex ? vertexOf(vertex) : {};
        return (
          vertex && {
            vertexes: [
              {
                ...rest,
                started: rfc3339(started),
                completed: rfc3339(event.time),
                cached: event.cached || undefined,
                error: errorOf(event),
                progressGroup,
              },
            ],
          }
        );
      }
      case 'status':
        return {
          statuses: [
            {
              id: event.id,
              vertex: event.digest,
              name: event.name || undefined,
              total: event.total || undefined,
              current: event.current,
              timestamp: rfc3339(event.time),
              started: event.started === undefined ? undefined : rfc3339(event.started),
              completed: event.completed === undefined ? undefined : rfc3339(event.completed),
            },
          ],
        };
      case 'log':
        return {
          logs: [
            {
              vertex: event.digest,
              stream: event.stream === 'stdout' ? 1 : 2,
              data: base64(event.data),
              timestamp: rfc3339(event.time),
            },
          ],
        };
      case 'warning':
        return {
          warnings: [
            {
              vertex: event.digest,
              level: 1,
              short: base64(event.message),
              detail: event.hint === undefined ? undefined : [base64(event.hint)],
            },
          ],
        };
    }
  }
}

interface Vertex {
  readonly digest?: string;
  readonly inputs?: readonly string[] | undefined;
  readonly name?: string | undefined;
  readonly progressGroup?: object | undefined;
}

function vertexOf(event: VertexEvent): Vertex {
  const group = event.progressGroup;
  return {
    digest: event.digest,
    inputs: event.inputs.length > 0 ? event.inputs : undefined,
    name: event.name || undefined,
    progressGroup: group && {
      id: group.id || undefined,
      name: group.name || undefined,
      weak: group.weak || undefined,
    },
  };
}

function errorOf(event: Extract<ProgressEvent, { type: 'completed' }>): string | undefined {
  if (!event.cancelled) return event.error || undefined;
  const text = event.error ?? '';
  return text.endsWith(CANCELED) ? text : text === '' ? CANCELED : `${text}: ${CANCELED}`;
}

function base64(data: Uint8Array | string): string {
  return Buffer.from(data).toString('base64');
}

/** Go's RFC3339Nano in UTC: as many decimals as needed, at most nine. */
function rfc3339(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  const nanos = Math.min(Math.round((milliseconds - seconds * 1000) * 1e6), 999_999_999);
  const fraction = nanos === 0 ? '' : `.${String(nanos).padStart(9, '0').replace(/0+$/, '')}`;
  return `${new Date(seconds * 1000).toISOString().slice(0, -5)}${fraction}Z`;
}
