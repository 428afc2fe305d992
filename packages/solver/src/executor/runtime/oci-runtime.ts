import fs from 'node:fs';
import { isInUserNamespace } from '../../host/in-user-namespace.ts';
import { sealedFile } from '../../host/kernel.ts';
import { runProcess } from '../../host/process.ts';
import { bytesOf, clean, fsPath } from '../../name/bytes.ts';
import { type DevContent, type DevFolder, DevFolders } from '../root/dev-folder.ts';
import { MountedTree } from '../root/mounted-tree.ts';
import type { PreparedStep, Runtime } from '../root/prepared-step.ts';
import { seccompFilter } from '../seccomp/seccomp-filter.ts';
import { type BoundCommand, ChildLifetime, type Command, supervised } from '../step/child-lifetime.ts';
import {
  type ControlGroups,
  cgroupsPathOf,
  countMemoryKills,
  hiddenHierarchies,
  hideHierarchies,
  INNER,
  leaseControlGroups,
  probeControlGroups,
  releaseControlGroups,
  removeGroup,
  removeParentGroups,
  showHierarchies,
  sweepControlGroups,
} from '../step/control-groups.ts';
import { INSECURE_DEVICES } from '../step/defaults.ts';
import type { StepExit, StepMount, StepUse } from '../step/executor.ts';
import { kindOf } from '../step/step-mount.ts';
import { DeviceGuard } from './device-guard.ts';
import { ociConfig } from './oci-config.ts';

const SHELL = '/bin/sh';

export interface OciRuntimeOptions {
  readonly kind: 'crun' | 'runc';
  /** Absolute path. */
  readonly program: string;
  /** A folder of this process for the runtime's state, best in memory. */
  readonly folder: string;
}

/**
 * Starts steps with crun or runc, one process a step, without their daemon-side life: `run` to the end, state in memory.
 *
 * Work that crun would repeat for each step, three quarters of its time, is done once: the seccomp filter is compiled in
 * advance, crun's own binary is sealed here, and with control groups of version 1 a single one guards the devices of all
 * steps. runc has no options for this, and is run as BuildKit runs it.
 */
export class OciRuntime implements Runtime {
  readonly name: string;
  readonly hasLimits: boolean;
  readonly makesMountPoints: boolean;
  readonly restrictions = [];
  readonly #options: OciRuntimeOptions;
  readonly #isRootless = isInUserNamespace();
  readonly #groups: ControlGroups | undefined;
  /** crun as a file that no process can write to. It would make itself such a copy each time (CVE-2019-5736). */
  readonly #sealed: number | undefined;
  readonly #guard: DeviceGuard | undefined;
  #ready: Promise<unknown> | undefined;
  readonly #devs = new Map<'nodes' | 'host', DevFolders>();
  #children: ChildLifetime | undefined;

