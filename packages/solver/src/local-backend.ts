import os from 'node:os';
import path from 'node:path';
import type { Backend, SolveFailure, SourceResolver } from '@llb-ts/backend';
import { StoredDigests } from './cache/digest-memo.ts';
import { FileCache } from './cache/file-cache.ts';
import { RefStore } from './chain/ref-store.ts';
import { asFailure } from './error/error.ts';
import { createSlots } from './evaluate/job-slots.ts';
import { resolveSources } from './evaluate/resolve-sources.ts';
import { solve } from './evaluate/solve.ts';
import { sweepControlGroups } from './executor/step/control-groups.ts';
import { LayerStore } from './layer/layer-store.ts';
import { CacheMounts } from './operation/exec/cache-mounts.ts';
import { type ExecHost, openExecHost } from './operation/exec/exec-host.ts';
import { LayerPacks } from './pack/pack-blobs.ts';
import { PackVariants } from './pack/pack-variants.ts';
import { ociPlatform } from './registry/platform.ts';
import type { RegistryConfig } from './registry/registry-hosts.ts';
import { SourceStores } from './source/source-stores.ts';
import { Store } from './store/store.ts';

export interface LocalBackendOptions {
  /** Folder of layers, refs, blobs and cache records; made if missing. Several processes may share it. */
  readonly stateDir: string;
  /**
   * Operations at work at one time, processes included. Default: file operations as many as there are processors; processes
   * and transfers are not limited.
   */
  readonly jobs?: number;
  /** How trees are given to processes. Default: `auto`, overlay mounts where they work, else copies. */
  readonly snapshotter?: 'auto' | 'overlay' | 'native';
  /**
   * Runs processes: `crun`, `runc`, `sandbox`, or a path of a crun or runc. Default: `auto`, the first of these that is
   * installed.
   */
  readonly executor?: string;
  /** How to reach registries, by host. Default: https, and plain http on this machine; no mirrors. */
  readonly registries?: RegistryConfig;
  /**
   * Called when a process of a step has failed, while its root and mounts are still there; `openShell` runs a shell in them
   * on our terminal and resolves with its exit code. Default: nothing.
   */
  readonly onStepFailure?: (failure: SolveFailure, openShell: () => Promise<number>) => Promise<void>;
}

/**
 * The solver of this machine: checks the store, wires the parts, nothing else.
 * Fails with an `environment` failure when the state directory cannot be used.
 */
export async function createLocalBackend(options: LocalBackendOptions): Promise<Backend & SourceResolver> {
  try {
    return openBackend(options);
  } catch (error) {
    throw asFailure(error);
  }
}

function openBackend(options: LocalBackendOptions): Backend & SourceResolver {
  const stateDir = path.resolve(options.stateDir);
  const store = new Store(stateDir);
  const layers = new LayerStore(store);
  // Also where nothing runs this time.
  if (store.foundCrashed) sweepControlGroups();
  const refs = new RefStore(store);
  const digests = new StoredDigests(layers);
  const sources = new SourceStores({
    store,
    layers,
    refs,
    digests,
    ...(options.registries && { registries: options.registries }),
  });
  let host: ExecHost | undefined;
  const services = {
    store,
    layers,
    refs,
    sources,
    packs: new LayerPacks({
      layers,
      blobs: sources.blobs,
      layerBlobs: sources.layerBlobs,
      variants: new PackVariants(store),
    }),
    cache: new FileCache(store, (id) => refs.load(id)),
    digests,
    slots: createSlots(options.jobs, os.availableParallelism()),
    caches: new CacheMounts(`${stateDir}/caches`),
    ...(options.onStepFailure && { onStepFailure: options.onStepFailure }),
    execHost() {
      const { snapshotter = 'auto', executor = 'auto' } = options;
      host ??= openExecHost({ stage: store.stage(), snapshotter, executor });
      return host;
    },
  };
  let closed = false;
  return {
    name: 'local',
    async solve(request) {
      try {
        return await solve(request, services);
      } catch (error) {
        throw asFailure(error);
      }
    },
    async resolveSources(request) {
      try {
        return await resolveSources(request, services);
      } catch (error) {
        throw asFailure(error);
      }
    },
    async resolveImageConfig(reference, options = {}) {
      try {
        const { platform, credentials, signal = new AbortController().signal } = options;
        return await sources.resolveImageConfig(reference, {
          platform: platform && ociPlatform(platform),
          credentials,
          signal,
        });
      } catch (error) {
        throw asFailure(error);
      }
    },
    async close() {
      if (closed) return;
      closed = true;
      await sources.close();
      await host?.close();
      await store.close();
    },
  };
}
