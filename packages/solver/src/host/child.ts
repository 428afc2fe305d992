/**
 * Child processes by `posix_spawn`. Node's own way copies the page tables of this whole process for each child (2 ms for one
 * that has solved a little); this one does not.
 */
import fs from 'node:fs';
import koffi from 'koffi';
import { cString } from '../name/bytes.ts';
import { withUmask } from './kernel.ts';
import { systemError } from './syscalls.ts';

export interface ChildStart {
  readonly program: string;
  /** Without the name of the program. */
  readonly args: readonly string[];
  /** All of its environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Byte string. Default: the folder of this thread. */
  readonly cwd?: string;
  /** Open files of this process that it gets as 0, 1, 2, … */
  readonly files: readonly number[];
  /** True if it leads a session of its own, out of reach of our terminal's signals. */
  readonly ownSession: boolean;
}

/** True in the first thread of the process; asking `node:worker_threads` would load it. */
const isMainThread = fs.readlinkSync('/proc/thread-self').endsWith(`/${process.pid}`);

const libc = koffi.load(null);
const c = {
  actionsInit: libc.func('int posix_spawn_file_actions_init(void *actions)'),
  actionsDestroy: libc.func('int posix_spawn_file_actions_destroy(void *actions)'),
  addDup: libc.func('int posix_spawn_file_actions_adddup2(void *actions, int from, int to)'),
  addChdir: libc.func('int posix_spawn_file_actions_addchdir_np(void *actions, void *path)'),
  attrInit: libc.func('int posix_spawnattr_init(void *attributes)'),
  attrDestroy: libc.func('int posix_spawnattr_destroy(void *attributes)'),
  setFlags: libc.func('int posix_spawnattr_setflags(void *attributes, short flags)'),
  setDefaults: libc.func('int posix_spawnattr_setsigdefault(void *attributes, void *signals)'),
  spawn: libc.func(
    'int posix_spawn(_Out_ int *pid, const char *path, void *actions, void *attributes, const char **argv, const char **envp)',
  ),
  waitpid: libc.func('int waitpid(int pid, _Out_ int *status, int options)'),
  fcntl: libc.func('int fcntl(int fd, int command, int argument)'),
};
const FLAGS = { signalDefaults: 4, signalMask: 8, ownSession: 0x80 } as const;
/** Of processes started here, whatever this one's is: what they make is not ours. */
const UMASK = 0o022;
/** More than any C library needs for its opaque structures. */
const ROOM = 1024;

/**
 * Starts a process: no ignored or blocked signals, umask 022, no files of ours but those that are named. Throws an error of
 * Node's shape when it cannot be started.
 * @returns its id, as this process sees it
 */
export function startChild({ program, args, env, cwd, files, ownSession }: ChildStart): number {
  keepInheritedFiles();
  const actions = Buffer.alloc(ROOM);
  const attributes = Buffer.alloc(ROOM);
  const lifted: number[] = [];
  c.actionsInit(actions);
  c.attrInit(attributes);
  try {
    files.forEach((file, target) => {
      // A file that lies in the way of another's place is moved out of it first.
      const from = file < files.length && file !== target ? lift(file) : file;
      if (from !== file) lifted.push(from);
      c.addDup(actions, from, target);
    });
    if (cwd !== undefined) c.addChdir(actions, cString(cwd));
    c.setDefaults(attributes, Buffer.alloc(128, 0xff));
    c.setFlags(attributes, FLAGS.signalDefaults | FLAGS.signalMask | (ownSession ? FLAGS.ownSession : 0));
    const pid = [0];
    const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
    const argv = [program, ...args, null];
    const failure = withUmask(
      UMASK,
      () => c.spawn(pid, program, actions, attributes, argv, [...variables, null]) as number,
    );
    if (failure !== 0) throw systemError(failure, 'spawn', program);
    return pid[0]!;
  } finally {
    c.actionsDestroy(actions);
    c.attrDestroy(attributes);
    for (const file of lifted) fs.closeSync(file);
  }
}

let areKept = false;

/** Keeps inherited files of this process from its children; files that are opened later close on exec by themselves. */
function keepInheritedFiles(): void {
  const [F_SETFD, FD_CLOEXEC] = [2, 1];
  if (areKept) return;
  areKept = true;
  for (const file of fs.readdirSync('/proc/self/fd').map(Number)) {
    if (file > 2) c.fcntl(file, F_SETFD, FD_CLOEXEC);
  }
}

function lift(file: number): number {
  const F_DUPFD_CLOEXEC = 1030;
  const above = c.fcntl(file, F_DUPFD_CLOEXEC, 64) as number;
  if (above < 0) throw systemError(koffi.errno(), 'fcntl', '');
  return above;
}

interface Waiter {
  readonly resolve: (code: number) => void;
  readonly keepsAlive: boolean;
}

const waiting = new Map<number, Waiter>();
let timer: NodeJS.Timeout | undefined;
/** How often children are looked at: where signals can be had only for safety, in a worker because there is no other way. */
const POLL_MS = isMainThread ? 1_000 : 2;

/**
 * Waits for the end of a child of {@link startChild}. Call it once for each, at once.
 *
 * @param keepsAlive whether this process, with nothing else to do, stays for it. Default: true.
 * @returns its exit code, `128 + n` for signal n
 */
export function waitForChild(pid: number, keepsAlive = true): Promise<number> {
  return new Promise((resolve) => {
    if (waiting.size === 0) startLooking();
    waiting.set(pid, { resolve, keepsAlive });
    // It may have ended before a listener was there.
    look();
  });
}

function startLooking(): void {
  if (isMainThread) process.on('SIGCHLD', look);
  timer = setInterval(look, POLL_MS);
}

function stopLooking(): void {
  if (isMainThread) process.off('SIGCHLD', look);
  clearInterval(timer);
}

function look(): void {
  const WNOHANG = 1;
  for (const [pid, { resolve }] of waiting) {
    const status = [0];
    if ((c.waitpid(pid, status, WNOHANG) as number) === 0) continue;
    waiting.delete(pid);
    const [signal, code] = [status[0]! & 0x7f, (status[0]! >> 8) & 0xff];
    resolve(signal === 0 ? code : 128 + signal);
  }
  if (waiting.size === 0) stopLooking();
  // A listener for a signal does not keep a process alive; the timer does.
  else if ([...waiting.values()].some(({ keepsAlive }) => keepsAlive)) timer?.ref();
  else timer?.unref();
}
