import fs from 'node:fs';
import { isInUserNamespace } from '../host/mount.ts';
import { runProcess } from '../host/process.ts';
import { fsPath } from '../tree/bytes.ts';
import {
  type ControlGroups,
  cgroupsPathOf,
  countMemoryKills,
  hiddenHierarchies,
  INNER,
  narrowHierarchies,
  probeControlGroups,
  removeGroup,
  removeParentGroups,
  sweepControlGroups,
  widenHierarchies,
} from './control-groups.ts';
import { type DeviceNode, INSECURE_DEVICES } from './defaults.ts';
import { mountDev } from './dev-folder.ts';
import type { StepExit, StepUse } from './executor.ts';
import { ociConfig } from './oci-config.ts';
import type { PreparedStep, Runtime } from './prepared-step.ts';
import { seccompFilter } from './seccomp-filter.ts';
import { type Command, supervised } from './supervised.ts';

export interface OciRuntimeOptions {
  readonly kind: 'crun' | 'runc';
  /** Absolute path. */
  readonly program: string;
  /** A folder of this process for the runtime's state, best in memory. */
  readonly folder: string;
  /** Where the compiled filter is kept between processes. Default: nowhere. */
  readonly cacheFolder?: string;
}

/**
 * Starts steps with crun or runc, one process a step, without their daemon-side life: `run` to the end, state in memory.
 *
 * What crun would do anew for each step, and takes three quarters of its time, is done once: the seccomp filter is compiled
 * here, and only the control groups that matter are shown to it. runc has no such doors, and is driven as BuildKit does.
 */
export class OciRuntime implements Runtime {
  readonly name: string;
  readonly makesMountPoints: boolean;
  readonly #options: OciRuntimeOptions;
  readonly #groups: ControlGroups;
  readonly #isRootless = isInUserNamespace();

  /** Changes the view on control groups of this process's mount namespace, which must have been entered. */
  constructor(options: OciRuntimeOptions) {
    this.name = options.kind;
    this.makesMountPoints = options.kind === 'runc';
    this.#options = options;
    this.#groups = probeControlGroups();
    if (this.#usesGroups) sweepControlGroups();
    if (options.kind === 'crun' && this.#groups.version === 1) narrowHierarchies(options.folder);
  }

  async launch(prepared: PreparedStep, use: StepUse): Promise<StepExit> {
    const { id, step, folder } = prepared;
    const { kind, cacheFolder } = this.#options;
    const isInsecure = step.security === 'insecure';
    const devices = isInsecure && !this.#isRootless ? INSECURE_DEVICES : [];
    const group = this.#groupOf(id, step.cgroupParent);
    const removeDev = kind === 'crun' ? this.#mountDev(`${folder}/dev`, devices) : undefined;
    try {
      const config = ociConfig(prepared, {
        ...(removeDev && { dev: `${folder}/dev` }),
        devices: removeDev ? [] : devices,
        ...(!isInsecure && { seccomp: seccompFilter(kind, cacheFolder) }),
        ...(group && { cgroupsPath: group.path }),
        hasCgroupNamespace: this.#groups.version === 2,
        isRootless: this.#isRootless,
        terminal: use.onOutput === undefined,
      });
      fs.writeFileSync(fsPath(`${folder}/config.json`), config, { mode: 0o600 });
      const { code } = await runProcess({
        ...supervised(this.#command(id, folder, step.resources !== undefined)),
        env: { PATH: process.env.PATH ?? '/usr/bin:/bin', XDG_RUNTIME_DIR: this.#options.folder },
        signal: use.signal,
        ...(use.onOutput && { onOutput: use.onOutput }),
      });
      return { code, isOutOfMemory: code !== 0 && !!group?.outer && countMemoryKills(group.outer) > 0 };
    } finally {
      removeDev?.();
      if (group?.outer) removeGroup(group.outer);
    }
  }

  close(): void {
    if (this.#options.kind === 'crun') widenHierarchies();
    if (this.#usesGroups) removeParentGroups();
  }

  /** Where the runtime puts the step, and for version 2 the group around that, which is ours. */
  #groupOf(id: string, parent: string): { readonly path: string; readonly outer?: string } | undefined {
    if (!this.#usesGroups) return undefined;
    const path = cgroupsPathOf(id, parent);
    return this.#groups.version === 2 && path.startsWith('/')
      ? { path: `${path}/${INNER}`, outer: path }
      : { path };
  }

  #mountDev(folder: string, devices: readonly DeviceNode[]): () => void {
    // Without control groups nothing else keeps a process from devices; in a user namespace it can have no other ones.
    return mountDev(this.#made(folder), this.#usesGroups || devices.length > 0 ? 'nodes' : 'bound', devices);
  }

  #command(id: string, bundle: string, isLimited: boolean): Command {
    const { kind, program, folder } = this.#options;
    const manager = kind === 'crun' ? [`--cgroup-manager=${this.#usesGroups ? 'cgroupfs' : 'disabled'}`] : [];
    const args = ['--root', this.#made(`${folder}/runtime`), ...manager, 'run', '--bundle', bundle, id];
    const hidden = hiddenHierarchies();
    if (hidden === undefined || (kind === 'crun' && !isLimited)) return { program, args };
    // Limits, and runc always, need the hierarchies that other steps do without; `supervised` makes the namespace for this.
    const show = 'mount --rbind "$0" /sys/fs/cgroup && exec "$@"';
    return { program: '/bin/sh', args: ['-c', show, hidden, program, ...args] };
  }

  get #usesGroups(): boolean {
    return !this.#isRootless && this.#groups.isWritable;
  }

  #made(folder: string): string {
    fs.mkdirSync(fsPath(folder), { recursive: true, mode: 0o711 });
    return folder;
  }
}
