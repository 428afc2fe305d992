import type { Platform } from '@llb-ts/pb';
import type { Ref } from '../../chain/ref.ts';
import type { Workbench } from '../../work/operation.ts';

/** A source op: `SCHEME://LOCATOR` with attributes. */
export interface SourceRequest {
  readonly scheme: string;
  /** The identifier behind `://`. */
  readonly locator: string;
  /** `image.resolvemode`, `local.includepattern` and so on. */
  readonly attrs: Readonly<Record<string, string>>;
  /** Of the op; undefined means this machine's. */
  readonly platform: Platform | undefined;
}

/**
 * An origin of filesystems: local folders, images, Git repositories, files on the web.
 *
 * Its life: `open` reads the request (a malformed one throws at once), `resolve` finds out what exactly it means today,
 * `fetch` brings it, if it is not here yet.
 *
 * ```ts
 * const instance = source.open({ scheme: 'docker-image', locator: 'docker.io/library/alpine:3.20', attrs: {}, platform });
 * const key = await instance.resolve(work);   // { digest: 'sha256:…', os: 'linux', arch: 'amd64' }
 * const ref = await instance.fetch(work);     // three layers, one on the other
 * ```
 */
export interface Source {
  /** The schemes it answers to. */
  readonly schemes: readonly string[];
  /** Reads a request. Fails with BuildKit's text for an attribute that cannot be understood. */
  open(request: SourceRequest): SourceInstance;
}

export interface SourceInstance {
  /** That `resolve` brings the content already, so that a failure of it is none of the key's. Default: false. */
  readonly transfersToResolve?: boolean;
  /** The cache key of the result, as JSON data: equal keys, equal results. Called once, before `fetch`. */
  resolve(work: Workbench): Promise<Readonly<Record<string, unknown>>>;
  /** The filesystem; undefined where it is empty. */
  fetch(work: Workbench): Promise<Ref | undefined>;
}
