import {
  type CallSite,
  resolveEnvironment,
  State,
  type ImageConfig as StateImageConfig,
  type Vertex,
} from '@llb-ts/llb';
import type { Platform } from '@llb-ts/pb';
import { contextOf, type MarshalOptions } from './base/context.ts';
import { inputsOf } from './lower/index.ts';
import { lowerPlatform } from './write/graph-writer.ts';
import { follow, settle } from './write/resolve.ts';

/**
 * The same State with every async state that it needs computed, so that its getters answer.
 * `(await resolve(Image('node', WithMetaResolver()), { imageConfigResolver })).GetEnv('PATH')`
 */
export async function resolve(state: State, options: MarshalOptions = {}): Promise<State> {
  await settle(state, contextOf(resolve, state, options));
  return new State(follow(state.Output()), resolveEnvironment(state.environment), state.marshalDefaults);
}

/** How to run an image, as exporters take it. */
export type ImageConfig = Omit<StateImageConfig, 'platform'> & { readonly platform?: Platform };

/**
 * The image config that travels beside the definition of a State; undefined when none was set. A State with async parts
 * must have been marshaled or resolved before. `imageConfigOf(state)?.Entrypoint`
 */
export function imageConfigOf(state: State): ImageConfig | undefined {
  const { imageConfig } = resolveEnvironment(state.environment);
  if (!imageConfig) return undefined;
  const { platform, ...config } = imageConfig;
  return { ...config, ...(platform && { platform: lowerPlatform(platform) }) };
}

/** A local folder with a place that the build file suggests. */
export interface DeclaredLocal {
  readonly name: string;
  /** Relative to the build file. */
  readonly dir: string;
  readonly callSite: CallSite | undefined;
}

/**
 * The folders that `Local(name, { dir })` gave a place, in no particular order. A State with async parts must have been
 * marshaled or resolved before.
 */
export function localsOf(state: State): readonly DeclaredLocal[] {
  const locals: DeclaredLocal[] = [];
  const seen = new Set<Vertex>();
  const todo = [state.Output()];
  while (todo.length > 0) {
    const output = follow(todo.pop());
    if (!output || output.kind === 'none' || seen.has(output.vertex)) continue;
    const { vertex } = output;
    seen.add(vertex);
    if (vertex.kind === 'definition') continue;
    if (vertex.kind === 'source' && vertex.source.type === 'local' && vertex.source.dir !== undefined) {
      locals.push({ name: vertex.source.name, dir: vertex.source.dir, callSite: vertex.callSite });
    }
    todo.push(...inputsOf(vertex));
  }
  return locals;
}
