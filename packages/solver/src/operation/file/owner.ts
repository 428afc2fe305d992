/** Owners of new files of file actions (`solver/llbsolver/ops/user_linux.go`). */
import fs from 'node:fs';
import type { ChownOpt, UserOpt } from '@llb-ts/pb';
import { stepFailure } from '../../error/error.ts';
import { bytesOf, fsPath } from '../../name/bytes.ts';
import { resolve } from '../../tree/resolve.ts';
import type { Tree } from '../../tree/tree.ts';

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

const MAX_FILE_SIZE = 10 << 20;
/** The longest line that is read of each file; a longer one is an error. */
const MAX_LINE = { '/etc/passwd': 64 << 10, '/etc/group': 1 << 20 } as const;

/**
 * The owner an action asks for; undefined: none.
 *
 * A number is a user and, unless a group is given, also the group. A name that the input does not know, or an input
 * without passwd file, is no error: it leaves 0, or for a group, the user's.
 *
 * @param treeOf the tree of an op input that a name refers to
 */
export function findOwner(chown: ChownOpt | undefined, treeOf: (input: number) => Tree): Owner | undefined {
  if (!chown) return undefined;
  const user = findUser(chown.user, treeOf) ?? { uid: 0, gid: 0 };
  const gid = findGroup(chown.group, treeOf);
  return gid === undefined ? user : { uid: user.uid, gid };
}

function findUser(option: UserOpt | undefined, treeOf: (input: number) => Tree): Owner | undefined {
  const user = option?.user;
  if (user?.kind === 'byID') return { uid: user.value, gid: user.value };
  if (!user) return undefined;
  const fields = findRecord(treeOf(user.input), '/etc/passwd', user.name);
  return fields && { uid: numberOf(fields[2]), gid: numberOf(fields[3]) };
}

function findGroup(option: UserOpt | undefined, treeOf: (input: number) => Tree): number | undefined {
  const group = option?.user;
  if (group?.kind === 'byID') return group.value;
  if (!group) return undefined;
  const fields = findRecord(treeOf(group.input), '/etc/group', group.name);
  return fields && numberOf(fields[2]);
}

/** The fields of the first line with this name. */
function findRecord(tree: Tree, file: keyof typeof MAX_LINE, name: string): readonly string[] | undefined {
  const content = readUserFile(tree, file);
  if (content === undefined) return undefined;
  let found: readonly string[] | undefined;
  for (const raw of content.split('\n')) {
    if (raw.length >= MAX_LINE[file]) throw stepFailure('bufio.Scanner: token too long');
    const line = raw.replace(/^[\t-\r ]+|[\t-\r ]+$/g, '');
    if (line === '' || (file === '/etc/group' && line.startsWith('#'))) continue;
    const fields = line.split(':');
    if (fields[0] === bytesOf(name)) found ??= fields;
  }
  return found;
}

/** A byte string; undefined if there is no such file. */
function readUserFile(tree: Tree, file: string): string | undefined {
  let path: string;
  try {
    path = resolve(tree, file);
  } catch (error) {
    if (error instanceof Error && error.message.endsWith(': not a directory')) return undefined;
    throw error;
  }
  const entry = tree.lookup(path);
  if (!entry) return undefined;
  // Other types are not opened: that may block, or open a device of this machine.
  if (entry.stat.type !== 'file') throw stepFailure(`open ${file}: not a regular file`);
  if (entry.stat.size > MAX_FILE_SIZE) throw stepFailure(`"${file}" exceeds ${MAX_FILE_SIZE} bytes`);
  return fs.readFileSync(fsPath(entry.hostPath), 'latin1');
}

/** As Go's `Atoi` with its error passed over, and as the system call then sees the number. */
function numberOf(field: string | undefined): number {
  if (!field || !/^[+-]?[0-9]+$/.test(field)) return 0;
  const value = BigInt(field.replace('+', ''));
  const max = (1n << 63n) - 1n;
  const clamped = value > max ? max : value < -max - 1n ? -max - 1n : value;
  return Number(BigInt.asUintN(32, clamped));
}
