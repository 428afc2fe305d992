/**
 * Rootless: a user who is not root becomes root of a user namespace, with a range of further ids that the system has set
 * aside for them. Node's threads cannot be moved there, so the program starts over inside; nothing but a few environment
 * variables tells the second run from the first.
 */
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { environmentFailure } from '../error.ts';
import { replaceProcess } from './kernel.ts';
import { findProgram } from './programs.ts';

/** Holds the id of the user who started the program, once it runs inside. */
export const ROOTLESS_VARIABLE = 'LLB_TS_ROOTLESS_UID';

/** Whether this process is neither root nor inside already. */
export function needsUserNamespace(): boolean {
  return process.getuid?.() !== 0 && process.env[ROOTLESS_VARIABLE] === undefined;
}

/**
 * Starts this program over inside a user namespace (and mount, uts and ipc namespaces that belong to it) in which the user
 * is root. The process stays the same one, with its terminal, arguments and id; what it has done so far is lost. Call it
 * before anything else, when {@link needsUserNamespace}.
 * Fails with an `environment` failure; otherwise it does not return.
 */
export function enterUserNamespace(): never {
  const { uid, gid, username } = os.userInfo();
  const tools = toolsOrFail();
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'llb-ts-userns-'));
  const uids = idMap(uid, rangesOf('/etc/subuid', username, uid));
  const gids = idMap(gid, rangesOf('/etc/subgid', username, uid));
  // Who is inside cannot write the maps; a helper outside does, as soon as the namespace exists.
  const helper = spawn(
    '/bin/sh',
    ['-c', MAP_IDS, 'sh', folder, String(process.pid), tools.newuidmap, uids, tools.newgidmap, gids],
    { detached: true, stdio: 'ignore' },
  );
  helper.unref();
  replaceProcess(
    tools.unshare,
    [
      ...['unshare', '--user', '--mount', '--uts', '--ipc', '--', '/bin/sh', '-c', START_OVER, 'sh', folder],
      ...[process.execPath, ...process.execArgv, ...process.argv.slice(1)],
    ],
    { ...process.env, [ROOTLESS_VARIABLE]: String(uid) },
  );
}

const MAP_IDS = `
mkfifo "$1/made" "$1/mapped" && : > "$1/open"
read -r _ < "$1/made"
{ "$3" "$2" $4 && "$5" "$2" $6; } > "$1/log" 2>&1 && answer=ok || answer=failed
echo $answer > "$1/mapped"`;

const START_OVER = `
folder=$1; shift
tries=0
while [ ! -e "$folder/open" ] && [ $tries -lt 500 ]; do sleep 0.01; tries=$((tries + 1)); done
[ -e "$folder/open" ] || { echo "error: the helper that maps user ids did not start" >&2; exit 3; }
echo > "$folder/made"
read -r answer < "$folder/mapped"
if [ "$answer" != ok ]; then
  echo "error: cannot map user ids: $(cat "$folder/log")" >&2
  echo "   help   give this user a range of ids in /etc/subuid and /etc/subgid, or run as root" >&2
  rm -rf "$folder"
  exit 3
fi
rm -rf "$folder"
exec "$@"`;

function toolsOrFail() {
  const names = ['unshare', 'newuidmap', 'newgidmap'] as const;
  const found = names.map((name) => [name, findProgram(name)] as const);
  const missing = found.filter(([, program]) => !program).map(([name]) => name);
  if (missing.length > 0) {
    throw environmentFailure(`a build without root needs ${missing.join(' and ')}`, {
      hint: 'install util-linux and uidmap (shadow-utils), or run as root',
    });
  }
  return Object.fromEntries(found) as Record<(typeof names)[number], string>;
}

/** A range of ids that a user may use beside their own. */
export interface IdRange {
  readonly first: number;
  readonly count: number;
}

/** The ranges that a file such as `/etc/subuid` gives to a user. Fails with an `environment` failure if there are none. */
export function rangesOf(file: string, username: string, uid: number): readonly IdRange[] {
  let text = '';
  try {
    text = fs.readFileSync(file, 'utf8');
  } catch {
    // No file, no ranges.
  }
  const ranges = text
    .split('\n')
    .map((line) => line.split(':'))
    .filter(([owner]) => owner === username || owner === String(uid))
    .map(([, first, count]) => ({ first: Number(first), count: Number(count) }))
    .filter(({ first, count }) => first > 0 && count > 0);
  if (ranges.length > 0) return ranges;
  throw environmentFailure(`the user ${username} has no range of ids in ${file}`, {
    hint: `an administrator can give one: usermod --add-subuids 100000-165535 --add-subgids 100000-165535 ${username}`,
  });
}

/** Arguments of newuidmap: root inside is the user, ids from 1 on are the ranges one after the other. */
export function idMap(own: number, ranges: readonly IdRange[]): string {
  let next = 1;
  const parts = [`0 ${own} 1`];
  for (const { first, count } of ranges) {
    parts.push(`${next} ${first} ${count}`);
    next += count;
  }
  return parts.join(' ');
}
