import type { Constraints } from '@llb-ts/llb';
import type { OpMetadata } from '@llb-ts/pb';
import type { Capability } from '../base/capabilities.ts';

/**
 * Makes the metadata of ops from what the marshal says for all and what each op says for itself.
 *
 * Go's client shares one description map among all ops when the marshal itself has a description, so that each op also
 * carries the descriptions of those before it (docs/buildkit-semantics.md#metadata-of-ops). That is what BuildKit users see, so it is so here.
 */
export class MetadataMaker {
  readonly #all: Constraints;
  #shared: Readonly<Record<string, string>> | undefined;
  /** Most ops say the same: one record serves them all. */
  readonly #plain = new Map<string, OpMetadata>();

  constructor(all: Constraints) {
    this.#all = all;
    this.#shared = all.metadata.description;
  }

  make({ metadata: own }: Constraints, caps: readonly Capability[]): OpMetadata {
    const all = this.#all.metadata;
    const exportCache = own.exportCache ?? all.exportCache;
    const progressGroup = own.progressGroup ?? all.progressGroup;
    const linuxResources = own.linuxResources ?? all.linuxResources;
    const plain = this.#plainMetadata(caps);
    const description = this.#describe(own.description);
    const ignoreCache = all.ignoreCache || own.ignoreCache;
    if (!ignoreCache && !description && exportCache === undefined && !progressGroup && !linuxResources)
      return plain;
    return {
      ignoreCache,
      description: description ?? {},
      caps: plain.caps,
      ...(exportCache !== undefined && { exportCache: { value: exportCache } }),
      ...(progressGroup && { progressGroup }),
      ...(linuxResources && { linuxResources }),
    };
  }

  #plainMetadata(caps: readonly Capability[]): OpMetadata {
    const key = caps.join();
    let plain = this.#plain.get(key);
    if (!plain) {
      plain = {
        ignoreCache: false,
        description: {},
        caps: Object.fromEntries(caps.map((cap) => [cap, true])),
      };
      this.#plain.set(key, plain);
    }
    return plain;
  }

  #describe(own: Readonly<Record<string, string>> | undefined): Readonly<Record<string, string>> | undefined {
    if (!this.#shared) return own;
    if (own) this.#shared = { ...this.#shared, ...own };
    return this.#shared;
  }
}

/** Merges the metadata of a further vertex with the same digest (`mergeMetadata` of `client/llb/state.go`). */
export function mergeMetadata(before: OpMetadata, after: OpMetadata): OpMetadata {
  return {
    ...before,
    ...after,
    ignoreCache: before.ignoreCache || after.ignoreCache,
    description: { ...before.description, ...after.description },
    caps: { ...before.caps, ...after.caps },
  };
}

/** The capabilities of the last entry, which has no other metadata. */
export function headMetadata(all: Iterable<OpMetadata>): OpMetadata {
  const caps = new Set<Capability>(['constraints', 'platform']);
  for (const { ignoreCache, description, exportCache } of all) {
    if (ignoreCache) caps.add('meta.ignorecache');
    if (Object.keys(description).length > 0) caps.add('meta.description');
    if (exportCache) caps.add('meta.exportcache');
  }
  return {
    ignoreCache: false,
    description: {},
    caps: Object.fromEntries([...caps].map((cap) => [cap, true])),
  };
}
