import fs from 'node:fs';
import { createExecutor, type ExecutorChoice } from '../../executor/create-executor.ts';
import type { Executor } from '../../executor/step/executor.ts';
import { MS, mount } from '../../host/kernel.ts';
import { mountMemory, unmount } from '../../host/mount.ts';
import { enterMountNamespace } from '../../host/namespace.ts';
import { createSnapshotter, type SnapshotterChoice } from '../../snapshot/create-snapshotter.ts';
import type { Snapshotter } from '../../snapshot/snapshotter.ts';

export interface ExecHostOptions {
  /** A new folder of this process on the filesystem of the layers, removed by others after `close`. */
  readonly stage: string;
  readonly snapshotter: SnapshotterChoice;
  readonly executor: ExecutorChoice;
}

/**
 * The executor and mounts of this machine for exec operations. Opened by the first one, since that takes some milliseconds.
 */
export interface ExecHost {
  readonly snapshotter: Snapshotter;
  readonly executor: Executor;
  /** A folder in memory, visible to this process and its children only: for secrets, sockets and mount points. */
  readonly privateFolder: string;
  /** Fallbacks that were chosen since the last call, one sentence each. */
  takeFallbackWarnings(): readonly string[];
  /** Undoes all mounts. No step may be running. */
  close(): Promise<void>;
}

/**
 * Enters a mount namespace of this process's own and chooses how steps are run. Fails with an `environment` failure that
 * says what the machine lacks.
 */
export function openExecHost({ stage, snapshotter, executor }: ExecHostOptions): ExecHost {
  enterMountNamespace();
  const privateFolder = `${stage}/private`;
  const work = `${stage}/work`;
  for (const folder of [privateFolder, work]) fs.mkdirSync(folder);
  mountMemory(privateFolder, 0o711);
  // Shared, so that later mounts in it reach the namespaces that executors keep for their processes.
  mount('none', privateFolder, 'none', MS.shared);
  try {
    for (const name of ['mounts', 'executor', 'files'])
      fs.mkdirSync(`${privateFolder}/${name}`, { mode: 0o711 });
    const notes: string[] = [];
    const places = { mounts: `${privateFolder}/mounts`, work };
    const chosen = createExecutor(executor, {
      folder: `${privateFolder}/executor`,
    });
    notes.push(...chosen.notes);
    const trees = createSnapshotter(snapshotter, places, (note) => notes.push(note));
    return {
      snapshotter: trees,
      executor: chosen.executor,
      privateFolder,
      takeFallbackWarnings: () => notes.splice(0),
      async close() {
        await Promise.all([chosen.executor.close(), trees.settled()]);
        unmount(privateFolder);
      },
    };
  } catch (error) {
    unmount(privateFolder);
    throw error;
  }
}
