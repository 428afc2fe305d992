import type { Caller } from '../base/call-site.ts';
import { callHint, show } from '../base/check.ts';
import { fail, invalid } from '../base/error.ts';
import type { HasState } from './graph.ts';

/** Marks the states of this copy of the package. */
export const own: unique symbol = Symbol('llb-ts State');
/** Marks the states of any copy. */
export const shared: unique symbol = Symbol.for('@llb-ts/llb.State');

/** True if `value` is a State that was made by another installed copy of this package. `isForeignState(exported)` */
export function isForeignState(value: unknown): boolean {
  return has(value, shared) && !has(value, own);
}

export function isOwnState(value: unknown): value is HasState {
  return has(value, own);
}

function has(value: unknown, mark: symbol): boolean {
  return typeof value === 'object' && value !== null && mark in value;
}

/** A state of this copy of the package. */
export function requireOwn(at: Caller, what: string, value: unknown): HasState {
  if (isOwnState(value)) return value;
  if (isForeignState(value)) {
    throw fail(
      'foreign-state',
      at,
      `${at.name}: ${what} is a State of another copy of llb-ts`,
      'two copies are installed; make them one version (npm ls llb-ts)',
    );
  }
  throw invalid(at, `${what} must be a State, got ${show(value)}`, stateHint(value));
}

/** A state that `at` can use as a filesystem. */
export function requireState(at: Caller, what: string, value: unknown): HasState {
  const state = requireOwn(at, what, value);
  const output = state.Output();
  if (output?.kind === 'none') {
    throw fail('no-output', at, output.reason, 'what such a mount holds is dropped when its process ends');
  }
  return state;
}

function stateHint(value: unknown): string | undefined {
  if (value === undefined) return 'a name that is imported in a circle is undefined until its module has run';
  return callHint(value);
}
