import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { type Capabilities, redactUrls } from '@llb-ts/backend';
import type { Ref } from '../../chain/ref.ts';
import type { RefStore } from '../../chain/ref-store.ts';
import { removeTree } from '../../host/files.ts';
import type { LayerStore } from '../../layer/layer-store.ts';
import type { HttpClient } from '../../registry/http-client.ts';
import type { Store } from '../../store/store.ts';
import type { Workbench } from '../../work/operation.ts';
import type { Source, SourceInstance } from '../contract/source.ts';
import {
  type GitAttributes,
  type GitSignatureAttributes,
  isCommit,
  parseGitAttributes,
} from './git-attributes.ts';
import { type BundleBlobs, type BundledCommit, bundleRef, importBundle, writeBundle } from './git-bundle.ts';
import { checkOut } from './git-checkout.ts';
import { type GitLogin, gitLogin } from './git-login.ts';
import { Git } from './git-program.ts';
import { GitRepository } from './git-repository.ts';
import { withoutPassword } from './git-url.ts';
import { withLock } from './repository-lock.ts';
import { checkCommit, pinnedCommit, type ResolvedCommit, resolveRef } from './resolve-commit.ts';
import { verifyCommit } from './verify-commit.ts';

export interface GitSourceOptions extends BundleBlobs {
  readonly store: Store;
  readonly layers: LayerStore;
  readonly refs: RefStore;
  readonly http: HttpClient;
  readonly capabilities: Pick<Capabilities, 'secrets' | 'agents'>;
}

/**
 * `git://`: commits of repositories, through the git program (`source/git`).
 *
 * Within one solve a remote is asked once what a ref names, so that several steps that use it see the same commit.
 */
export function gitSource(options: GitSourceOptions): Source {
  const resolved = new Map<string, Promise<ResolvedCommit>>();
  return {
    schemes: ['git'],
    open: ({ locator, attrs }) => new GitInstance(parseGitAttributes(locator, attrs), options, resolved),
  };
}

class GitInstance implements SourceInstance {
  readonly #attributes: GitAttributes;
  readonly #options: GitSourceOptions;
  readonly #resolved: Map<string, Promise<ResolvedCommit>>;
  #commit: ResolvedCommit | undefined;

  constructor(
    attributes: GitAttributes,
    options: GitSourceOptions,
    resolved: Map<string, Promise<ResolvedCommit>>,
  ) {
    this.#attributes = attributes;
    this.#options = options;
    this.#resolved = resolved;
  }

