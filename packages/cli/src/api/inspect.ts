import type { State } from '@llb-ts/llb';
import { marshal } from '@llb-ts/marshal';
import { Definition } from '@llb-ts/pb';
import type { Inspection } from '../inspect/json.ts';

/**
 * The graph of a State or a definition as data: what `llb-ts inspect --format json` shows. Needs no network and runs nothing.
 * Fails as `marshal` does.
 *
 * ```ts
 * const { ops } = await inspect(app);
 * ```
 */
export async function inspect(build: State | Definition): Promise<Inspection> {
  const definition = build instanceof Definition ? build : await marshal(build);
  const [{ graphOf }, { inspectionOf }, { fileInside, placesOf }] = await Promise.all([
    import('../inspect/graph.ts'),
    import('../inspect/json.ts'),
    import('../built/places.ts'),
  ]);
  return inspectionOf(definition, graphOf(definition, placesOf(definition, fileInside(definition)).placeOf));
}
