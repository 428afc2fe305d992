import type { Caller } from './call-site.ts';
import { mistakesDecimal } from './decimal-modes.ts';
import { invalid } from './error.ts';
import { suggestion } from './nearest.ts';

/** How a value is named in a message: strings quoted, objects by their kind. */
export function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'function') return value.name ? `the function ${value.name}` : 'a function';
  if (Array.isArray(value)) return 'a list';
  if (value === null || typeof value !== 'object') return String(value);
  return value.constructor === Object ? 'an object' : `a ${value.constructor?.name ?? 'value'}`;
}

/** A hint about a function of the language that was given uncalled. */
export function callHint(value: unknown): string | undefined {
  if (typeof value !== 'function' || !/^[A-Z]/.test(value.name)) return undefined;
  return `call it: ${value.name}(${value.length > 0 ? '…' : ''})`;
}

/** Text that can travel: valid Unicode without NUL, which neither a path nor an argument can hold. */
export function text(at: Caller, what: string, value: unknown): string {
  if (typeof value !== 'string') throw invalid(at, `${what} must be a string, got ${show(value)}`);
  if (value.includes('\0')) throw invalid(at, `${what} contains a NUL character`);
  return unicode(at, what, value);
}

/** Text for a file's content: anything but a lone surrogate, which has no UTF-8 form. */
export function unicode(at: Caller, what: string, value: string): string {
  if (!value.isWellFormed()) {
    throw invalid(at, `${what} is not valid Unicode (a lone surrogate)`, 'pass bytes as a Uint8Array');
  }
  return value;
}

/** Text that must say something. */
export function nonEmpty(at: Caller, what: string, value: unknown): string {
  const checked = text(at, what, value);
  if (checked === '') throw invalid(at, `${what} must not be empty`);
  return checked;
}

export function textList(at: Caller, what: string, value: unknown): readonly string[] {
  if (!Array.isArray(value)) throw invalid(at, `${what} must be a list of strings, got ${show(value)}`);
  return Object.freeze(value.map((item, i) => text(at, `${what}[${i}]`, item)));
}

/** True if `value` is what braces make: no list, map, date or State, whose fields would be passed over. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** A record that has none but the fields named; what is in them is not looked at. */
export function record<const Name extends string>(
  at: Caller,
  what: string,
  names: readonly Name[],
  value: unknown,
): { readonly [Field in Name]?: unknown } {
  if (!isRecord(value)) throw invalid(at, `${what} must be { ${names.join(', ')} }, got ${show(value)}`);
  const stranger = Object.keys(value).find((name) => !names.includes(name as Name));
  if (stranger === undefined) return value as { readonly [Field in Name]?: unknown };
  throw invalid(at, `${what} has no field ${show(stranger)}`, suggestion(stranger, names));
}

/** A record of texts by names of the user's own. */
export function textRecord(at: Caller, what: string, value: unknown): Readonly<Record<string, string>> {
  if (!isRecord(value)) throw invalid(at, `${what} must be a record of strings, got ${show(value)}`);
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      text(at, `a name in ${what}`, key),
      text(at, `${what}.${key}`, item),
    ]),
  );
}

export function flag(at: Caller, what: string, value: unknown): boolean {
  if (typeof value !== 'boolean') throw invalid(at, `${what} must be true or false, got ${show(value)}`);
  return value;
}

export function oneOf<T extends string>(at: Caller, what: string, allowed: readonly T[], value: unknown): T {
  if (!allowed.includes(value as T)) {
    throw invalid(at, `${what} must be one of ${allowed.map(show).join(', ')}, got ${show(value)}`);
  }
  return value as T;
}

/** The least and the greatest that a number may be. */
interface Bounds<T> {
  readonly min?: T;
  readonly max?: T;
}

/** A whole number in a range; NaN, fractions and what JavaScript cannot count exactly are refused. */
export function whole(
  at: Caller,
  what: string,
  value: unknown,
  { min = 0, max = Number.MAX_SAFE_INTEGER }: Bounds<number> = {},
): number {
  if (typeof value !== 'number' || !Number.isInteger(value)) {
    throw invalid(at, `${what} must be a whole number, got ${show(value)}`);
  }
  if (value < min || value > max) {
    throw invalid(at, `${what} must be ${range(min, max)}, got ${value}`);
  }
  return value;
}

function range(min: number, max: number): string {
  if (max === Number.MAX_SAFE_INTEGER) return `at least ${min}`;
  return `between ${min} and ${max}`;
}

/** A user, group or other unsigned 32-bit number. */
export function uint32(at: Caller, what: string, value: unknown): number {
  return whole(at, what, value, { max: 2 ** 32 - 1 });
}

/** A 64-bit number; a plain number where it is exact. */
export function long(
  at: Caller,
  what: string,
  value: unknown,
  { min = -(2n ** 63n), max = 2n ** 63n - 1n }: Bounds<bigint> = {},
): bigint {
  if (typeof value === 'number' && !Number.isSafeInteger(value)) {
    throw invalid(at, `${what} must be a whole number, got ${value}`, 'use a bigint beyond 2^53');
  }
  if (typeof value !== 'number' && typeof value !== 'bigint') {
    throw invalid(at, `${what} must be a whole number, got ${show(value)}`);
  }
  const big = BigInt(value);
  if (big < min || big > max) throw invalid(at, `${what} must be between ${min} and ${max}, got ${big}`);
  return big;
}

/** A file mode: permission bits with setuid, setgid and sticky. */
export function fileMode(at: Caller, what: string, value: unknown): number {
  if (typeof value !== 'number') {
    throw invalid(at, `${what} must be a number such as 0o644, got ${show(value)}`);
  }
  if (mistakesDecimal(at, value)) {
    throw invalid(at, `${what} ${value} is decimal`, `write it in octal: 0o${value}`);
  }
  if (!Number.isInteger(value) || value < 0 || value > 0o7777) {
    throw invalid(at, `${what} must be between 0 and 0o7777, got ${value}`);
  }
  return value;
}

/** A point in time as nanoseconds since 1970, within what 64 bits hold. */
export function instant(at: Caller, what: string, value: unknown): bigint {
  if (value instanceof Date) {
    const ms = value.getTime();
    if (Number.isNaN(ms)) throw invalid(at, `${what} is an invalid date`);
    return long(at, what, BigInt(ms) * 1_000_000n);
  }
  if (typeof value !== 'bigint') {
    throw invalid(at, `${what} must be a Date or nanoseconds as a bigint, got ${show(value)}`);
  }
  return long(at, what, value);
}
