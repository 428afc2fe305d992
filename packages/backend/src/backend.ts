import type { SolveRequest, SolveResult } from './request.ts';

/**
 * Something that can solve a definition: this machine, or a BuildKit somewhere.
 *
 * A backend prints nothing and keeps no state of one solve beyond it; several solves may run at once. It reports what
 * happens through `request.onProgress` and ends in exactly one of two ways: a result, or a `SolveFailure`.
 *
 * ```ts
 * const result = await backend.solve({ ...defaultRequest, target: { kind: 'one', definition } });
 * ```
 */
export interface Backend {
  /** Its name in messages: `local`, or the address of a daemon. */
  readonly name: string;
  /** Fails with `SolveFailure`; with code `cancelled` when `request.signal` fires. */
  solve(request: SolveRequest): Promise<SolveResult>;
  /** Releases connections, locks and mounts. Safe to call twice. */
  close(): Promise<void>;
}
