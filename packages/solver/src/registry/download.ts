import { setTimeout as sleep } from 'node:timers/promises';
import { stepFailure } from '../error/error.ts';
import type { Descriptor } from './descriptor.ts';
import type { HttpResponse } from './http-client.ts';
import { isTransient } from './network-error.ts';
import { RETRY_DELAYS } from './retry.ts';

export interface DownloadOptions {
  /** Asks for the bytes from `offset` on; may answer with all of them. 5xx answers are tried again. */
  readonly open: (offset: number) => Promise<HttpResponse>;
  readonly signal?: AbortSignal | undefined;
  readonly onRetry?: ((reason: string, delay: number) => void) | undefined;
  /** Pauses between attempts that bring nothing (ms). */
  readonly delays?: readonly number[];
}

/**
 * The bytes of a blob, over as many connections as it takes. An attempt that brought bytes starts the patience anew; a
 * body that is longer than the descriptor says is an error, one that is shorter was cut.
 */
export async function* downloadBlob(
  descriptor: Descriptor,
  options: DownloadOptions,
): AsyncGenerator<Uint8Array> {
  const { open, signal, onRetry, delays = RETRY_DELAYS } = options;
  let offset = 0;
  for (let idle = 0; ; idle++) {
    let failure: unknown;
    try {
      const response = await open(offset);
      if (response.status > 299) {
        await response.drop();
        failure = stepFailure(`unexpected status from GET request to ${response.url}: ${response.status}`);
      } else {
        for await (const chunk of bodyFrom(response, offset)) {
          offset += chunk.length;
          if (offset > descriptor.size) {
            throw stepFailure(`httpReadSeeker: read past expected size ${descriptor.size}: out of range`);
          }
          idle = 0;
          yield chunk;
        }
        if (offset === descriptor.size) return;
        failure = stepFailure(
          `the connection was cut after ${offset} of ${descriptor.size} bytes: unexpected EOF`,
        );
      }
    } catch (error) {
      if (signal?.aborted || !isTransient(error)) throw error;
      failure = error;
    }
    const delay = delays[idle];
    if (delay === undefined) throw failure;
    onRetry?.(textOfFailure(failure), delay);
    await sleep(delay, undefined, { signal });
  }
}

/** The body from the offset on, whether or not the server has honoured the range. */
async function* bodyFrom(response: HttpResponse, offset: number): AsyncGenerator<Uint8Array> {
  let skip = 0;
  if (offset > 0 && response.status !== 206) skip = offset;
  const range = response.headers['content-range'];
  if (range !== undefined && !range.startsWith(`bytes ${offset}-`)) {
    await response.drop();
    throw stepFailure(`unhandled content range in response: ${range}`);
  }
  for await (const chunk of response.body) {
    if (skip >= chunk.length) {
      skip -= chunk.length;
      continue;
    }
    yield skip > 0 ? chunk.subarray(skip) : chunk;
    skip = 0;
  }
}

function textOfFailure(failure: unknown): string {
  return failure instanceof Error ? failure.message : String(failure);
}
