import type { Writable } from 'node:stream';
import type { Definition, Platform } from '@llb-ts/pb';
import type { ProgressEvent } from './progress.ts';

/** One solve: what to build, from which inputs, and where the result goes. */
export interface SolveRequest {
  /** An empty definition is scratch: an empty filesystem. */
  readonly definition: Definition;
  /** Where the result goes; none: it is built and kept. Default: `[]`. */
  readonly exports: readonly ExportTarget[];
  /** Local sources: name → absolute path of a directory. Default: `{}`. */
  readonly locals: Readonly<Record<string, string>>;
  /** OCI layouts: store id → absolute path of the layout. Default: `{}`. */
  readonly ociLayouts: Readonly<Record<string, string>>;
  /** Asked once per secret id and build; undefined means "not found". Default: none are found. */
  readonly secrets: (id: string) => Promise<Uint8Array | undefined>;
  /** SSH agents: id → path of the agent's socket. Default: `{}`. */
  readonly ssh: Readonly<Record<string, string>>;
  /** Entitlements granted to the build, such as `network.host`. Default: `[]`. */
  readonly allow: readonly string[];
  /** Run every op again and store what comes out. Default: false. */
  readonly noCache: boolean;
  /** Image config that travels beside the definition; see {@link ImageConfig}. Default: none. */
  readonly imageConfig?: ImageConfig;
  /**
   * A result for each of several platforms, in this order, in place of `definition` and `imageConfig`; exporters make one
   * index of them, or one folder for each. Not empty, no platform twice. Default: one result.
   */
  readonly platforms?: readonly PlatformDefinition[];
  /** Stops the solve: running work is killed, what was finished stays. */
  readonly signal?: AbortSignal;
  /** Called for every event, in order, never after `solve` has settled. */
  readonly onProgress: (event: ProgressEvent) => void;
}

/** What to build for one of several platforms. */
export interface PlatformDefinition {
  /** What the result is for, normalised: exporters say so, ops keep what they say themselves. */
  readonly platform: Platform;
  readonly definition: Definition;
  /** Default: none but the platform. */
  readonly imageConfig?: ImageConfig;
}

/** A request of nothing, to spread the interesting fields over. */
export const defaultRequest: Omit<SolveRequest, 'definition'> = Object.freeze({
  exports: [],
  locals: {},
  ociLayouts: {},
  secrets: async () => undefined,
  ssh: {},
  allow: [],
  noCache: false,
  onProgress: () => {},
});

/** One exporter with BuildKit's name and attributes (`compression`, `source-date-epoch`, …), and its destination. */
export interface ExportTarget {
  readonly type: 'local' | 'tar' | 'oci' | 'docker' | 'image';
  /** Attributes as BuildKit knows them, without `dest`. */
  readonly attrs: Readonly<Record<string, string>>;
  readonly destination: ExportDestination;
}

export type ExportDestination =
  /** A folder that is made if it is missing; existing content stays (`local`, and `tar=false` layouts). */
  | { readonly kind: 'directory'; readonly path: string }
  /** A file, complete or absent: written beside its place and renamed. */
  | { readonly kind: 'file'; readonly path: string }
  /** Standard output, or any other stream; not closed by the exporter. */
  | { readonly kind: 'stream'; readonly stream: Writable }
  /** The exporter has its own place: a registry, the store. */
  | { readonly kind: 'none' };

/** What an image says about running it: the `config` of an OCI image config, under its JSON names. */
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
  /** What exporters answer, under BuildKit's keys (`containerimage.digest`, …). */
  readonly metadata: Readonly<Record<string, string>>;
  /**
   * Layers of the result, lowest → highest, of several platforms one after the other and each once; undefined where the
   * backend does not tell.
   */
  readonly layers?: readonly LayerSummary[];
}

export interface LayerSummary {
  readonly id: string;
  /** What made it, as in an image's history. */
  readonly description: string;
  /** Content in bytes. */
  readonly size: number;
}
