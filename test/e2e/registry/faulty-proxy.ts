import http from 'node:http';
import { type Server, serve } from './servers.ts';

/** The proxy's action on a request that it does not forward. */
export type Fault =
  /** Answers with this status. */
  | { readonly kind: 'status'; readonly status: number }
  /** Hands so many bytes of the answer on, then cuts the connection. */
  | { readonly kind: 'cut answer'; readonly after: number }
  /** Hands so many bytes of what is sent on, and cuts the connection when the registry has them; not of smaller requests. */
  | { readonly kind: 'cut request'; readonly after: number }
  /** Changes the first byte of the answer. */
  | { readonly kind: 'change answer' };

/** A request as it came. */
export interface Seen {
  /** `METHOD /path?query`. */
  readonly line: string;
  readonly headers: http.IncomingHttpHeaders;
}

export interface FaultyProxy extends Server {
  readonly seen: readonly Seen[];
  /** Requests still to go wrong: the first whose pattern fits a line is used up by it. */
  readonly faults: { readonly line: RegExp; readonly fault: Fault }[];
}

/** Stands before a registry on this machine and makes chosen requests go wrong. */
export async function startProxy(registry: string): Promise<FaultyProxy> {
  const seen: Seen[] = [];
  const faults: { readonly line: RegExp; readonly fault: Fault }[] = [];
  const server = await serve((request, response) => {
    const line = `${request.method} ${request.url}`;
    seen.push({ line, headers: request.headers });
    const size = Number(request.headers['content-length'] ?? 0);
    const fits = (fault: Fault) => fault.kind !== 'cut request' || size > fault.after;
    const at = faults.findIndex((one) => one.line.test(line) && fits(one.fault));
    const fault = at < 0 ? undefined : faults.splice(at, 1)[0]?.fault;
    if (fault?.kind === 'status') {
      request.resume();
      response.writeHead(fault.status).end();
    } else {
      handOn(registry, request, response, fault);
    }
  });
  return { ...server, seen, faults };
}

function handOn(
  registry: string,
  request: http.IncomingMessage,
  response: http.ServerResponse,
  fault: Fault | undefined,
): void {
  const [hostname, port] = registry.split(':');
  const { method, url: path, headers } = request;
  const onward = http.request({ hostname, port, method, path, headers });
  onward.on('error', () => response.destroy());
  onward.on('response', (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    if (fault?.kind === 'cut answer') cutAfter(answer, response, fault.after, () => response.destroy());
    else if (fault?.kind === 'change answer') answer.once('data', changeFirst).pipe(response);
    else answer.pipe(response);
  });
  if (fault?.kind === 'cut request') {
    // The registry keeps what it got when its side is closed.
    cutAfter(request, onward, fault.after, () => {
      onward.destroy();
      request.socket.destroy();
    });
  } else {
    request.pipe(onward);
  }
}

function cutAfter(
  from: http.IncomingMessage,
  to: NodeJS.WritableStream,
  bytes: number,
  cut: () => void,
): void {
  let left = bytes;
  from.on('end', () => to.end());
  from.on('data', (chunk: Buffer) => {
    if (left <= 0) return;
    const part = chunk.subarray(0, left);
    left -= part.length;
    to.write(part);
    // Time for what was written to arrive.
    if (left <= 0) setTimeout(cut, 100);
  });
}

function changeFirst(chunk: Buffer): void {
  chunk[0] = (chunk[0] ?? 0) ^ 0xff;
}
