import type { Writable } from 'node:stream';
import type { Definition, Platform } from '@llb-ts/pb';
import { type Capabilities, NO_CAPABILITIES } from './capabilities.ts';
import type { ProgressEvent } from './progress.ts';

/** One solve: what to build, what it may use, and where the result goes. It holds nothing of this machine by itself. */
export interface SolveRequest extends Capabilities {
  readonly target: SolveTarget;
  /** Destinations of the result; none: it is built and kept. Default: `[]`. */
  readonly outputs: readonly Output[];
  /** Entitlements granted to the build, such as `network.host`. Default: `[]`. */
  readonly allow: readonly string[];
  /** Run every op again and store what comes out. Default: false. */
  readonly noCache: boolean;
  /** Stops the solve: running work is killed, what was finished stays. */
  readonly signal?: AbortSignal;
  /** Called for every event, in order, never after `solve` has settled. */
  readonly onProgress: (event: ProgressEvent) => void;
}

/** One result, or one for each of several platforms: exporters make one index of these, or one folder for each. */
export type SolveTarget =
  | ({ readonly kind: 'one' } & BuildDefinition)
  /** In this order; not empty, no platform twice. */
  | { readonly kind: 'platforms'; readonly platforms: readonly PlatformDefinition[] };

export interface BuildDefinition {
  /** An empty definition is scratch: an empty filesystem. */
  readonly definition: Definition;
  /** Image config that travels beside the definition; see {@link ImageConfig}. Default: none. */
  readonly imageConfig?: ImageConfig;
}

/** A build for one of several platforms. */
export interface PlatformDefinition extends BuildDefinition {
  /** The platform of the result, normalised: exporters name it, ops keep what they say themselves. */
  readonly platform: Platform;
}

/** A request of nothing, to spread the interesting fields over. */
export const defaultRequest: Omit<SolveRequest, 'target'> = Object.freeze({
  ...NO_CAPABILITIES,
  outputs: [],
  allow: [],
  noCache: false,
  onProgress: () => {},
});

/** One exporter with BuildKit's name and attributes (`compression`, `source-date-epoch`, …), and its sink. */
export interface Output {
  readonly type: 'local' | 'tar' | 'oci' | 'docker' | 'image';
  /** Attributes as BuildKit knows them, without `dest`. */
  readonly attrs: Readonly<Record<string, string>>;
  readonly sink: Sink;
}

/** The place that an exporter writes to. */
export type Sink =
  /** A folder that is made if it is missing; existing content stays (`local`, and `tar=false` layouts). */
  | { readonly kind: 'directory'; readonly path: string }
  /** A file, complete or absent: written beside its place and renamed. */
  | { readonly kind: 'file'; readonly path: string }
  /** Standard output, or any other stream; not closed by the exporter. */
  | { readonly kind: 'stream'; readonly stream: Writable }
  /** The exporter has its own place: a registry, the store. */
  | { readonly kind: 'none' };

/** How to run an image: the `config` of an OCI image config, under its JSON names. */
export interface ImageConfig {
  readonly platform?: Platform;
  readonly User?: string;
  readonly ExposedPorts?: Readonly<Record<string, object>>;
  readonly Env?: readonly string[];
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Volumes?: Readonly<Record<string, object>>;
  readonly WorkingDir?: string;
  readonly Labels?: Readonly<Record<string, string>>;
  readonly StopSignal?: string;
}

export interface SolveResult {
  /** The answers of exporters, under BuildKit's keys (`containerimage.digest`, …). */
  readonly metadata: Readonly<Record<string, string>>;
  /**
   * Layers of the result, lowest → highest, of several platforms one after the other and each once; undefined where the
   * backend does not tell.
   */
  readonly layers?: readonly LayerSummary[];
}

export interface LayerSummary {
  readonly id: string;
  /** The step that made it, as in an image's history. */
  readonly description: string;
  /** Content in bytes. */
  readonly size: number;
}
