/**
 * The shape of the graph that a build describes, as others read it: `marshal` lowers it, helpers walk it. Types only,
 * and all in one place because each of them leads to the others.
 *
 * A {@link HasState} is an {@link Output} (whose filesystem) and an {@link Environment} (what the next command sees).
 * An output is the result of a {@link Vertex}; a vertex takes outputs as inputs. Nothing changes once made, with one
 * exception that Go's API asks for: `ExecState.AddMount` adds a mount to a process that was described before.
 */
import type { CallSite } from '../base/call-site.ts';
import type { EnvList } from '../value/env-list.ts';
import type { ImageConfig } from '../value/image-config.ts';
import type { PlatformSpec } from '../value/platform.ts';
import type { SourceSpec } from './source-spec.ts';

/** The smallest shape of a State that the graph needs. */
export interface HasState {
  /** The output that it is the filesystem of; undefined for an empty one. */
  Output(): Output | undefined;
  readonly environment: Environment;
}

/** A filesystem: the result of a vertex, of a mount of a process, or of a state that is not known yet. */
export type Output =
  | {
      readonly kind: 'result';
      readonly vertex: ResultVertex;
      readonly index: number;
      readonly platform?: PlatformSpec;
    }
  | {
      readonly kind: 'mount';
      readonly vertex: ExecVertex;
      readonly mount: Mount;
      readonly platform?: PlatformSpec;
    }
  | { readonly kind: 'deferred'; readonly deferred: Deferred }
  /** A mount that keeps nothing; using it is an error with this message. */
  | { readonly kind: 'none'; readonly reason: string };

/** A node of the graph. */
export type Vertex = ExecVertex | ResultVertex;

/** Vertices whose outputs are counted, not named by a mount. */
export type ResultVertex =
  | SourceVertex
  | FileVertex
  | MergeVertex
  | DiffVertex
  | PassthroughVertex
  | BuildVertex
  | DefinitionVertex;

interface VertexBase {
  readonly constraints: Constraints;
  /** The call of the build file that made it. */
  readonly callSite: CallSite | undefined;
}

/** A filesystem that comes from outside the graph. */
export interface SourceVertex extends VertexBase {
  readonly kind: 'source';
  readonly source: SourceSpec;
}

/** A process. */
export interface ExecVertex extends VertexBase {
  readonly kind: 'exec';
  /** The environment of the process, options of its `Run` included. */
  readonly environment: Environment;
  /** The root first, then in the order they were added. Grows by `ExecState.AddMount`. */
  readonly mounts: readonly Mount[];
  readonly proxyEnv?: ProxyEnv;
  readonly secrets: readonly Secret[];
  readonly ssh: readonly SSHSocket[];
  readonly cdiDevices: readonly CDIDevice[];
}

/** A filesystem mounted into a process. */
export interface Mount {
  readonly target: string;
  /** Undefined: an empty filesystem. */
  readonly source: Output | undefined;
  readonly readonly: boolean;
  readonly noOutput: boolean;
  /** Path inside the source; empty for its root. */
  readonly selector: string;
  readonly cache?: { readonly id: string; readonly sharing: CacheMountSharingMode };
  readonly tmpfs?: { readonly size: number };
  readonly contentCache: MountContentCache;
}

/** The sharing of a cache folder: by everybody, everybody one of their own, or one after the other. */
export type CacheMountSharingMode = 'shared' | 'private' | 'locked';
/** True if the content of a mount counts for the cache, not how it was made. */
export type MountContentCache = 'default' | 'on' | 'off';
/** The network of a process: the daemon's usual one, the daemon's own, or none. */
export type NetMode = 'sandbox' | 'host' | 'none';
/** How much a process may do: as in an ordinary container, or everything. */
export type SecurityMode = 'sandbox' | 'insecure';

/** Proxy settings that a process sees and that are no part of its cache key. */
export interface ProxyEnv {
  /** Default for each: none. */
  readonly httpProxy?: string;
  readonly httpsProxy?: string;
  readonly ftpProxy?: string;
  readonly noProxy?: string;
  readonly allProxy?: string;
}

/** A secret of a process. */
export interface Secret {
  readonly id: string;
  /** File in the process' filesystem. */
  readonly target: string | undefined;
  /** Environment variable. */
  readonly env: string | undefined;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly optional: boolean;
}

/** A forwarded ssh agent of a process. */
export interface SSHSocket {
  readonly id: string;
  /** Empty: `/run/buildkit/ssh_agent.N`. */
  readonly target: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly optional: boolean;
}

