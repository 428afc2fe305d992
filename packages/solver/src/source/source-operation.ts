import { redactUrls, SolveFailure } from '@llb-ts/backend';
import type { Platform, SourceOp } from '@llb-ts/pb';
import type { Ref } from '../chain/ref.ts';
import { stepFailure } from '../error/error.ts';
import type { Operation, OperationKey, Workbench } from '../work/operation.ts';
import type { Source, SourceInstance } from './contract/source.ts';

/** The operation of a source op. Its key names what the source resolved to, never where that was found. */
export function sourceOperation(
  op: SourceOp,
  platform: Platform | undefined,
  sources: readonly Source[],
): Operation {
  let opened: SourceInstance | undefined;
  const instance = () => {
    opened ??= openSource(op, platform, sources);
    return opened;
  };
  return {
    slot: 'wait',
    async key(_inputs, work): Promise<OperationKey> {
      let transfers = false;
      try {
        const source = instance();
        transfers = source.transfersToResolve ?? false;
        return { recipe: { type: 'buildkit.source.v0', source: await source.resolve(work) }, inputs: [] };
      } catch (error) {
        throw transfers ? error : asKeyFailure(error);
      }
    },
    async run(_inputs, work: Workbench): Promise<readonly (Ref | undefined)[]> {
      return [await instance().fetch(work)];
    },
  };
}

/** The source that answers to an op's scheme, with the op's attributes read. Fails with BuildKit's texts. */
export function openSource(
  { identifier, attrs }: SourceOp,
  platform: Platform | undefined,
  sources: readonly Source[],
): SourceInstance {
  const cut = identifier.indexOf('://');
  if (cut < 0) throw stepFailure(`failed to parse ${redactUrls(identifier)}: invalid`);
  const [scheme, locator] = [identifier.slice(0, cut), identifier.slice(cut + 3)];
  const source = sources.find(({ schemes }) => schemes.includes(scheme));
  if (!source) throw stepFailure(`unknown scheme ${scheme}: not found`);
  return source.open({ scheme, locator, attrs, platform });
}

/** BuildKit says of all of these that the cache key could not be loaded. */
function asKeyFailure(error: unknown): unknown {
  if (!(error instanceof SolveFailure) || error.code === 'cancelled' || error.code === 'internal')
    return error;
  return new SolveFailure(error.code, `failed to load cache key: ${error.message}`, error.details);
}
