import { setTimeout as sleep } from 'node:timers/promises';

export interface RetryOptions<T> {
  readonly signal: AbortSignal | undefined;
  /** True for an answer that may be better next time. */
  readonly again: (answer: T) => boolean;
  /** Lets go of an answer that is not used. */
  readonly drop: (answer: T) => Promise<void>;
  readonly transient: (error: unknown) => boolean;
  /** Told why, and how long the pause is (ms). */
  readonly onRetry?: ((reason: unknown, delay: number) => void) | undefined;
  /** Pauses between the attempts (ms). Default: 1, 2 and 4 seconds, as BuildKit (`retryhandler`). */
  readonly delays?: readonly number[] | undefined;
}

export const RETRY_DELAYS: readonly number[] = [1_000, 2_000, 4_000];

/** Tries until there is an answer worth keeping, or the last attempt was made, whose answer or error it gives. */
export async function withRetries<T>(attempt: () => Promise<T>, options: RetryOptions<T>): Promise<T> {
  const { signal, again, drop, transient, onRetry, delays = RETRY_DELAYS } = options;
  for (let tries = 0; ; tries++) {
    const delay = delays[tries];
    let reason: unknown;
    try {
      const answer = await attempt();
      if (delay === undefined || !again(answer)) return answer;
      reason = answer;
      await drop(answer);
    } catch (error) {
      if (delay === undefined || signal?.aborted || !transient(error)) throw error;
      reason = error;
    }
    onRetry?.(reason, delay);
    await sleep(delay, undefined, { signal });
  }
}
