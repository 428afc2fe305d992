import { createHash } from 'node:crypto';
import fs from 'node:fs';
import type { FolderSource } from '@llb-ts/backend';
import type { StoredDigests } from '../../cache/digest-memo.ts';
import type { LayerRef, Ref } from '../../chain/ref.ts';
import type { RefStore } from '../../chain/ref-store.ts';
import { errnoOf, stepFailure } from '../../error/error.ts';
import type { LayerStore } from '../../layer/layer-store.ts';
import type { Store } from '../../store/store.ts';
import type { Workbench } from '../../work/operation.ts';
import type { Source, SourceInstance } from '../contract/source.ts';
import { transferFolder } from './folder-transfer.ts';
import { type LocalAttributes, parseLocalAttributes } from './local-attributes.ts';

export interface LocalSourceOptions {
  readonly store: Store;
  readonly layers: LayerStore;
  readonly refs: RefStore;
  readonly digests: StoredDigests;
  readonly folders: FolderSource;
}

/**
 * `local://`: folders of the client that requests the solve (`source/local`).
 *
 * The key's computation reads the folder and compares it with an index of its earlier contents: an unchanged
 * folder costs a look at every entry's metadata and gives the same ref. Its key is a digest of what was brought.
 */
export function localSource(options: LocalSourceOptions): Source {
  return {
    schemes: ['local'],
    open: ({ locator, attrs }) => new LocalInstance(parseLocalAttributes(locator, attrs), options),
  };
}

class LocalInstance implements SourceInstance {
  readonly transfersToResolve = true;
  readonly #attributes: LocalAttributes;
  readonly #options: LocalSourceOptions;
  #ref: Ref | undefined;

  constructor(attributes: LocalAttributes, options: LocalSourceOptions) {
    this.#attributes = attributes;
    this.#options = options;
  }

  async resolve(work: Workbench): Promise<Readonly<Record<string, unknown>>> {
    const { name } = this.#attributes;
    const { digest, layer } = await transferFolder(await this.#folder(), this.#attributes, {
      ...this.#options,
      work,
    });
    this.#ref = this.#refOf(name, layer);
    return { kind: 'local', name, digest: `sha256:${digest}` };
  }

  async fetch(): Promise<Ref | undefined> {
    return this.#ref;
  }

  async #folder(): Promise<string> {
    const { name } = this.#attributes;
    const folder = (await this.#options.folders(name))?.path;
    if (folder === undefined) {
      throw stepFailure(`no access allowed to dir "${name}"`, {
        hint: `name the folder: --local ${name}=DIR`,
      });
    }
    try {
      const real = fs.realpathSync(folder, { encoding: 'buffer' }).toString('latin1');
      if (fs.statSync(folder).isDirectory()) return real;
    } catch (error) {
      if (errnoOf(error) === undefined) throw error;
      const reason = errnoOf(error) === 'ENOENT' ? 'no such file or directory' : String(errnoOf(error));
      throw stepFailure(`resolve ${folder}: ${reason}`, { cause: error });
    }
    throw stepFailure(`stat ${folder}: not a directory`);
  }

  /** One ref per name and content, so that two names for equal folders stay two refs. */
  #refOf(name: string, layer: string): LayerRef {
    const id = `local-${createHash('sha256').update(`${name}\0${layer}`).digest('hex').slice(0, 40)}`;
    const known = this.#options.refs.load(id);
    if (known?.kind === 'layer') return known;
    const ref: LayerRef = {
      kind: 'layer',
      id,
      layer,
      description: `local source for ${name}`,
      createdAt: Date.now(),
    };
    this.#options.refs.save(ref);
    return ref;
  }
}
