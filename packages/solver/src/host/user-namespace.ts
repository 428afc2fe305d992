/**
 * Rootless: a user who is not root becomes root of a user namespace, with a range of further ids that the system has set
 * aside for them. Node's threads cannot be moved there, so the program starts over inside; nothing but a few environment
 * variables tells the second run from the first.
 */
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { environmentFailure } from '../error/error.ts';
import { replaceProcess } from './kernel.ts';
import { findProgram } from './programs.ts';

/** Holds the id of the user who started the program, once it runs inside. */
export const ROOTLESS_VARIABLE = 'LLB_TS_ROOTLESS_UID';

/** True if this process is neither root nor in the user namespace already. */
export function needsUserNamespace(): boolean {
  return process.getuid?.() !== 0 && process.env[ROOTLESS_VARIABLE] === undefined;
}

/**
 * Starts this program over inside a user namespace (and mount, uts and ipc namespaces that belong to it) in which the user
 * is root. The process stays the same one, with its terminal, arguments and id; what it has done so far is lost. Call it
 * before anything else, when {@link needsUserNamespace}. Without a range of ids for the user, or without the programs that
 * map it, there is only root inside: that is enough for a build whose files all belong to root.
 * Fails with an `environment` failure; otherwise it does not return.
 */
export function enterUserNamespace(): never {
  const unshare = findProgram('unshare');
  if (unshare === undefined) {
    throw environmentFailure('a build without root needs the program unshare', {
      hint: 'install util-linux, or run as root',
    });
  }
  const namespaces = ['--user', '--mount', '--uts', '--ipc'];
  const tried = spawnSync(unshare, [...namespaces, 'true'], { encoding: 'utf8' });
  if (tried.status !== 0) {
    throw environmentFailure(
      `a build without root needs a user namespace, which is refused: ${tried.stderr.trim()}`,
      {
        hint: 'allow user namespaces (sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone), or run as root',
      },
    );
  }
  const program = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  const env = { ...process.env, [ROOTLESS_VARIABLE]: String(process.getuid?.()) };
  const maps = idMaps();
  if (!maps) replaceProcess(unshare, ['unshare', '--map-root-user', ...namespaces, '--', ...program], env);
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'llb-ts-userns-'));
  // A process inside cannot write the maps; a helper outside writes them as soon as the namespace exists.
  const helper = spawn('/bin/sh', ['-c', MAP_IDS, 'sh', folder, String(process.pid), ...maps], {
    detached: true,
    stdio: 'ignore',
  });
  helper.unref();
  const start = ['/bin/sh', '-c', START_OVER, 'sh', folder, ...program];
  replaceProcess(unshare, ['unshare', ...namespaces, '--', ...start], env);
}

/** The programs that map ids, each with the ids it is to map; undefined where programs or ids are missing. */
function idMaps(): readonly string[] | undefined {
  const [mapUids, mapGids] = [findProgram('newuidmap'), findProgram('newgidmap')];
  const user = userInfo();
  if (!mapUids || !mapGids || !user) return undefined;
  const uids = rangesOf('/etc/subuid', user.username, user.uid);
  const gids = rangesOf('/etc/subgid', user.username, user.uid);
  if (uids.length === 0 || gids.length === 0) return undefined;
  return [mapUids, idMap(user.uid, uids), mapGids, idMap(user.gid, gids)];
}

function userInfo(): os.UserInfo<string> | undefined {
  try {
    return os.userInfo();
  } catch {
    // Nobody has to be in /etc/passwd.
    return undefined;
  }
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

/** A range of ids that a user may use beside their own. */
export interface IdRange {
  readonly first: number;
  readonly count: number;
}

/** The ranges that a file such as `/etc/subuid` gives to a user. */
export function rangesOf(file: string, username: string, uid: number): readonly IdRange[] {
  let text = '';
  try {
    text = fs.readFileSync(file, 'utf8');
  } catch {
    // No file, no ranges.
  }
  return text
    .split('\n')
    .map((line) => line.split(':'))
    .filter(([owner]) => owner === username || owner === String(uid))
    .map(([, first, count]) => ({ first: Number(first), count: Number(count) }))
    .filter(({ first, count }) => first > 0 && count > 0);
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
