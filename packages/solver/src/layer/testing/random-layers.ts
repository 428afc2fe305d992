/** Random layers for tests of laws: few names, so that layers meet. */
import fc from 'fast-check';
import type { Draft } from '../draft.ts';

const names = ['a', 'b', 'c'];
/** One thing that is done to a draft. */
export type Step = readonly [kind: 'dir' | 'file' | 'link' | 'remove' | 'mode', path: string, n: number];
const step: fc.Arbitrary<Step> = fc.tuple(
  fc.constantFrom('dir', 'file', 'link', 'remove', 'mode') as fc.Arbitrary<Step[0]>,
  fc.array(fc.constantFrom(...names), { minLength: 1, maxLength: 3 }).map((parts) => `/${parts.join('/')}`),
  fc.nat(3),
);
/** The actions of one to three layers, lowest → highest. */
export const layerSteps = fc.array(fc.array(step, { maxLength: 8 }), { minLength: 1, maxLength: 3 });

/** Does it, if it can be done. */
export function write(draft: Draft, [kind, path, n]: Step): void {
  try {
    if (kind === 'dir') draft.makeDirectory(path, 0o755);
    else if (kind === 'remove') draft.remove(path);
    else if (kind === 'link') {
      draft.makeSymlink(path, `to${n}`);
      draft.setTimes(path, 5_000_000_000n, 5_000_000_000n);
    } else if (kind === 'mode') draft.setMode(path, 0o700 + n);
    else {
      draft.writeFile(path, Buffer.from(`${n}`), 0o644);
      draft.setTimes(path, 5_000_000_000n, 5_000_000_000n);
    }
  } catch (error) {
    if (
      !['EEXIST', 'ENOENT', 'ENOTDIR', 'EISDIR', 'ENOTSUP'].includes(
        (error as NodeJS.ErrnoException).code ?? '',
      )
    )
      throw error;
  }
}
