import type { Caller } from '../base/call-site.ts';
import { instant, isRecord, record, show, text, uint32 } from '../base/check.ts';
import { invalid } from '../base/error.ts';
import type { Owner, UserOpt } from '../graph/graph.ts';
import { given } from '../graph/option.ts';

/**
 * The owner of the files that an action makes: `'user'`, `'user:group'`, or a record of numbers and names. Names are looked up in
 * the filesystem that is acted on. An empty record sets no owner but says so in the definition.
 */
export type ChownOpt = string | { readonly user?: UserOpt; readonly group?: UserOpt };

/** A change of owner, time or both. */
export interface ChownOption {
  /** Default: root (for copies: the owner of the source). */
  readonly chown?: ChownOpt;
}

/** A time that what is made gets. */
export interface CreatedTime {
  /** Nanoseconds since 1970 where a bigint. Default: now (for copies: the times of the source). */
  readonly createdTime?: Date | bigint;
}

/**
 * An owner by name or number, as `user` or `user:group`. `Mkdir('/app', 0o755, WithUser('app:app'))`
 */
export function WithUser(name: string): { readonly chown: string } {
  return given(WithUser, { chown: name });
}

/** An owner by numbers. `Mkdir('/app', 0o755, WithUIDGID(1000, 1000))` */
export function WithUIDGID(
  uid: number,
  gid: number,
): { readonly chown: { readonly user: { readonly uid: number }; readonly group: { readonly uid: number } } } {
  return given(WithUIDGID, { chown: { user: { uid }, group: { uid: gid } } });
}

/** A fixed time for what is made. `Mkfile('/a', 0o644, '', WithCreatedTime(new Date(0)))` */
export function WithCreatedTime(time: Date | bigint): { readonly createdTime: Date | bigint } {
  return given(WithCreatedTime, { createdTime: time });
}

export function checkOwner(at: Caller, what: string, value: unknown): Owner {
  if (typeof value === 'string') return parseOwner(text(at, what, value));
  if (!isRecord(value)) {
    throw invalid(at, `${what} must be text such as "user:group" or a record, got ${show(value)}`);
  }
  const { user, group } = record(at, what, ['user', 'group'], value);
  return Object.freeze({
    ...(user !== undefined && { user: checkUser(at, `${what}.user`, user) }),
    ...(group !== undefined && { group: checkUser(at, `${what}.group`, group) }),
  });
}

function checkUser(at: Caller, what: string, value: unknown): UserOpt {
  if (!isRecord(value)) throw invalid(at, `${what} must be { uid } or { name }, got ${show(value)}`);
  const { uid, name } = record(at, what, ['uid', 'name'], value);
  if (uid !== undefined && name !== undefined) {
    throw invalid(at, `${what} has both uid and name`, 'give the one that counts');
  }
  return name === undefined ? { uid: uint32(at, what, uid) } : byName(text(at, what, name));
}

/** As `WithUser` of `client/llb/fileop.go`: an empty group is left out, an empty user is root. */
function parseOwner(value: string): Owner {
  const [user = '', group] = value.split(/:(.*)/s);
  return Object.freeze({ user: parseUser(user), ...(group && { group: parseUser(group) }) });
}

function parseUser(value: string): UserOpt {
  if (value === 'root') return { uid: 0 };
  if (/^[+-]?\d+$/.test(value)) {
    const number = Number(value);
    if (number >= -(2 ** 31) && number < 2 ** 31) return { uid: number >>> 0 };
  }
  return byName(value);
}

function byName(name: string): UserOpt {
  return name === '' ? { uid: 0 } : { name };
}

export function checkTime(at: Caller, what: string, value: unknown): bigint {
  return instant(at, what, value);
}

export const ownerChecks = { chown: checkOwner, createdTime: checkTime };
