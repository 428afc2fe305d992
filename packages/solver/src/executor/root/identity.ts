import fs from 'node:fs';
import { stepFailure } from '../../error/error.ts';
import { lstat } from '../../host/files.ts';
import { resolvedOrUndefined } from '../../host/root-path.ts';
import { fsPath } from '../../name/bytes.ts';

/** The user and groups of a process, as numbers. */
export interface Identity {
  readonly uid: number;
  readonly gid: number;
  /** Supplementary groups, always with `gid`. */
  readonly groups: readonly number[];
}

const MOST_BYTES = 10 << 20;
const LARGEST_ID = 2 ** 31 - 1;

/**
 * Looks up `user` in the passwd and group files of a root (docs/buildkit-semantics.md#users; `executor/oci/user.go`, moby/sys/user). Fails with
 * BuildKit's texts for unknown names; a numeric id need not be in the files.
 */
export function lookUpIdentity(root: string, user: string): Identity {
  const literal = literalIds(user);
  if (literal) return { ...literal, groups: [literal.gid] };
  try {
    return withPrimaryGroup(lookUp(root, user === '' ? '0' : user));
  } catch (error) {
    if (user === '') return { uid: 0, gid: 0, groups: [0] };
    throw error;
  }
}

/** The home directory that the passwd file of a root gives to `uid`; `/` if none. */
export function homeOf(root: string, uid: number): string {
  return linesOf(root, '/etc/passwd').find((line) => numberOf(line[2]) === uid)?.[5] || '/';
}

/** `uid:gid` in numbers (or `root`) is taken as it stands. */
function literalIds(user: string): { uid: number; gid: number } | undefined {
  const ids = user
    .split(/:(.*)/s, 2)
    .map((part) => (part === 'root' ? 0 : /^\d+$/.test(part) ? Number(part) : -1));
  const [uid = -1, gid = -1] = ids;
  return uid >= 0 && gid >= 0 && Math.max(uid, gid) < 2 ** 32 ? { uid, gid } : undefined;
}

function lookUp(root: string, spec: string): Identity {
  const [userName = '', groupName = ''] = spec.split(':');
  const wantedUid = numericId(userName);
  const wantedGid = numericId(groupName);
  const entry = linesOf(root, '/etc/passwd').find((line) => {
    if (userName === '') return numberOf(line[2]) === 0;
    return wantedUid === undefined ? line[0] === userName : numberOf(line[2]) === wantedUid;
  });
  if (!entry && userName !== '' && wantedUid === undefined) {
    throw stepFailure(`unable to find user ${userName}: no matching entries in passwd file`);
  }
  const uid = entry ? numberOf(entry[2]) : (wantedUid ?? 0);
  const gid = entry ? numberOf(entry[3]) : 0;
  const known =
    groupName !== '' || entry?.[0]
      ? linesOf(root, '/etc/group').filter((line) => !line[0]?.startsWith('#'))
      : [];
  if (groupName === '') {
    const member = known
      .filter((line) => (line[3] ?? '').split(',').includes(entry?.[0] ?? ''))
      .map((line) => numberOf(line[2]));
    return { uid, gid, groups: member };
  }
  const group = known.find((line) =>
    wantedGid === undefined ? line[0] === groupName : numberOf(line[2]) === wantedGid,
  );
  if (!group && wantedGid === undefined) {
    throw stepFailure(`unable to find group ${groupName}: no matching entries in group file`);
  }
  return { uid, gid: group ? numberOf(group[2]) : (wantedGid ?? 0), groups: [] };
}

function withPrimaryGroup({ uid, gid, groups }: Identity): Identity {
  return { uid, gid, groups: groups.includes(gid) ? groups : [gid, ...groups] };
}

/** A whole number, or undefined for a name. */
function numericId(text: string): number | undefined {
  if (!/^[+-]?\d+$/.test(text)) return undefined;
  const id = Number(text);
  if (id < 0 || id > LARGEST_ID) throw stepFailure(`uids and gids must be in range 0-${LARGEST_ID}`);
  return id;
}

/** A field that should be a number; anything else is 0. */
function numberOf(text: string | undefined): number {
  return text !== undefined && /^[+-]?\d+$/.test(text) ? Number(text) : 0;
}

/** The fields of each line; none where the file is missing or no regular file, or links to it go in circles. */
function linesOf(root: string, path: string): readonly (readonly string[])[] {
  const hostPath = resolvedOrUndefined(root, path);
  if (hostPath === undefined) return [];
  const stat = lstat(hostPath);
  if (stat?.type !== 'file') return [];
  if (stat.size > MOST_BYTES) throw stepFailure(`"${path}" exceeds ${MOST_BYTES} bytes`);
  const lines = fs.readFileSync(fsPath(hostPath), 'utf8').split('\n');
  return lines
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((line) => line.split(':'));
}