/** A device that a process asks for. */
export interface CDIDevice {
  readonly name: string;
  readonly optional: boolean;
}

/** A chain of file actions as one step. */
export interface FileVertex extends VertexBase {
  readonly kind: 'file';
  readonly actions: BoundActions;
}

/** A chain of file actions, first → last, on one state. Its identity counts: equal chains are different steps. */
export interface BoundActions {
  readonly steps: readonly FileStep[];
  readonly state: HasState;
}

/** One file action. Paths are as given; they are resolved against the states' directories when lowered. */
export type FileStep =
  | {
      readonly kind: 'mkdir';
      readonly path: string;
      readonly mode: number;
      readonly makeParents: boolean;
      readonly owner: Owner | undefined;
      readonly createdTime: bigint | undefined;
    }
  | {
      readonly kind: 'mkfile';
      readonly path: string;
      readonly mode: number;
      readonly data: Uint8Array;
      readonly owner: Owner | undefined;
      readonly createdTime: bigint | undefined;
    }
  | {
      readonly kind: 'symlink';
      readonly oldpath: string;
      readonly newpath: string;
      readonly owner: Owner | undefined;
      readonly createdTime: bigint | undefined;
    }
  | {
      readonly kind: 'rm';
      readonly path: string;
      readonly allowNotFound: boolean;
      readonly allowWildcard: boolean;
    }
  | CopyStep;

/** A copy from a state or from the result of other actions. */
export interface CopyStep {
  readonly kind: 'copy';
  /** A state, or actions whose result is copied from without being an op of their own. */
  readonly from:
    | { readonly kind: 'state'; readonly state: HasState }
    | { readonly kind: 'actions'; readonly actions: BoundActions };
  readonly src: string;
  readonly dest: string;
  /** Unix bits, chmod(1) text, or undefined to keep the source's. */
  readonly mode: number | string | undefined;
  readonly followSymlinks: boolean;
  readonly copyDirContentsOnly: boolean;
  readonly includePatterns: readonly string[];
  readonly excludePatterns: readonly string[];
  readonly requiredPaths: readonly string[];
  readonly attemptUnpack: boolean;
  readonly createDestPath: boolean;
  readonly allowWildcard: boolean;
  readonly allowEmptyWildcard: boolean;
  readonly alwaysReplaceExistingDestPaths: boolean;
  readonly owner: Owner | undefined;
  readonly createdTime: bigint | undefined;
}

/** The owner of the files that an action makes. A part that is missing is left as BuildKit's default for the action. */
export interface Owner {
  readonly user?: UserOpt;
  readonly group?: UserOpt;
}

/** By number, or by a name that `/etc/passwd` or `/etc/group` of the state acted on knows. */
export type UserOpt = { readonly uid: number } | { readonly name: string };

/** Filesystems laid over each other. */
export interface MergeVertex extends VertexBase {
  readonly kind: 'merge';
  /** Lowest → highest; at least two. */
  readonly inputs: readonly Output[];
}

/** The change from `lower` to `upper`. */
export interface DiffVertex extends VertexBase {
  readonly kind: 'diff';
  readonly lower: Output | undefined;
  readonly upper: Output | undefined;
}

/** Hands some inputs through once all are solved. */
export interface PassthroughVertex extends VertexBase {
  readonly kind: 'passthrough';
  readonly id: string;
  readonly inputs: readonly Output[];
  /** For each output, the input that it is. */
  readonly outputs: readonly number[];
}

/** Solves a definition that its input holds as a file. */
export interface BuildVertex extends VertexBase {
  readonly kind: 'build';
  readonly source: Output;
  /** File that holds the definition; empty: `/buildkit.llb.definition`. */
  readonly filename: string;
}

/** An op that was made elsewhere and is carried as it is; only who loaded it can read it. */
export interface DefinitionVertex extends VertexBase {
  readonly kind: 'definition';
  readonly loaded: object;
}