  async resolve(work: Workbench): Promise<Readonly<Record<string, unknown>>> {
    const { keepGitDir, subdir, skipSubmodules, mtime, checkoutBundle, remote } = this.#attributes;
    const commit = await this.#resolve(work);
    this.#commit = commit;
    if (this.#attributes.signature) await this.#verify(commit, this.#attributes.signature, work);
    // Of an annotated tag, its commit is what counts, unless the tag itself comes along.
    const object = keepGitDir || commit.peeled === '' ? commit.object : commit.peeled;
    return {
      kind: 'git',
      commit: object,
      // The repository's configuration names the remote.
      ...(keepGitDir && { gitDir: commit.ref, remote: redactUrls(remote) }),
      ...(subdir !== '' && { subdir }),
      ...(skipSubmodules && { skipSubmodules }),
      ...(mtime === 'commit' && { mtime }),
      ...(checkoutBundle && { bundle: this.#bundled(commit) }),
    };
  }

  async fetch(work: Workbench): Promise<Ref | undefined> {
    const commit = this.#commit ?? (await this.#resolve(work));
    return this.#fetched(commit, work, (repository, ref, stage) => this.#layer(repository, ref, stage, work));
  }

  /** A known result counts only for what is signed: it is asked before that is looked up. */
  #verify(commit: ResolvedCommit, signature: GitSignatureAttributes, work: Workbench): Promise<void> {
    return this.#fetched(commit, work, ({ git }, _, stage) =>
      verifyCommit(git, commit.object, signature, { stage, signal: work.signal }),
    );
  }

  /** Runs `use` with a repository that has the commit, and locks it meanwhile. */
  #fetched<T>(
    commit: ResolvedCommit,
    work: Workbench,
    use: (repository: GitRepository, ref: string, stage: () => string) => Promise<T>,
  ): Promise<T> {
    return this.#staged(work, async (git, stage) => {
      const { attributes, ref, from, sha256 } = await this.#plan(commit, git, stage, work);
      const { records } = this.#options.store;
      const folder = this.#folder();
      fs.mkdirSync(folder, { recursive: true });
      return withLock(`${folder}/lock`, work.signal, async () => {
        const repository = new GitRepository(`${folder}/repo.git`, git, {
          records,
          remote: attributes.remote,
          sha256,
        });
        await repository.fetch({ attributes, ref, object: commit.object, from });
        return use(repository, ref, stage);
      });
    });
  }

  #resolve(work: Workbench): Promise<ResolvedCommit> {
    const { ref, remote, checksum, bundle } = this.#attributes;
    const pinned = pinnedCommit(this.#attributes);
    if (pinned) return Promise.resolve(pinned);
    if (bundle && ref === '') return Promise.resolve({ ref: checksum, object: checksum, peeled: '' });
    const key = JSON.stringify([remote, ref, bundle?.reference.text]);
    let resolving = this.#resolved.get(key);
    if (!resolving) {
      resolving = this.#staged(work, async (git, stage) => {
        const url = bundle ? (await this.#import(git, stage(), work)).url : withoutPassword(remote);
        return resolveRef(git, url, ref);
      });
      this.#resolved.set(key, resolving);
      resolving.catch(() => this.#resolved.delete(key));
    }
    return resolving.then((commit) => {
      checkCommit(commit, checksum);
      return commit;
    });
  }

  /** The ref to fetch and the URL to fetch it from. A bundle is imported first. */
  async #plan(commit: ResolvedCommit, git: Git, stage: () => string, work: Workbench) {
    const { bundle, ref, checksum } = this.#attributes;
    if (!bundle) {
      const wanted = ref === '' ? commit.ref.replace(/^refs\/heads\//, '') : ref;
      return {
        attributes: this.#attributes,
        ref: wanted,
        from: undefined,
        sha256: commit.object.length === 64,
      };
    }
    const { url, sha256 } = await this.#import(git, stage(), work);
    const wanted = ref === '' || isCommit(ref) ? checksum : ref;
    return { attributes: this.#attributes, ref: wanted, from: url, sha256 };
  }

  #import(git: Git, folder: string, work: Workbench) {
    const { bundle, checksum } = this.#attributes;
    const tools = { git, blobs: this.#options, signal: work.signal };
    return importBundle({ bundle: bundle!, checksum }, folder, tools);
  }

  /** The contents of a bundle of the commit. */
  #bundled({ object }: ResolvedCommit): BundledCommit {
    const { ref, checksum } = this.#attributes;
    return { name: bundleRef(ref), commit: checksum === '' ? object : checksum };
  }

  async #layer(repository: GitRepository, ref: string, stage: () => string, work: Workbench): Promise<Ref> {
    const attributes = this.#attributes;
    const { layers, refs } = this.#options;
    const staged = layers.stageLayer();
    try {
      if (attributes.checkoutBundle) {
        await writeBundle(repository, this.#bundled(this.#commit!), stage(), `${staged.folder}/bundle`);
      } else {
        await checkOut(repository, { attributes, ref, folder: staged.folder });
      }
    } catch (error) {
      layers.drop(staged);
      throw error;
    }
    const id = layers.newId();
    await layers.commit(await layers.draftOf(staged, undefined, work), id);
    const what = attributes.checkoutBundle ? 'git bundle checkout for' : 'git snapshot for';
    const description = `${what} ${redactUrls(attributes.remote)}#${attributes.ref}`;
    return refs.save({ kind: 'layer', id, layer: id, description, createdAt: Date.now() });
  }

  /** Runs `use` with a git that is let in, and folders that are gone afterwards. */
  async #staged<T>(work: Workbench, use: (git: Git, stage: () => string) => Promise<T>): Promise<T> {
    const folders: string[] = [];
    const stage = () => {
      const folder = this.#options.layers.stage();
      folders.push(folder);
      return folder;
    };
    try {
      const { capabilities, http } = this.#options;
      const login = await gitLogin(this.#attributes, capabilities, http, stage);
      return await use(this.#git(login, work), stage);
    } finally {
      for (const folder of folders) removeTree(folder);
    }
  }

  #git({ authorization, credentials, sshSocket, knownHosts }: GitLogin, work: Workbench): Git {
    return new Git({
      // A blob is fetched by other means; git then needs no credentials.
      ...(!this.#attributes.bundle && { authorization, credentials }),
      sshSocket,
      knownHosts,
      advice: this.#attributes.advice,
      signal: work.signal,
      onOutput: (stream, data) => work.report({ type: 'log', stream, data }),
    });
  }

  #folder(): string {
    const name = createHash('sha256').update(this.#attributes.remote).digest('hex').slice(0, 40);
    return `${this.#options.store.root}/git/${name}`;
  }
}
