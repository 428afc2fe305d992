import type { ProgressEvent } from '@llb-ts/backend';
import type { PlatformStates, State } from '@llb-ts/llb';
import type { Definition } from '@llb-ts/pb';

/** Something to build: a State, one for each of several platforms, or a definition from anywhere. */
export type Buildable = State | PlatformStates | Definition;

/** An `AbortSignal`, where the types of a project have one: neither DOM nor Node's types are needed otherwise. */
type Signal = typeof globalThis extends { readonly AbortSignal: { readonly prototype: infer T } }
  ? T
  : unknown;

/** A destination of the result, as `--output` has it. */
export interface SolveOutput {
  readonly type: 'local' | 'tar' | 'oci' | 'docker' | 'image';
  /** Folder or file, relative to the current directory. An `image` has none: it is pushed. */
  readonly dest?: string;
  /** BuildKit's attributes: `{ name: 'registry.example.com/app', push: true }`. Default: none. */
  readonly attrs?: Readonly<Record<string, string | number | boolean>>;
}

/** How a build is solved. */
export interface SolveOptions {
  /** Destinations of the result. Default: none, it is built and kept. */
  readonly outputs?: readonly SolveOutput[];
  /** Folders of local sources, by name; they win over `Local(name, { dir })`. Default: those that the State names. */
  readonly locals?: Readonly<Record<string, string>>;
  /** OCI layouts, by store id. Default: none. */
  readonly ociLayouts?: Readonly<Record<string, string>>;
  /** Secrets, by id: their content. Default: none. */
  readonly secrets?: Readonly<Record<string, string | Uint8Array>>;
  /** Sockets of SSH agents, by id. Default: none. */
  readonly ssh?: Readonly<Record<string, string>>;
  /** Entitlements: `network.host`, `security.insecure`, `device`. Default: none. */
  readonly allow?: readonly string[];
  /** The store. Default: as `--state-dir`. */
  readonly stateDir?: string;
  /** Steps at work at one time, above 0. Default: the number of processors. */
  readonly jobs?: number;
  /** Run every step again. Default: false. */
  readonly noCache?: boolean;
  /** Stops the solve, which then fails with code `cancelled`. */
  readonly signal?: Signal;
  /** Called for all that happens, in order; never after the promise has settled. Default: none. */
  readonly onProgress?: (event: ProgressEvent) => void;
}
