import fs from 'node:fs';
import type { AgentSource } from '@llb-ts/backend';
import { CacheSharingOpt, type Mount } from '@llb-ts/pb';
import { mountableFolders } from '../../chain/mountable.ts';
import type { LayerRef, Ref } from '../../chain/ref.ts';
import type { Stores } from '../../chain/stores.ts';
import { stepFailure } from '../../error/error.ts';
import type { StepMount } from '../../executor/step/executor.ts';
import type { Pacer } from '../../host/pacer.ts';
import { listXattrs, removeXattr } from '../../host/syscalls.ts';
import { adoptUpper } from '../../layer/adopt-upper.ts';
import type { Draft } from '../../layer/draft.ts';
import { fsPath } from '../../name/bytes.ts';
import { materialise } from '../../snapshot/native-materialise.ts';
import type { Workspace } from '../../snapshot/snapshotter.ts';
import type { Workbench } from '../../work/operation.ts';
import type { CacheMounts, CacheSharing, HeldCache } from './cache-mounts.ts';
import type { ExecHost } from './exec-host.ts';
import type { PlannedMount } from './mount-plan.ts';
import { type SecretLookup, secretFailure } from './process-environment.ts';
import { pinPart, selectPart, selectsAll } from './selector.ts';
import { agentSocket, forwardAgent } from './ssh-agent.ts';

export interface ExecMountsOptions {
  readonly host: ExecHost;
  readonly caches: CacheMounts;
  readonly stores: Stores;
  readonly work: Workbench;
  readonly secrets: SecretLookup;
  readonly agents: AgentSource | undefined;
  /** Description of the step, for its layers and caches. */
  readonly name: string;
}

interface OpenDraft {
  readonly draft: Draft;
  readonly workspace: Workspace;
}

const SHARINGS: Readonly<Record<number, CacheSharing>> = {
  [CacheSharingOpt.shared]: 'shared',
  [CacheSharingOpt.private]: 'private',
  [CacheSharingOpt.locked]: 'locked',
};

let serial = 0;

/**
 * The mounts of one exec: opened before the process runs, committed as layers after it if they were written, and all
 * released at the end, also after a failure.
 */
export class ExecMounts {
  readonly #options: ExecMountsOptions;
  readonly #paths = new Map<PlannedMount, string>();
  readonly #drafts = new Map<PlannedMount, OpenDraft>();
  readonly #caches = new Map<string, HeldCache>();
  /** Lowest first; run in reverse. */
  readonly #undo: (() => void)[] = [];

  constructor(options: ExecMountsOptions) {
    this.#options = options;
  }

  /** Opens the content of a mount. Fails with BuildKit's texts. */
  async open(planned: PlannedMount): Promise<void> {
    const path = await this.#open(planned);
    if (path !== undefined) this.#paths.set(planned, path);
  }

  /**
   * The path of an opened tree, file or socket. Undefined if the runtime makes the mount, or if it is optional and missing.
   */
  pathOf(planned: PlannedMount): string | undefined {
    return this.#paths.get(planned);
  }

