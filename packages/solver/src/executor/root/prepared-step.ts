import fs from 'node:fs';
import { errnoOf, stepFailure } from '../../error/error.ts';
import { removeTree } from '../../host/files.ts';
import { isInUserNamespace } from '../../host/in-user-namespace.ts';
import { resolveInRoot } from '../../host/root-path.ts';
import { systemError } from '../../host/syscalls.ts';
import { fsPath } from '../../name/bytes.ts';
import { groupName } from '../step/control-groups.ts';
import { finalEnvironment } from '../step/environment.ts';
import type { Executor, MountRestriction, Step, StepExit, StepMount, StepUse } from '../step/executor.ts';
import { reasonOf } from '../step/reason.ts';
import { hostsFile } from './hosts-file.ts';
import { homeOf, type Identity, lookUpIdentity } from './identity.ts';
import { ImpossibleMount, layMounts, makePlace } from './mount-points.ts';
import { noteMountStubs } from './mount-stubs.ts';
import { resolvConf } from './resolv-conf.ts';
import { makeWorkingDirectory } from './working-directory.ts';

/** A step with everything resolved that is the same for all executors. */
export interface PreparedStep {
  /** Unique on this machine. */
  readonly id: string;
  readonly step: Step;
  readonly identity: Identity;
  /** All of the process's environment. */
  readonly env: readonly string[];
  /** Hosts and resolv.conf, then the step's own; a later one with the same destination replaces an earlier one. */
  readonly mounts: readonly StepMount[];
  /** An empty folder of this run, removed after it. */
  readonly folder: string;
}

/** Starts prepared steps: the part in which executors differ. */
export interface Runtime {
  readonly name: string;
  readonly hasLimits: boolean;
  /** Makes mount points in the root as runc does; others find them made. */
  readonly makesMountPoints: boolean;
  /** Restrictions of every mount of a step, beside the step's own. */
  readonly restrictions: readonly MountRestriction[];
  launch(prepared: PreparedStep, use: StepUse): Promise<StepExit>;
  /** Undoes its changes on this machine. */
  close(): Promise<void>;
}

/** An executor from a way to start processes. */
export class RuntimeExecutor implements Executor {
  readonly name: string;
  readonly hasLimits: boolean;
  readonly #runtime: Runtime;
  readonly #folder: string;
  #serial = 0;

  /** @param folder an existing folder that only this process uses, best in memory: secrets pass through configurations */
  constructor(runtime: Runtime, folder: string) {
    this.name = runtime.name;
    this.hasLimits = runtime.hasLimits;
    this.#runtime = runtime;
    this.#folder = folder;
  }

  async run(step: Step, use: StepUse): Promise<StepExit> {
    const id = groupName(this.#serial++);
    const folder = `${this.#folder}/${id}`;
    fs.mkdirSync(folder, 0o711);
    try {
      const wanted = [...fileMounts(step, folder), ...step.mounts];
      const dests = ['/etc/resolv.conf', '/etc/hosts', ...step.mounts.map(({ dest }) => dest)];
      const removeStubs = noteMountStubs(step.root, dests, step.removeStubParents);
      try {
        const identity = lookUpIdentity(step.root, step.user);
        const env = finalEnvironment(step.env, homeOf(step.root, identity.uid));
        makeWorkingDirectory(step.root, step.cwd, identity);
        const { makesMountPoints, restrictions } = this.#runtime;
        const { mounts, release } = layMounts({
          root: step.root,
          kernel: isInUserNamespace() ? ['/proc'] : ['/proc', '/sys'],
          wanted,
          cwd: step.cwd,
          folder: `${folder}-mounts`,
          makesInRoot: !makesMountPoints,
          restrictions: step.security === 'insecure' ? [] : restrictions,
        });
        try {
          const exit = await this.#runtime.launch({ id, step, identity, env, mounts, folder }, use);
          if (isInUserNamespace()) makeSysFolder(step.root);
          return exit;
        } finally {
          release();
        }
      } catch (error) {
        if (!(error instanceof ImpossibleMount)) throw error;
        use.onOutput?.('stderr', Buffer.from(`${error.message}\n`));
        return { code: 1, isOutOfMemory: false };
      } finally {
        removeStubs();
      }
    } finally {
      removeTree(folder);
    }
  }

  close(): Promise<void> {
    return this.#runtime.close();
  }
}

function fileMounts(step: Step, folder: string): readonly StepMount[] {
  const files = {
    '/etc/resolv.conf': resolvConf(step.network === 'host'),
    '/etc/hosts': hostsFile(step.hostname, step.extraHosts),
  };
  return Object.entries(files).map(([dest, content]): StepMount => {
    const source = `${folder}/${dest.slice('/etc/'.length)}`;
    fs.writeFileSync(source, content, { mode: 0o644 });
    fs.chmodSync(source, 0o644);
    return { dest, isReadonly: true, type: 'bind', source, restrictions: ['nosuid', 'noexec', 'nodev'] };
  });
}

/**
 * Inside a user namespace `/sys` cannot be mounted, but layers should look as they do elsewhere (moby/buildkit#6686). Made
 * after the run, so that the process cannot write in it (`executor/stubs.go`).
 */
function makeSysFolder(root: string): void {
  try {
    const place = resolveInRoot(root, '/sys');
    makePlace(place, 'dir');
    if (!fs.statSync(fsPath(place)).isDirectory()) throw systemError(20, 'mkdir', '/sys'); // ENOTDIR
  } catch (error) {
    const code = errnoOf(error);
    if (code === undefined || code === 'ENOSPC') throw error;
    throw stepFailure(`failed to create mount stub "/sys": ${reasonOf(error)}`, { cause: error });
  }
}