/** The environment of the next command. A field that is missing was never set, or is set by what `base` resolves to. */
export interface Environment {
  /** The source of values that are not set here. */
  readonly base?: Deferred;
  readonly env: EnvList;
  /** Absolute, as given. */
  readonly dir?: string;
  /** Below the directory that `base` resolves to; only while there is a `base` and no `dir`. */
  readonly relativeDir?: string;
  /** `dir` or `relativeDir` is as short as it can be written. Default: not known. */
  readonly hasCleanDir?: boolean;
  readonly user?: string;
  readonly hostname?: string;
  readonly platform?: PlatformSpec;
  readonly network?: NetMode;
  readonly security?: SecurityMode;
  readonly extraHosts: readonly HostIP[];
  readonly ulimits: readonly Ulimit[];
  readonly cgroupParent?: string;
  readonly args?: readonly string[];
  readonly validExitCodes?: readonly number[];
  readonly values?: ReadonlyMap<unknown, unknown>;
  readonly imageConfig?: ImageConfig;
}

/** A line of `/etc/hosts`. */
export interface HostIP {
  readonly host: string;
  readonly ip: string;
}

/** A limit of a resource of processes; -1 is none. */
export interface Ulimit {
  readonly name: string;
  readonly soft: bigint;
  readonly hard: bigint;
}

/** A state that a function will compute. It is computed once, however often it is used. */
export interface Deferred {
  readonly compute: (context: AsyncContext) => HasState | Promise<HasState>;
  readonly callSite: CallSite | undefined;
  /** Set once by who computed it. */
  outcome: { readonly state: HasState } | { readonly error: unknown } | undefined;
}

/** The facts and questions that an async state may use. */
export interface AsyncContext {
  /** Constraints of the marshal that needs the state. */
  readonly constraints: Constraints;
  /** Answers for `WithMetaResolver()` without a resolver of its own. */
  readonly imageConfigResolver?: ImageConfigResolver;
}

/** Tells what an image says about itself, and its digest. */
export interface ImageConfigResolver {
  resolveImageConfig(ref: string, options: ResolveImageOptions): Promise<ResolvedImage>;
}

/** Options of a question to an {@link ImageConfigResolver}. */
export interface ResolveImageOptions {
  readonly platform: PlatformSpec | undefined;
  readonly resolveMode: 'default' | 'pull' | 'local';
}

/** An answer of an {@link ImageConfigResolver}. */
export interface ResolvedImage {
  /** The reference that was resolved, tag kept. */
  readonly ref: string;
  /** `sha256:…` of its manifest or index; empty or missing when not known. */
  readonly digest?: string;
  /** The image config as JSON. */
  readonly config: string | Uint8Array;
}

/** The constraints of an op; only platform and filters are part of its digest. */
export interface Constraints {
  readonly platform?: PlatformSpec;
  /** Filter expressions for the worker. */
  readonly workerConstraints: readonly string[];
  readonly metadata: OpMetadata;
  /** Value of `local.unique`; empty: chosen by the marshal. */
  readonly localUniqueID: string;
  /** Capabilities of the daemon that will solve; undefined: not known. */
  readonly caps?: ReadonlySet<string>;
  readonly sourceLocations: readonly SourceLocation[];
}

/** Data about an op that is no part of its digest. */
export interface OpMetadata {
  readonly ignoreCache: boolean;
  readonly description?: Readonly<Record<string, string>>;
  /** true: always exported with the cache, false: never, undefined: as the build says. */
  readonly exportCache?: boolean;
  readonly progressGroup?: { readonly id: string; readonly name: string; readonly weak: boolean };
  readonly linuxResources?: LinuxResources;
}

/** Limits of a process' control group; 0 and empty mean no limit. */
export interface LinuxResources {
  /** Bytes. */
  readonly memory: bigint;
  /** Bytes of memory and swap together; -1: no limit. */
  readonly memorySwap: bigint;
  readonly cpuShares: bigint;
  /** Microseconds. */
  readonly cpuPeriod: bigint;
  /** Microseconds per period; -1: no limit. */
  readonly cpuQuota: bigint;
  readonly cpusetCpus: string;
  readonly cpusetMems: string;
}

/** A place that an op comes from. */
export interface SourceLocation {
  readonly map: SourceText;
  readonly ranges: readonly Range[];
}

/** A file that describes the build, for messages that point into it. */
export interface SourceText {
  readonly filename: string;
  readonly language: string;
  readonly data: Uint8Array;
  /** The state that holds the file, if it came out of a build. */
  readonly state: HasState | undefined;
}

/** A stretch of a file; the end may lie before the start's column only on a later line. */
export interface Range {
  readonly start: Position;
  readonly end: Position;
}

/** A place in a file. */
export interface Position {
  /** 1 for the first line. */
  readonly line: number;
  /** 0 for the first character. */
  readonly character: number;
}
