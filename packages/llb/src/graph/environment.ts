import { LlbError } from '../base/error.ts';
import { appendPath, cleanPath, isAbsolute, joinPath } from '../base/path.ts';
import { EnvList } from '../value/env-list.ts';
import type { ImageConfig } from '../value/image-config.ts';
import type { Deferred, Environment, HasState } from './graph.ts';

const nothing = Object.freeze({ env: EnvList.empty, extraHosts: [], ulimits: [] });

/** The environment of a state whose filesystem was just made: the root directory, nothing else. */
export const rootEnvironment: Environment = Object.freeze({ ...nothing, dir: '/' });

/** The environment of a state that a function will compute. */
export function deferredEnvironment(base: Deferred): Environment {
  return Object.freeze({ ...nothing, base });
}

/** Absolute paths are taken as they are; others are below the directory so far. */
export function withDir(environment: Environment, path: string): Environment {
  const { dir = '', relativeDir, hasCleanDir = false, ...rest } = environment;
  if (isAbsolute(path)) return Object.freeze({ ...rest, dir: path });
  const join = (before: string) => appendPath(hasCleanDir ? before : cleanPath(before), path);
  if (environment.dir === undefined && environment.base) {
    if (relativeDir === undefined) return Object.freeze({ ...rest, relativeDir: path });
    if (relativeDir === '') return Object.freeze({ ...rest, relativeDir: joinPath(path) });
    return Object.freeze({ ...rest, relativeDir: join(relativeDir), hasCleanDir: true });
  }
  return Object.freeze({ ...rest, dir: join(dir || '/'), hasCleanDir: true });
}

/** Environments over a computed state, with its values filled in. */
const filledIn = new WeakMap<Environment, Environment>();

/**
 * The same environment with nothing left open: `resolveEnvironment(state.environment).dir`. Fails with `unresolved-state` while the state that it continues in has
 * not been computed, and with the error of that computation.
 */
export function resolveEnvironment(environment: Environment): Environment {
  const open = new Set<Environment>();
  let lowest = environment;
  while (lowest.base) {
    const known = filledIn.get(lowest);
    if (known) {
      lowest = known;
      break;
    }
    if (open.has(lowest)) {
      throw new LlbError('cyclic-state', 'an async state needs itself', { callSite: lowest.base.callSite });
    }
    open.add(lowest);
    lowest = outcomeOf(lowest.base).environment;
  }
  for (const upper of [...open].reverse()) {
    lowest = over(lowest, upper);
    filledIn.set(upper, lowest);
  }
  return lowest;
}

/** The state that an async state turned out to be: `outcomeOf(deferred).Output()`. Fails with `unresolved-state`, or as its function did. */
export function outcomeOf(deferred: Deferred): HasState {
  const { outcome } = deferred;
  if (!outcome) {
    throw new LlbError('unresolved-state', 'the values of an async state are not known yet', {
      hint: 'await resolve(state), or marshal it first',
      callSite: deferred.callSite,
    });
  }
  if ('error' in outcome) throw outcome.error;
  return outcome.state;
}

function over(lower: Environment, { base: _, relativeDir, ...above }: Environment): Environment {
  // The state whose directory counts also says how it is written.
  const upper = above.dir === undefined ? above : { hasCleanDir: false, ...above };
  const merged: Environment = {
    ...lower,
    ...upper,
    env: lower.env.followedBy(upper.env),
    extraHosts: [...lower.extraHosts, ...upper.extraHosts],
    ulimits: [...lower.ulimits, ...upper.ulimits],
    ...(lower.values && upper.values && { values: new Map([...lower.values, ...upper.values]) }),
    ...(lower.imageConfig &&
      upper.imageConfig && { imageConfig: mergeImageConfig(lower.imageConfig, upper.imageConfig) }),
  };
  if (relativeDir === undefined) return Object.freeze(merged);
  return withDir({ ...merged, hasCleanDir: lower.hasCleanDir ?? false }, relativeDir);
}

/** Lists replace; variables, labels, ports and volumes add up by name. */
export function mergeImageConfig(lower: ImageConfig, upper: ImageConfig): ImageConfig {
  return Object.freeze({
    ...lower,
    ...upper,
    ...(lower.Env && upper.Env && { Env: mergeVariables(lower.Env, upper.Env) }),
    ...(lower.Labels && upper.Labels && { Labels: { ...lower.Labels, ...upper.Labels } }),
    ...(lower.ExposedPorts &&
      upper.ExposedPorts && { ExposedPorts: { ...lower.ExposedPorts, ...upper.ExposedPorts } }),
    ...(lower.Volumes && upper.Volumes && { Volumes: { ...lower.Volumes, ...upper.Volumes } }),
  });
}

function mergeVariables(lower: readonly string[], upper: readonly string[]): readonly string[] {
  const byName = new Map<string, string>();
  for (const entry of [...lower, ...upper]) byName.set(entry.split('=', 1)[0] ?? entry, entry);
  return [...byName.values()];
}