  /** The mount as the executor gets it; undefined if it is optional and missing. Not for the root. */
  stepMountOf(planned: PlannedMount): StepMount | undefined {
    const { mount, dest, kind } = planned;
    const isReadonly = mount.readonly || kind === 'secret';
    if (kind === 'tmpfs') return { type: 'tmpfs', dest, isReadonly, size: mount.tmpfsOpt?.size ?? 0 };
    const path = this.#paths.get(planned);
    if (path === undefined) return undefined;
    if (kind === 'secret') {
      const isProgram = ((mount.secretOpt?.mode ?? 0) & 0o111) !== 0;
      const restrictions = ['nodev', 'nosuid', ...(isProgram ? [] : (['noexec'] as const))] as const;
      return { type: 'bind', dest, isReadonly, source: path, restrictions };
    }
    return { type: 'bind', dest, isReadonly, source: this.#selected(planned, path) };
  }

  /** The layer of a written mount. The process must have ended; the mount is gone afterwards. */
  async commit(planned: PlannedMount): Promise<LayerRef> {
    const open = this.#drafts.get(planned);
    if (!open) throw new Error('Internal error: this mount was not written to');
    const { work, name } = this.#options;
    await open.workspace.capture();
    open.workspace.release();
    this.#drafts.delete(planned);
    try {
      await adoptUpper(open.draft);
      return await work.commit(open.draft, `mount ${planned.mount.dest} from ${name}`);
    } catch (error) {
      work.discard(open.draft);
      throw error;
    }
  }

  /** Releases all that is open; written content without a commit is deleted. */
  release(): void {
    for (const undo of this.#undo.reverse()) undo();
    for (const { workspace, draft } of this.#drafts.values()) {
      workspace.release();
      this.#options.work.discard(draft);
    }
    for (const cache of this.#caches.values()) cache.release();
  }

  async #open(planned: PlannedMount): Promise<string | undefined> {
    const { host, work } = this.#options;
    switch (planned.kind) {
      case 'view': {
        const view = await host.snapshotter.view(await this.#foldersOf(planned.base), work);
        this.#undo.push(() => view.release());
        return view.path;
      }
      case 'layer':
      case 'dropped':
        return await this.#edit(planned);
      case 'cache':
        return await this.#cache(planned);
      case 'secret':
        return await this.#secret(planned.mount);
      case 'ssh':
        return await this.#agent(planned.mount);
      case 'tmpfs':
        return undefined;
    }
  }

  async #edit(planned: PlannedMount): Promise<string> {
    const { host, work } = this.#options;
    const draft = work.edit(planned.base);
    try {
      const workspace = await host.snapshotter.edit(await this.#foldersOf(planned.base), draft);
      this.#drafts.set(planned, { draft, workspace });
      return workspace.path;
    } catch (error) {
      work.discard(draft);
      throw error;
    }
  }

  async #cache({ mount, base, dest }: PlannedMount): Promise<string> {
    const { caches, work, name } = this.#options;
    const { id = '', sharing = 0 } = mount.cacheOpt ?? {};
    const kind = SHARINGS[sharing];
    if (!kind) throw stepFailure(`invalid cache sharing option: ${sharing}`);
    const key = base ? `${id}:${base.id}` : id;
    const known = this.#caches.get(key);
    if (known) return known.path;
    const folders = base && (await this.#foldersOf(base));
    const held = await caches.acquire({
      key,
      sharing: kind,
      description: `cached mount ${dest} from ${name}${id === mount.dest ? '' : ` with id "${id}"`}`,
      signal: work.signal,
      ...(folders && { fill: (folder) => fillFrom(folders, folder, work) }),
    });
    this.#caches.set(key, held);
    return held.path;
  }

  async #secret({ secretOpt }: Mount): Promise<string | undefined> {
    if (!secretOpt) throw stepFailure('invalid secret mount options');
    const { id, mode, uid, gid, optional } = secretOpt;
    if (id === '') throw stepFailure('secret ID missing from mount options');
    const value = await this.#options.secrets(id);
    if (!value) {
      if (optional) return undefined;
      throw secretFailure(id);
    }
    const file = this.#newPrivatePath();
    this.#undo.push(() => fs.unlinkSync(file));
    fs.writeFileSync(file, value, { mode: 0o600, flag: 'wx' });
    fs.chownSync(file, uid, gid);
    fs.chmodSync(file, mode & 0o777);
    return file;
  }

  async #agent({ sshOpt }: Mount): Promise<string | undefined> {
    if (!sshOpt) throw stepFailure('invalid SSH mount options');
    let agent: string;
    try {
      agent = await agentSocket(sshOpt.id, this.#options.agents);
    } catch (error) {
      if (sshOpt.optional) return undefined;
      throw error;
    }
    const forwarded = await forwardAgent(agent, this.#newPrivatePath(), sshOpt);
    this.#undo.push(() => forwarded.close());
    return forwarded.path;
  }

  #selected({ mount, kind }: PlannedMount, tree: string): string {
    if (selectsAll(mount.selector) || kind === 'ssh') return tree;
    if (kind !== 'cache') return selectPart(tree, mount.selector);
    const { path, release } = pinPart(tree, mount.selector, this.#newPrivatePath());
    this.#undo.push(release);
    return path;
  }

  async #foldersOf(ref: Ref | undefined): Promise<readonly string[]> {
    if (!ref) return [];
    const { stores, work } = this.#options;
    const folders = await mountableFolders(stores.layers, stores.views.foldersOf(ref), work);
    return folders.map(({ path }) => path);
  }

  #newPrivatePath(): string {
    return `${this.#options.host.privateFolder}/files/${serial++}`;
  }
}

/** Fills a cache with a tree. Its root is a new folder's, but for the owner, as that of an overlay's snapshot. */
async function fillFrom(folders: readonly string[], target: string, pacer: Pacer): Promise<void> {
  await materialise(folders, target, pacer);
  for (const name of listXattrs(target)) removeXattr(target, name);
  fs.chmodSync(fsPath(target), 0o755);
}
