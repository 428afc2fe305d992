/** Definitions that are wrong in one place: what a broken client, a bad disk or an attacker may send. */
import { Definition, digestOf, encodeOp, type Op, type OpMetadata } from '@llb-ts/pb';

/** Random numbers below `limit`, the same for one seed. */
export type Random = (limit: number) => number;

/** mulberry32 */
export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  return (limit) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % limit;
  };
}

/** A definition like `bytes` but for one or a few places. */
export function mutated(bytes: Uint8Array, random: Random): Uint8Array {
  // Most bits of a definition are digests: flipped ones only show that an input is missing.
  if (random(10) === 0) return withBrokenBytes(bytes, random);
  return withBrokenOp(bytes, random) ?? withBrokenBytes(bytes, random);
}

function withBrokenBytes(bytes: Uint8Array, random: Random): Uint8Array {
  const broken = Uint8Array.from(bytes);
  for (let left = 1 + random(3); left > 0; left--) {
    const at = random(broken.length);
    broken[at] = random(2) === 0 ? broken[at]! ^ (1 << random(8)) : random(256);
  }
  return random(8) === 0 ? broken.subarray(0, random(broken.length)) : broken;
}

/** Breaks one op, as values or as bytes, and lets all that use it name it by its new digest; undefined if it cannot be written. */
function withBrokenOp(bytes: Uint8Array, random: Random): Uint8Array | undefined {
  const { message, entries, head } = Definition.read(bytes);
  if (entries.length === 0 || !head) return undefined;
  const chosen = random(entries.length + 1);
  const renamed = new Map<string, string>();
  const metadata: Record<string, OpMetadata> = {};
  const relinked = (op: Op): Op => ({
    ...op,
    inputs: op.inputs.map((input) => ({ ...input, digest: renamed.get(input.digest) ?? input.digest })),
  });
  try {
    const def = entries.map((entry, i) => {
      let encoded: Uint8Array;
      if (i !== chosen) encoded = encodeOp(relinked(entry.op));
      else if (random(4) === 0) encoded = withBrokenBytes(encodeOp(relinked(entry.op)), random);
      else encoded = encodeOp(relinked(brokenValue(entry.op, random) as Op));
      const digest = digestOf(encoded);
      renamed.set(entry.digest, digest);
      const known = entry.metadata;
      metadata[digest] = random(20) === 0 ? (brokenValue(known, random) as OpMetadata) : known;
      return encoded;
    });
    const last = relinked({ inputs: [head] });
    def.push(encodeOp(chosen < entries.length ? last : (brokenValue(last, random) as Op)));
    return Definition.from({ ...message, def, metadata }).write();
  } catch {
    return undefined;
  }
}

/** The value with one leaf, or one list, in it replaced. */
function brokenValue(value: unknown, random: Random): unknown {
  if (value instanceof Uint8Array) return Uint8Array.from({ length: random(64) }, () => random(256));
  if (Array.isArray(value)) {
    const at = random(value.length + 1);
    const choice = random(8);
    if (choice === 0 || value.length === 0) return value.slice(0, at);
    if (choice === 1) return [...value, ...value];
    const chosen = Math.min(at, value.length - 1);
    if (choice === 2) return value.filter((_, i) => i !== chosen);
    return value.map((item, i) => (i === chosen ? brokenValue(item, random) : item));
  }
  if (typeof value === 'object' && value !== null) {
    const names = Object.keys(value).filter((name) => name !== 'kind');
    if (names.length === 0) return value;
    const name = names[random(names.length)]!;
    const old = (value as Record<string, unknown>)[name];
    if (typeof old === 'object' && random(12) === 0) return { ...value, [name]: undefined };
    return { ...value, [name]: brokenValue(old, random) };
  }
  if (typeof value === 'boolean') return !value;
  if (typeof value === 'bigint')
    return pick([0n, -1n, 1n << 62n, -(1n << 63n), BigInt(random(1 << 30))], random);
  if (typeof value === 'number')
    return pick([0, -1, 1, 2, 7, 0o7777, 2 ** 31 - 1, -(2 ** 31), random(100)], random);
  if (typeof value === 'string') return brokenText(value, random);
  return value;
}

function brokenText(text: string, random: Random): string {
  const at = random(text.length + 1);
  const insert = (middle: string) => text.slice(0, at) + middle + text.slice(at);
  return pick(
    [
      () => '',
      () => '/',
      () => insert('\0'),
      () => insert('x'.repeat(256)),
      () => insert('y'.repeat(5_000)),
      () => insert('/d'.repeat(3_000)),
      () => insert('/../..'),
      () => insert('*'),
      () => insert('[a-'),
      () => insert('\\'),
      () => insert('\n'),
      () => insert('\u{1f600}\ufffd'),
      () => insert('/.'),
      () => text.slice(0, at),
      () => text.slice(at),
      () => insert('/proc/self/fd/0'),
    ],
    random,
  )();
}

function pick<T>(choices: readonly T[], random: Random): T {
  return choices[random(choices.length)]!;
}
