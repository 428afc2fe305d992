import { createHash } from 'node:crypto';
import { inputsFirst } from '@llb-ts/pb';
import { parentsOf, type Ref } from './ref.ts';

const known = new WeakMap<Ref, string>();

/**
 * Names a ref by what made it, for cache keys: the key of the operation and the number of its result, not the id that it
 * has in this store. So a key means the same in another store, and a result that was made elsewhere fits.
 * A result that was made without asking the cache has only its id: nothing made from an older one fits it.
 */
export function originOf(ref: Ref): string {
  for (const next of inputsFirst([ref], partsOf, { skip: (part) => known.has(part) })) {
    known.set(next, nameOf(next));
  }
  return known.get(ref)!;
}

/** The refs whose names make the name of this one; a layer has a name of its own. */
function partsOf(ref: Ref): readonly Ref[] {
  return ref.kind === 'layer' ? [] : parentsOf(ref);
}

function nameOf(ref: Ref): string {
  if (ref.kind === 'layer') return ref.origin ?? ref.id;
  const parts = partsOf(ref).map((part) => known.get(part)!);
  return `${ref.kind}-${createHash('sha256').update(JSON.stringify(parts)).digest('hex')}`;
}
