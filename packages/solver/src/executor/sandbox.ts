import fs from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { environmentFailure, errnoOf } from '../error.ts';
import { endLease, isLeaseWanted, leaseFile } from '../host/kernel.ts';
import { bindMount, isInUserNamespace, unmount } from '../host/mount.ts';
import { inNamespacesOf, type NamespaceKind } from '../host/namespace.ts';
import { childrenOf, runProcess } from '../host/process.ts';
import { findProgram } from '../host/programs.ts';
import { textOf } from '../tree/bytes.ts';
import { type DeviceNode, INSECURE_DEVICES } from './defaults.ts';
import { bindDev, type DevFolder, DevNursery } from './dev-folder.ts';
import type { StepExit, StepUse } from './executor.ts';
import type { PreparedStep, Runtime } from './prepared-step.ts';
import { identityArguments, limitArguments } from './sandbox-arguments.ts';
import { splitEnvironment, withRootEnv } from './sandbox-environment.ts';
import { furnish, placeFor } from './sandbox-mounts.ts';

const PROGRAMS = ['unshare', 'setpriv', 'prlimit'] as const;

/** What of util-linux the sandbox would need and this machine lacks. */
export function missingSandboxPrograms(): readonly string[] {
  return PROGRAMS.filter((name) => !findProgram(name));
}

/**
 * Runs steps with programs of util-linux, where no OCI runtime is installed.
 *
 * The step's process is the end of a chain of programs that become one another: `unshare` makes the namespaces and mounts
 * `/proc`, `setpriv` takes rights away, `unshare` changes the root and the user. What lies between the first two, all other
 * mounts, is done here, from within the new namespaces: meanwhile the chain stands still, because starting this sandbox's
 * own copy of `setpriv` waits for the lease that we hold on it.
 *
 * Less than a runtime does: no seccomp filter (instead, programs cannot gain rights: no_new_privs), no control groups, and
 * device nodes that a step makes cannot be opened.
 */
export class Sandbox implements Runtime {
  readonly name = 'sandbox';
  readonly makesMountPoints = false;
  readonly #isRootless = isInUserNamespace();
  readonly #folder: string;
  #nursery: DevNursery | undefined;

  /** @param folder an existing folder of this process alone */
  constructor(folder: string) {
    this.#folder = folder;
  }

