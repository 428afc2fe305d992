import fs from 'node:fs';
import { environmentFailure, errnoOf } from '../../error/error.ts';
import { callListProgram } from '../../host/call-list-program.ts';
import { isInUserNamespace } from '../../host/in-user-namespace.ts';
import { bindMount, unmount } from '../../host/mount.ts';
import { inNamespacesOf, type NamespaceKind } from '../../host/namespace.ts';
import { childOf, runProcess } from '../../host/process.ts';
import { findProgram } from '../../host/programs.ts';
import { fsPath, textOf } from '../../name/bytes.ts';
import { type DevFolder, DevFolders } from '../root/dev-folder.ts';
import type { PreparedStep, Runtime } from '../root/prepared-step.ts';
import { type BoundCommand, ChildLifetime } from '../step/child-lifetime.ts';
import { type DeviceNode, INSECURE_DEVICES, kernelMounts } from '../step/defaults.ts';
import type { StepExit, StepUse } from '../step/executor.ts';
import { callsOf } from './sandbox-calls.ts';
import { mountSystemDirectories, placeFor } from './sandbox-mounts.ts';
import { HeldProcess } from './sandbox-order.ts';

const PROGRAMS = ['unshare', 'setpriv'] as const;

/** Programs of util-linux that the sandbox needs and this machine lacks. */
export function missingSandboxPrograms(): readonly string[] {
  return PROGRAMS.filter((name) => !findProgram(name));
}

/**
 * Runs steps where no OCI runtime is installed, with BuildKit's filter of system calls.
 *
 * The step's process is the end of a chain of programs that become one another: `unshare` makes the namespaces and mounts
 * `/proc`; a program of our own (`host/call-list.ts`) waits until all other mounts have been made here, from within the new
 * namespaces, then takes rights away and becomes the step's program.
 *
 * Less than a runtime does: no control groups, and device nodes that a step makes cannot be opened.
 */
