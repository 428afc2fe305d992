import { isRecord, show } from '../base/check.ts';
import { invalid } from '../base/error.ts';
import { isOwnState } from '../graph/brand.ts';
import type { State } from '../state/state.ts';
import { checkPlatform, normalizePlatform, type PlatformSpec, type PlatformText } from '../value/platform.ts';

const mark: unique symbol = Symbol('llb-ts Platforms');

/** A state for each of several platforms, as one result; no state itself. */
export interface PlatformStates {
  readonly [mark]: true;
  /** In the order in which they were named. */
  readonly states: readonly { readonly platform: PlatformSpec; readonly state: State }[];
}

/**
 * One result for several platforms: an image exporter makes an index of it, `local` and `tar` a folder for each. What a
 * state does not say a platform for is for the one of its name, so the same state may stand there twice.
 *
 * ```ts
 * export default Platforms({ 'linux/amd64': app, 'linux/arm64': app })
 * ```
 */
export function Platforms(states: Readonly<Partial<Record<PlatformText, State>>>): PlatformStates {
  if (!isRecord(states)) {
    throw invalid(
      Platforms,
      `a record of states by platform is needed, got ${show(states)}`,
      "as in Platforms({ 'linux/amd64': a, 'linux/arm64': b })",
    );
  }
  const found = new Set<string>();
  const list = Object.entries(states).map(([name, state]) => {
    const platform = normalizePlatform(checkPlatform(Platforms, name));
    const key = JSON.stringify(platform);
    if (found.has(key)) throw invalid(Platforms, `the platform ${name} is there twice`);
    found.add(key);
    if (!isOwnState(state)) throw invalid(Platforms, `${name} must be a State, got ${show(state)}`);
    return Object.freeze({ platform, state: state as State });
  });
  if (list.length === 0) throw invalid(Platforms, 'there is no platform in it');
  return Object.freeze({ [mark]: true as const, states: Object.freeze(list) });
}

/** True if `value` was made by {@link Platforms}. `isPlatforms(exported)` */
export function isPlatforms(value: unknown): value is PlatformStates {
  return typeof value === 'object' && value !== null && mark in value;
}
