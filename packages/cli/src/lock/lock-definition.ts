import type { DefinitionEntry, SourceOp } from '@llb-ts/pb';
import type { Built, ReadMade } from '../built/built.ts';
import { CliError, type Place } from '../error/cli-error.ts';
import { type Lock, pinText } from './lock.ts';
import { makesDefinitions, pinMade } from './made-definitions.ts';
import { pinSource } from './pin-source.ts';
import { replaceOps } from './replace-ops.ts';
import { type WantedSource, wantedSource } from './wanted-source.ts';

/** Names the lock in messages and says how to write it. */
export interface LockPlace {
  readonly path: string;
  /** The build file or definition that it belongs to. */
  readonly file: string;
}

/**
 * A build whose sources are what the lock says. Fails with the first source that the lock does not know. What steps find
 * in definitions that other steps make, is pinned by {@link Built.pinMade}.
 */
export function lockedBuild(built: Built, lock: Lock, place: LockPlace): Built {
  const pinned = pinSources(built, lock, place);
  if (!makesDefinitions(pinned.definition)) return pinned;
  const whole = async (read: ReadMade): Promise<Built> =>
    pinMade(pinned, read, async (made) => {
      const inner = lockedBuild(made, lock, place);
      return inner.pinMade ? inner.pinMade(read) : inner;
    });
  return { ...pinned, pinMade: whole };
}

/** A build with the sources of its own definition pinned. */
export function pinSources(built: Built, lock: Lock, place: LockPlace): Built {
  const pins = new Map<string, string>();
  const { definition, originals } = replaceOps(built.definition, ({ digest, op: { op } }) => {
    if (op?.kind !== 'source') return undefined;
    const wanted = lockable(op, built.placeOf(digest));
    if (wanted.kind === 'fixed') return undefined;
    const pin = lock.get(wanted.kind, wanted.name);
    if (!pin) throw notLocked(wanted.name, lock, place, built.placeOf(digest));
    pins.set(digest, `${place.path} has ${pinText(pin)} for ${wanted.name}`);
    const pinned = pinSource(op, pin);
    return { op: { kind: 'source', ...pinned.op }, caps: pinned.caps };
  });
  const original = (digest: string) => originals.get(digest) ?? digest;
  return {
    ...built,
    definition,
    placeOf: (digest) => built.placeOf(original(digest)),
    lockHint: (digest) => {
      const said = pins.get(original(digest));
      return said && `${said}; llb-ts lock ${place.file} locks what is there now`;
    },
  };
}

/** The reference to ask for instead of one without digest. */
export function lockedReference(reference: string, lock: Lock, place: LockPlace): string {
  if (reference.includes('@')) return reference;
  const pin = lock.get('image', reference);
  if (pin?.kind === 'image') return `${reference}@${pin.digest}`;
  throw notLocked(reference, lock, place, undefined);
}

/** A source that a lock is asked about, and an op that it is from. */
export interface SourceToLock {
  readonly kind: Exclude<WantedSource['kind'], 'fixed' | 'unknown'>;
  readonly name: string;
  readonly op: SourceOp;
  readonly entry: DefinitionEntry;
  /** The place that made it. */
  readonly place: Place | undefined;
}

/** The sources that a lock has to know of definitions, each once; not those of definitions that steps make. */
export function sourcesToLock(builds: readonly Built[]): readonly SourceToLock[] {
  const found = new Map<string, SourceToLock>();
  for (const { definition, placeOf } of builds) {
    for (const entry of definition.entries) {
      if (entry.op.op?.kind !== 'source') continue;
      const { kind: _, ...op } = entry.op.op;
      const place = placeOf(entry.digest);
      const wanted = lockable(op, place);
      if (wanted.kind === 'fixed') continue;
      const { kind, name } = wanted;
      const key = `${kind} ${name}`;
      if (!found.has(key)) found.set(key, { kind, name, op, entry, place });
    }
  }
  return [...found.values()];
}

function lockable(op: SourceOp, place: Place | undefined): Exclude<WantedSource, { kind: 'unknown' }> {
  const wanted = wantedSource(op);
  if (wanted.kind !== 'unknown') return wanted;
  throw new CliError('definition', `${op.identifier} cannot be locked: its kind of source is not known`, {
    ...(place && { place }),
  });
}

function notLocked(name: string, lock: Lock, { path, file }: LockPlace, place: Place | undefined): CliError {
  const known = lock.sources.filter((one) => stem(one.name) === stem(name)).map((one) => one.name);
  return new CliError('definition', `${name} is not locked in ${path}`, {
    ...(place && { place }),
    notes: known.map((one) => ['locked', one]),
    help: `llb-ts lock ${file} locks what is there now`,
  });
}

/** A name without tag, ref or query: what another version of the same would be called. */
function stem(name: string): string {
  const path = name.replace(/[?#\s].*$/s, '');
  return /^[a-z]+:\/\//.test(path) ? path : path.replace(/:[^/]*$/, '');
}