  async launch(prepared: PreparedStep, use: StepUse): Promise<StepExit> {
    const { step, folder, identity } = prepared;
    const isInsecure = step.security === 'insecure';
    const devices = isInsecure && !this.#isRootless ? INSECURE_DEVICES : [];
    // The root must be a mount, so that it can be moved to `/`.
    bindMount(step.root, step.root);
    const dev = this.#makeDev(prepared, devices);
    const gate = openGate(`${folder}/setpriv`);
    try {
      const said = new Tail();
      const environment = splitEnvironment(prepared.env);
      const onOutput: StepUse['onOutput'] =
        use.onOutput &&
        ((stream, data) => {
          if (stream === 'stderr') said.add(data);
          use.onOutput?.(stream, data);
        });
      try {
        const code = await runProcess({
          program: findProgram('setpriv')!,
          args: this.#chain(prepared, gate.program, environment.held),
          env: environment.plain,
          cwd: step.root,
          owner: identity,
          signal: use.signal,
          ...(onOutput && { onOutput }),
          onStart: async (pid) => {
            const first = await gate.reached(pid);
            if (first === undefined) return;
            inNamespacesOf(first, namespacesOf(prepared, this.#isRootless), () => {
              furnish(prepared, { dev: dev.path, isRootless: this.#isRootless });
            });
            gate.open();
          },
        });
        // Runtimes answer 1 for a program that cannot be started.
        const didNotStart =
          (code === 126 || code === 127) && said.endsWith(/unshare: failed to execute .*\n$/);
        return { code: didNotStart ? 1 : code, isOutOfMemory: false };
      } catch (error) {
        if (errnoOf(error) === undefined || errnoOf(error) === 'ENOSPC') throw error;
        // A mount that cannot be: the step's fault, and no runtime would start it.
        onOutput?.('stderr', Buffer.from(`sandbox: ${(error as Error).message}\n`));
        return { code: 1, isOutOfMemory: false };
      }
    } finally {
      gate.close();
      dev.remove();
      unmount(step.root);
    }
  }

  async close(): Promise<void> {
    this.#nursery?.close();
  }

  #makeDev({ id, folder }: PreparedStep, devices: readonly DeviceNode[]): DevFolder {
    if (devices.length > 0) {
      this.#nursery ??= new DevNursery(made(`${this.#folder}/dev`));
      return this.#nursery.make(id, { further: devices, hasConsole: false });
    }
    return bindDev(made(`${folder}/dev`), false);
  }

  #chain(prepared: PreparedStep, setpriv: string, held: readonly string[]): readonly string[] {
    const { step, identity } = prepared;
    const unshare = findProgram('unshare')!;
    const first = ['--pid', '--fork', '--kill-child=SIGKILL'];
    const own = [
      ...['--mount', '--uts', '--ipc'],
      ...(step.network === 'none' ? ['--net'] : []),
      ...(hasCgroup2() && !this.#isRootless ? ['--cgroup'] : []),
      ...first,
      `--mount-proc=${textOf(placeFor(step.root, '/proc', 'dir'))}`,
    ];
    return [
      ...['--pdeathsig', 'KILL', '--'],
      // Taking another user drops the death signal of the inner one.
      ...(identity.uid === 0 ? [] : [unshare, ...first, '--']),
      ...[unshare, ...own, '--'],
      ...[setpriv, ...identityArguments(prepared), '--'],
      ...limitArguments(step.ulimits),
      ...[
        unshare,
        '--root=.',
        `--wd=${step.cwd}`,
        ...(identity.uid === 0 ? [] : [`--setuid=${identity.uid}`]),
        '--',
      ],
      ...withRootEnv(step.root, held),
      ...step.args,
    ];
  }
}

function made(folder: string): string {
  fs.mkdirSync(folder);
  return folder;
}

function namespacesOf({ step }: PreparedStep, isRootless: boolean): readonly NamespaceKind[] {
  return [
    'mnt',
    'uts',
    'ipc',
    ...(step.network === 'none' && !isRootless ? (['net'] as const) : []),
    ...(hasCgroup2() && !isRootless ? (['cgroup'] as const) : []),
  ];
}

export function hasCgroup2(): boolean {
  return fs.existsSync('/sys/fs/cgroup/cgroup.controllers');
}

const POLL_MS = 1;

/** A copy of setpriv that starts when the gate is opened, not before. */
function openGate(program: string) {
  fs.copyFileSync(findProgram('setpriv')!, program);
  fs.chmodSync(program, 0o755);
  const file = fs.openSync(program, 'r');
  let isHeld = false;
  try {
    leaseFile(file);
    isHeld = true;
  } catch (error) {
    fs.closeSync(file);
    throw environmentFailure('this machine cannot hold a process back while its root is furnished', {
      cause: error,
      hint: 'install crun or runc',
    });
  }
  const open = () => {
    if (isHeld) endLease(file);
    isHeld = false;
  };
  return {
    program,
    open,
    /** Waits until the chain that begins with `pid` stands at the gate; the process that does, or undefined if it ended. */
    async reached(pid: number): Promise<number | undefined> {
      while (!isLeaseWanted(file)) {
        if (!fs.existsSync(`/proc/${pid}/root`)) return undefined;
        await setTimeout(POLL_MS);
      }
      return lastOfChain(pid);
    },
    close() {
      open();
      fs.closeSync(file);
    },
  };
}

function lastOfChain(pid: number): number {
  const child = childrenOf(pid)[0];
  return child === undefined ? pid : lastOfChain(child);
}

/** The end of what was written, to tell who wrote it. */
class Tail {
  #text = '';

  add(data: Uint8Array): void {
    this.#text = (this.#text + Buffer.from(data).toString('utf8')).slice(-1000);
  }

  endsWith(line: RegExp): boolean {
    return line.test(this.#text);
  }
}