  /** Changes what this process's mount namespace, which must have been entered, shows of control groups. */
  constructor(options: OciRuntimeOptions) {
    const { kind, program, folder } = options;
    this.name = kind;
    this.makesMountPoints = kind === 'runc';
    this.#options = options;
    fs.mkdirSync(`${folder}/runtime`, { mode: 0o711 });
    const groups = probeControlGroups();
    if (groups.isWritable && !this.#isRootless) {
      this.#groups = groups;
      leaseControlGroups();
      sweepControlGroups();
    }
    this.hasLimits = this.#groups !== undefined;
    if (kind === 'runc') return;
    this.#sealed = sealedFile('crun', (file) => fs.writeFileSync(file, fs.readFileSync(program)));
    if (groups.version !== 1) return;
    if (this.#groups) this.#guard = DeviceGuard.make();
    hideHierarchies(folder);
  }

  async launch(prepared: PreparedStep, use: StepUse): Promise<StepExit> {
    const { step, folder } = prepared;
    const { kind } = this.#options;
    await this.#settleIn();
    const isInsecure = step.security === 'insecure';
    const devices = isInsecure && !this.#isRootless ? INSECURE_DEVICES : [];
    const group = this.#groupOf(prepared);
    const terminal = use.onOutput === undefined;
    const dev =
      kind === 'crun'
        ? this.#takeDev({ further: devices, hasConsole: terminal }, group !== undefined)
        : undefined;
    try {
      if (dev) makePlacesInDev(dev.path, prepared.mounts);
      const config = ociConfig(prepared, {
        ...(dev && { dev: dev.path }),
        devices: dev ? [] : devices,
        ...(!isInsecure && { seccomp: seccompFilter(kind) }),
        ...(group && { cgroupsPath: group.path }),
        hasCgroupNamespace: this.#groups?.version === 2,
        isRootless: this.#isRootless,
        terminal,
      });
      fs.writeFileSync(fsPath(`${folder}/config.json`), config, { mode: 0o600 });
      const code = await runProcess({
        ...this.#boundToUs(prepared, dev, this.#command(prepared, group !== undefined)),
        files: this.#sealed === undefined ? [] : [this.#sealed],
        env: { PATH: process.env.PATH ?? '/usr/bin:/bin', XDG_RUNTIME_DIR: this.#options.folder },
        signal: use.signal,
        ...(use.onOutput && { onOutput: use.onOutput }),
      });
      return { code, isOutOfMemory: code !== 0 && !!group?.outer && countMemoryKills(group.outer) > 0 };
    } finally {
      dev?.release();
      if (group && (group.outer || use.signal.aborted)) removeGroup(group.outer ?? group.path);
    }
  }

  async close(): Promise<void> {
    await this.#ready;
    await Promise.all([this.#children?.close(), this.#ready && this.#guard?.leave()]);
    if (this.#options.kind === 'crun') showHierarchies();
    for (const devs of this.#devs.values()) devs.close();
    if (this.#sealed !== undefined) fs.closeSync(this.#sealed);
    this.#guard?.remove();
    if (this.#groups) {
      removeParentGroups();
      releaseControlGroups();
    }
  }

  /** Both wait for the kernel or a program for some milliseconds, and leave this thread free meanwhile. */
  #settleIn(): Promise<unknown> {
    this.#ready ??= (() => {
      // Mounted before the namespace is made, so that it is visible inside.
      if (this.#options.kind === 'crun') this.#devsOf(this.#groups ? 'nodes' : 'host');
      const makeChildren = async () => {
        this.#children = await ChildLifetime.make();
      };
      return Promise.all([this.#guard?.enter(), makeChildren()]);
    })();
    return this.#ready;
  }

  /** The command, started so that it cannot outlive this process. */
  #boundToUs(
    { step, mounts, folder }: PreparedStep,
    dev: DevFolder | undefined,
    command: Command,
  ): BoundCommand {
    // A command that first changes its mounts needs a namespace of its own.
    if (command.program === SHELL) return supervised(command);
    const sources = mounts.flatMap((mount) => (mount.type === 'bind' ? [mount.source] : []));
    const needed = [step.root, folder, ...sources, ...(dev ? [dev.path] : [])];
    return this.#children?.nested(command, needed) ?? supervised(command);
  }

  /** The step's control group. In version 2 also the group around it, which is not removed by the runtime. */
  #groupOf({ id, step }: PreparedStep): { readonly path: string; readonly outer?: string } | undefined {
    if (!this.#groups) return undefined;
    const isPlain = !step.resources && step.cgroupParent === '' && step.security === 'sandbox';
    if (this.#guard && isPlain) return undefined;
    const path = cgroupsPathOf(id, step.cgroupParent);
    if (this.#groups.version === 1 || !path.startsWith('/')) return { path };
    return { path: `${path}/${INNER}`, outer: path };
  }

  #takeDev(content: DevContent, isGrouped: boolean): DevFolder {
    // Without a group that guards devices, a folder with the host's nodes prevents the use of others.
    const isGuarded = isGrouped || this.#guard !== undefined || content.further.length > 0;
    return this.#devsOf(isGuarded ? 'nodes' : 'host').take(content);
  }

  #devsOf(kind: 'nodes' | 'host'): DevFolders {
    const known = this.#devs.get(kind);
    if (known) return known;
    const devs = new DevFolders(made(`${this.#options.folder}/dev-${kind}`), kind);
    this.#devs.set(kind, devs);
    return devs;
  }

  #command({ id, folder }: PreparedStep, isGrouped: boolean): Command {
    const { kind, program: installed, folder: own } = this.#options;
    const manager = kind === 'crun' ? [`--cgroup-manager=${isGrouped ? 'cgroupfs' : 'disabled'}`] : [];
    const program = this.#sealed === undefined ? installed : '/proc/self/fd/3';
    const args = ['--root', `${own}/runtime`, ...manager, 'run', '--bundle', folder, id];
    const hidden = hiddenHierarchies();
    if (hidden === undefined || (kind === 'crun' && !isGrouped)) return { program, args };
    // The namespace of `supervised` keeps what this shows from others.
    const show = 'mount --rbind "$0" /sys/fs/cgroup && exec "$@"';
    return { program: SHELL, args: ['-c', show, hidden, program, ...args] };
  }
}

/** crun makes missing entries of `/dev` writable for all users; runc does not. */
function makePlacesInDev(dev: string, mounts: readonly StepMount[]): void {
  for (const mounted of mounts) {
    const path = clean(bytesOf(mounted.dest));
    if (!path.startsWith('/dev/')) continue;
    new MountedTree(dev).at(path.slice('/dev'.length), (place) => {
      // The target of a link is at another path.
      if (`/dev${place.path}` === path) place.make(kindOf(mounted));
    });
  }
}

function made(folder: string): string {
  fs.mkdirSync(fsPath(folder));
  return folder;
}
