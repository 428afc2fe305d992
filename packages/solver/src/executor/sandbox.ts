import fs from 'node:fs';
import { errnoOf } from '../error.ts';
import { bindMount, isInUserNamespace, unmount } from '../host/mount.ts';
import { inNamespacesOf, type NamespaceKind } from '../host/namespace.ts';
import { runProcess } from '../host/process.ts';
import { findProgram } from '../host/programs.ts';
import { fsPath, textOf } from '../tree/bytes.ts';
import { type DeviceNode, INSECURE_DEVICES, kernelMounts } from './defaults.ts';
import { type DevFolder, DevFolders } from './dev-folder.ts';
import type { StepExit, StepUse } from './executor.ts';
import type { PreparedStep, Runtime } from './prepared-step.ts';
import { identityArguments, limitArguments } from './sandbox-arguments.ts';
import { splitEnvironment, withRootEnv } from './sandbox-environment.ts';
import { type Gate, Gates } from './sandbox-gate.ts';
import { furnish, placeFor } from './sandbox-mounts.ts';
import { type TiedCommand, Ties } from './ties.ts';

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
  readonly hasLimits = false;
  readonly makesMountPoints = false;
  /** No control group keeps a process from the devices that it makes. */
  readonly restrictions = ['nodev'] as const;
  readonly #isRootless = isInUserNamespace();
  readonly #kernel = kernelMounts();
  readonly #folder: string;
  readonly #gates: Gates;
  readonly #programs = Object.fromEntries(
    PROGRAMS.map((name) => [name, findProgram(name) ?? name]),
  ) as Record<(typeof PROGRAMS)[number], string>;
  #ties: Promise<Ties> | undefined;
  readonly #hostDevs: DevFolders;
  #ownDevs: DevFolders | undefined;

  /** @param folder an existing folder of this process alone */
  constructor(folder: string) {
    this.#folder = folder;
    for (const name of ['roots', 'gates']) fs.mkdirSync(`${folder}/${name}`, { mode: 0o711 });
    this.#hostDevs = new DevFolders(made(`${folder}/dev-host`), 'host');
    this.#gates = new Gates(this.#programs.setpriv, `${folder}/gates`);
  }

  async launch(prepared: PreparedStep, use: StepUse): Promise<StepExit> {
    const { id, step, identity } = prepared;
    this.#ties ??= Ties.make();
    const ties = await this.#ties;
    const isInsecure = step.security === 'insecure';
    const devices = isInsecure && !this.#isRootless ? INSECURE_DEVICES : [];
    // The root must be a mount, so that it can be moved to `/`.
    const root = made(`${this.#folder}/roots/${id}`);
    bindMount(step.root, root);
    const dev = this.#takeDev(devices);
    const gate = this.#gates.close();
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
          ...this.#tiedToUs(prepared, ties, root, dev, this.#chain(prepared, root, gate, environment.held)),
          env: environment.plain,
          cwd: root,
          owner: identity,
          signal: use.signal,
          ...(onOutput && { onOutput }),
          onStart: async (pid) => {
            const first = await gate.reached(pid);
            if (first === undefined) return;
            inNamespacesOf(first, namespacesOf(prepared, this.#isRootless), () => {
              furnish(prepared, {
                root,
                dev: dev.path,
                isRootless: this.#isRootless,
                kernel: this.#kernel,
              });
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
      gate.release();
      dev.release();
      unmount(root);
      fs.rmdirSync(fsPath(root));
    }
  }

  async close(): Promise<void> {
    await (await this.#ties)?.close();
    this.#hostDevs.close();
    this.#ownDevs?.close();
  }

  #takeDev(further: readonly DeviceNode[]): DevFolder {
    if (further.length === 0) return this.#hostDevs.take();
    this.#ownDevs ??= new DevFolders(made(`${this.#folder}/dev-nodes`), 'nodes');
    return this.#ownDevs.take({ further, hasConsole: false });
  }

  /** How the chain is run so that it cannot outlive this process. */
  #tiedToUs(
    { mounts, identity }: PreparedStep,
    ties: Ties,
    root: string,
    dev: DevFolder,
    [program = '', ...args]: readonly string[],
  ): TiedCommand {
    const sources = mounts.flatMap((mount) => (mount.type === 'bind' ? [mount.source] : []));
    const nested = ties.nested({ program, args }, [root, dev.path, this.#folder, ...sources]);
    if (nested) return nested;
    // Taking another user drops the death signal of the inner namespace's first process.
    const outer = identity.uid === 0 ? [] : [program, ...IN_PID_NAMESPACE, '--'];
    return {
      program: this.#programs.setpriv,
      args: ['--pdeathsig', 'KILL', '--', ...outer, program, ...args],
    };
  }

  #chain(prepared: PreparedStep, root: string, gate: Gate, held: readonly string[]): readonly string[] {
    const { step, identity } = prepared;
    const { unshare } = this.#programs;
    return [
      unshare,
      ...['--mount', '--uts', '--ipc'],
      ...(step.network === 'none' ? ['--net'] : []),
      ...(hasCgroup2() && !this.#isRootless ? ['--cgroup'] : []),
      ...IN_PID_NAMESPACE,
      `--mount-proc=${textOf(placeFor(root, '/proc', 'dir'))}`,
      '--',
      ...[gate.program, ...identityArguments(prepared), '--'],
      ...limitArguments(step.ulimits),
      ...[unshare, '--root=.', `--wd=${step.cwd}`],
      ...(identity.uid === 0 ? [] : [`--setuid=${identity.uid}`]),
      '--',
      ...withRootEnv(root, held),
      ...step.args,
    ];
  }
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