export class Sandbox implements Runtime {
  readonly name = 'sandbox';
  readonly hasLimits = false;
  readonly makesMountPoints = false;
  /** No control group keeps a process from the devices that it makes. */
  readonly restrictions = ['nodev'] as const;
  readonly #isRootless = isInUserNamespace();
  readonly #kernel = kernelMounts();
  readonly #folder: string;
  /** The file with our own program. */
  readonly #last: string;
  readonly #programs = Object.fromEntries(
    PROGRAMS.map((name) => [name, findProgram(name) ?? name]),
  ) as Record<(typeof PROGRAMS)[number], string>;
  #children: Promise<ChildLifetime> | undefined;
  readonly #hostDevs: DevFolders;
  #ownDevs: DevFolders | undefined;

  /**
   * Fails with an `environment` failure on an architecture for which there is no program.
   * @param folder an existing folder of this process alone
   */
  constructor(folder: string) {
    const program = callListProgram();
    if (!program) {
      throw environmentFailure(`the sandbox does not know the system calls of ${process.arch}`, {
        hint: 'install crun or runc',
      });
    }
    this.#folder = folder;
    fs.mkdirSync(`${folder}/roots`, { mode: 0o711 });
    this.#last = `${folder}/become`;
    fs.writeFileSync(this.#last, program, { mode: 0o755 });
    fs.chmodSync(this.#last, 0o755);
    this.#hostDevs = new DevFolders(made(`${folder}/dev-host`), 'host');
  }

  async launch(prepared: PreparedStep, use: StepUse): Promise<StepExit> {
    const failed = (text: string) => {
      use.onOutput?.('stderr', Buffer.from(`sandbox: ${text}\n`));
      // As runtimes answer for what cannot be started.
      return { code: 1, isOutOfMemory: false };
    };
    try {
      const held = new HeldProcess(callsOf(prepared, use.onOutput === undefined));
      try {
        const code = await this.#run(prepared, use, held);
        const failure = await held.failure();
        return failure === undefined ? { code, isOutOfMemory: false } : failed(failure);
      } finally {
        held.close();
      }
    } catch (error) {
      // A mount that cannot be, or too many arguments: the step's fault, and no runtime would start it.
      if (errnoOf(error) === undefined || errnoOf(error) === 'ENOSPC') throw error;
      return failed((error as Error).message);
    }
  }

  async #run(prepared: PreparedStep, use: StepUse, held: HeldProcess): Promise<number> {
    const { id, step, identity } = prepared;
    this.#children ??= ChildLifetime.make();
    const children = await this.#children;
    const isInsecure = step.security === 'insecure';
    const dev = this.#takeDev(isInsecure && !this.#isRootless ? INSECURE_DEVICES : []);
    const root = made(`${this.#folder}/roots/${id}`);
    // The root must be a mount to become `/`.
    bindMount(step.root, root);
    try {
      return await runProcess({
        ...this.#boundToUs(this.#chain(prepared, root), prepared, { children, root, dev }),
        env: {},
        cwd: root,
        owner: identity,
        files: held.files,
        signal: use.signal,
        ...(use.onOutput && { onOutput: use.onOutput }),
        onStart: async (pid) => {
          held.handOver();
          if (!(await held.isWaiting)) return;
          inNamespacesOf(lastOfChain(pid), namespacesOf(prepared, this.#isRootless), () => {
            mountSystemDirectories(prepared, {
              root,
              dev: dev.path,
              isRootless: this.#isRootless,
              kernel: this.#kernel,
            });
          });
          held.goOn();
        },
      });
    } finally {
      dev.release();
      unmount(root);
      fs.rmdirSync(fsPath(root));
    }
  }

  async close(): Promise<void> {
    await (await this.#children)?.close();
    this.#hostDevs.close();
    this.#ownDevs?.close();
  }

  #takeDev(further: readonly DeviceNode[]): DevFolder {
    if (further.length === 0) return this.#hostDevs.take();
    this.#ownDevs ??= new DevFolders(made(`${this.#folder}/dev-nodes`), 'nodes');
    return this.#ownDevs.take({ further, hasConsole: false });
  }

  /** How the chain is run so that it cannot outlive this process. */
  #boundToUs(
    [program = '', ...args]: readonly string[],
    { mounts, identity }: PreparedStep,
    { children, root, dev }: StepSurroundings,
  ): BoundCommand {
    const sources = mounts.flatMap((mount) => (mount.type === 'bind' ? [mount.source] : []));
    const nested = children.nested({ program, args }, [root, dev.path, this.#folder, ...sources]);
    if (nested) return nested;
    // Taking another user drops the death signal of the inner namespace's first process.
    const outer = identity.uid === 0 ? [] : [program, ...IN_PID_NAMESPACE, '--'];
    return {
      program: this.#programs.setpriv,
      args: ['--pdeathsig', 'KILL', '--', ...outer, program, ...args],
    };
  }

  #chain({ step }: PreparedStep, root: string): readonly string[] {
    return [
      this.#programs.unshare,
      ...['--mount', '--uts', '--ipc'],
      ...(step.network === 'none' ? ['--net'] : []),
      ...(hasCgroup2() && !this.#isRootless ? ['--cgroup'] : []),
      ...IN_PID_NAMESPACE,
      `--mount-proc=${textOf(placeFor(root, '/proc', 'dir'))}`,
      '--',
      this.#last,
    ];
  }
}

/** Things that a running step needs besides itself. */
interface StepSurroundings {
  readonly children: ChildLifetime;
  /** The folder that its root is mounted at. */
  readonly root: string;
  readonly dev: DevFolder;
}

const IN_PID_NAMESPACE = ['--pid', '--fork', '--kill-child=SIGKILL'] as const;

function made(folder: string): string {
  fs.mkdirSync(fsPath(folder));
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

function lastOfChain(pid: number): number {
  const child = childOf(pid);
  return child === undefined ? pid : lastOfChain(child);
}
