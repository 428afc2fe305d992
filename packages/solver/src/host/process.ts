import { spawnSync } from 'node:child_process';
import { setMaxListeners } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import { startChild, waitForChild } from './child.ts';
import { makePipe } from './kernel.ts';

/** The output and exit code of a short host tool. */
export interface ToolResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a host tool that is done at once. Code 127 when it cannot be started or takes longer than `timeoutMs`. */
export function runTool(program: string, args: readonly string[], timeoutMs = 5_000): ToolResult {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    encoding: 'utf8',
    timeout: timeoutMs,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return { code: status ?? 127, stdout: stdout ?? '', stderr: (stderr ?? '') + (error ? error.message : '') };
}

export interface LongProcess {
  readonly program: string;
  readonly args: readonly string[];
  /** All of its environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Byte string. Default: the folder of this process. */
  readonly cwd?: string;
  /** Further open files, handed over as 3, 4, … */
  readonly files?: readonly number[];
  /** Called when it has been started. If it fails, the process is killed and the failure is the result. */
  readonly onStart?: (pid: number) => Promise<void>;
  /** Owner of its pipes, who may open them again. Default: this process's user. */
  readonly owner?: { readonly uid: number; readonly gid: number };
  /** Wraps the synchronous start, which needs the right namespaces around it. */
  readonly around?: <T>(start: () => T) => T;
  /** Kills it with all that it has started. */
  readonly signal: AbortSignal;
  /** Receives its output; absent: it shares our terminal. */
  readonly onOutput?: (stream: 'stdout' | 'stderr', data: Uint8Array) => void;
}

const KILLED = 128 + 9;

/**
 * Runs a process to its end. It reads nothing, and its output comes through real pipes, so that it can open `/dev/stdout`
 * again. It has a session of its own, out of reach of the terminal's ctrl-C, unless it shares the terminal.
 * Rejects only when it cannot be started.
 * @returns its exit code; `128 + n` for signal n
 */
export async function runProcess(task: LongProcess): Promise<number> {
  const { program, args, env, cwd, onOutput, signal, files = [], around = (start) => start() } = task;
  const pipes = onOutput && openPipes(onOutput);
  let pid: number;
  let exited: Promise<number>;
  try {
    if (task.owner) pipes?.give(task.owner);
    pid = around(() =>
      startChild({
        ...{ program, args, env, files: [...(pipes?.ends ?? [0, 1, 2]), ...files], ownSession: !!pipes },
        ...(cwd !== undefined && { cwd }),
      }),
    );
    exited = waitForChild(pid);
  } finally {
    pipes?.handOver();
  }
  const stop = () => killTree(pid);
  // Many processes may run at once, all to be stopped by one signal.
  setMaxListeners(0, signal);
  signal.addEventListener('abort', stop);
  if (signal.aborted) stop();
  try {
    const [failure, code] = await Promise.all([started(pid, task.onStart), exited]);
    await pipes?.drained;
    if (failure && !signal.aborted) throw failure.error;
    // Helpers on the way do not always pass the signal on.
    return signal.aborted ? KILLED : code;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** An empty pipe to read from, and two that are read here. */
function openPipes(onOutput: NonNullable<LongProcess['onOutput']>) {
  const input = makePipe();
  fs.closeSync(input.write);
  const outputs = (['stdout', 'stderr'] as const).map((stream) => {
    const { read, write } = makePipe();
    const reader = new net.Socket({ fd: read, readable: true, writable: false });
    reader.on('data', (data) => onOutput(stream, data));
    const drained = new Promise<void>((resolve) => {
      reader.once('error', () => resolve());
      reader.once('close', () => resolve());
    });
    return { write, drained };
  });
  const ends = [input.read, ...outputs.map(({ write }) => write)];
  let open = true;
  return {
    ends,
    /** Resolves once all output is reported and no process can write any more. */
    drained: Promise.all(outputs.map(({ drained }) => drained)),
    give({ uid, gid }: NonNullable<LongProcess['owner']>) {
      for (const end of ends) fs.fchownSync(end, uid, gid);
    },
    /** Closes the child's ends here. */
    handOver() {
      if (open) for (const end of ends) fs.closeSync(end);
      open = false;
    },
  };
}

async function started(pid: number, onStart: LongProcess['onStart']) {
  try {
    await onStart?.(pid);
    return undefined;
  } catch (error) {
    killTree(pid);
    return { error };
  }
}

/**
 * Kills `pid` and all that it has started. The first process of a pid namespace takes the others in it along, and whoever
 * waits for it is left to see it end: then nothing of the namespace is left.
 */
export function killTree(pid: number): void {
  const children = childrenOf(pid);
  const firsts = children.filter(isFirstOfNamespace);
  if (firsts.length === 0) kill(pid);
  for (const child of children) {
    if (firsts.includes(child)) kill(child);
    else killTree(child);
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended already.
  }
}

/** The processes that `pid` has started and that are still there. */
export function childrenOf(pid: number): readonly number[] {
  const children: number[] = [];
  for (const name of fs.readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = fs.readFileSync(`/proc/${name}/stat`, 'latin1');
      if (Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === pid) children.push(Number(name));
    } catch {
      // It ended while we looked.
    }
  }
  return children;
}

/**
 * The process that `pid`, which has one thread, has started and still waits for; the first of several. Looks only there,
 * where the kernel offers that, instead of through all processes.
 */
export function childOf(pid: number): number | undefined {
  try {
    const [child] = fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').split(' ');
    return child ? Number(child) : undefined;
  } catch {
    return childrenOf(pid)[0];
  }
}

function isFirstOfNamespace(pid: number): boolean {
  try {
    const ids =
      /^NSpid:\s+(.*)$/m.exec(fs.readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]?.split(/\s+/) ?? [];
    return ids.length > 1 && ids.at(-1) === '1';
  } catch {
    return false;
  }
}
