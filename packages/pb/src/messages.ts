/**
 * The messages of the LLB wire contract as readonly values (names and meaning: `solver/pb/ops.proto` of BuildKit).
 *
 * A field with a proto3 default is required here and carries that default (`''`, `0`, `false`, `[]`), so that reading
 * code never asks twice; a sub-message that may be missing is optional. 64-bit integers that hold an index or a byte
 * count are `number` (reading one beyond 2^53 is an error); those that use the whole range (nanoseconds, limits) are
 * `bigint`. Maps are plain objects; the codec sorts them.
 */

/** One vertex of the graph as it travels. Exactly one kind of operation, or none: the last op of a definition. */
export interface Op {
  readonly inputs: readonly Input[];
  readonly platform?: Platform;
  /** Always written by the Go client, even when it holds no filter. */
  readonly constraints?: WorkerConstraints;
  readonly op?: OpKind;
}

/** The operation of an {@link Op}. `kind` is the name of the oneof member. */
export type OpKind =
  | ({ readonly kind: 'exec' } & ExecOp)
  | ({ readonly kind: 'source' } & SourceOp)
  | ({ readonly kind: 'file' } & FileOp)
  | ({ readonly kind: 'build' } & BuildOp)
  | ({ readonly kind: 'merge' } & MergeOp)
  | ({ readonly kind: 'diff' } & DiffOp)
  | ({ readonly kind: 'passthrough' } & PassthroughOp);

export interface Input {
  readonly digest: string;
  readonly index: number;
}

export interface Platform {
  readonly architecture: string;
  readonly os: string;
  readonly variant: string;
  readonly osVersion: string;
  readonly osFeatures: readonly string[];
}

export interface WorkerConstraints {
  readonly filter: readonly string[];
}

export interface ExecOp {
  readonly meta?: Meta;
  readonly mounts: readonly Mount[];
  readonly network: NetMode;
  readonly security: SecurityMode;
  readonly secretenv: readonly SecretEnv[];
  readonly cdiDevices: readonly CDIDevice[];
}

export interface Meta {
  readonly args: readonly string[];
  readonly env: readonly string[];
  readonly cwd: string;
  readonly user: string;
  readonly proxyEnv?: ProxyEnv;
  readonly extraHosts: readonly HostIP[];
  readonly hostname: string;
  readonly ulimit: readonly Ulimit[];
  readonly cgroupParent: string;
  readonly removeMountStubsRecursive: boolean;
  readonly validExitCodes: readonly number[];
}

export interface HostIP {
  readonly host: string;
  readonly ip: string;
}

export interface Ulimit {
  readonly name: string;
  readonly soft: bigint;
  readonly hard: bigint;
}

export interface ProxyEnv {
  readonly httpProxy: string;
  readonly httpsProxy: string;
  readonly ftpProxy: string;
  readonly noProxy: string;
  readonly allProxy: string;
}

export interface SecretEnv {
  readonly id: string;
  readonly name: string;
  readonly optional: boolean;
}

export interface CDIDevice {
  readonly name: string;
  readonly optional: boolean;
}

export interface Mount {
  /** Index into the op's inputs, or -1 for an empty filesystem. */
  readonly input: number;
  readonly selector: string;
  readonly dest: string;
  /** -1: what is written is dropped. Any other number only says that there is an output (B.6.1). */
  readonly output: number;
  readonly readonly: boolean;
  readonly mountType: MountType;
  readonly tmpfsOpt?: TmpfsOpt;
  readonly cacheOpt?: CacheOpt;
  readonly secretOpt?: SecretOpt;
  readonly sshOpt?: SSHOpt;
  readonly resultID: string;
  readonly contentCache: MountContentCache;
}

export interface TmpfsOpt {
  readonly size: number;
}

export interface CacheOpt {
  readonly id: string;
  readonly sharing: CacheSharingOpt;
}

export interface SecretOpt {
  readonly id: string;
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
  readonly optional: boolean;
}

export type SSHOpt = SecretOpt;

export interface SourceOp {
  readonly identifier: string;
  readonly attrs: Readonly<Record<string, string>>;
}

export interface BuildOp {
  readonly builder: number;
  readonly inputs: Readonly<Record<string, BuildInput>>;
  readonly def?: DefinitionMessage;
  readonly attrs: Readonly<Record<string, string>>;
}

export interface BuildInput {
  readonly input: number;
}

export interface FileOp {
  readonly actions: readonly FileAction[];
}

export interface FileAction {
  /** Below the number of op inputs: that input; above: the result of action `input - inputs.length`; -1: empty. */
  readonly input: number;
  readonly secondaryInput: number;
  readonly output: number;
  readonly action?: FileActionKind;
}

/** The action of a {@link FileAction}. `kind` is the name of the oneof member. */
export type FileActionKind =
  | ({ readonly kind: 'copy' } & FileActionCopy)
  | ({ readonly kind: 'mkfile' } & FileActionMkFile)
  | ({ readonly kind: 'mkdir' } & FileActionMkDir)
  | ({ readonly kind: 'rm' } & FileActionRm)
  | ({ readonly kind: 'symlink' } & FileActionSymlink);

export interface FileActionCopy {
  readonly src: string;
  readonly dest: string;
  readonly owner?: ChownOpt;
  /** -1: keep the mode of the source. */
  readonly mode: number;
  readonly followSymlink: boolean;
  readonly dirCopyContents: boolean;
  readonly attemptUnpackDockerCompatibility: boolean;
  readonly createDestPath: boolean;
  readonly allowWildcard: boolean;
  readonly allowEmptyWildcard: boolean;
  /** Nanoseconds since 1970; -1n: keep the times of the source. */
  readonly timestamp: bigint;
  readonly includePatterns: readonly string[];
  readonly excludePatterns: readonly string[];
  readonly alwaysReplaceExistingDestPaths: boolean;
  readonly modeStr: string;
  readonly requiredPaths: readonly string[];
}

export interface FileActionMkFile {
  readonly path: string;
  readonly mode: number;
  readonly data: Uint8Array;
  readonly owner?: ChownOpt;
  /** Nanoseconds since 1970; -1n: now. */
  readonly timestamp: bigint;
}

export interface FileActionMkDir {
  readonly path: string;
  readonly mode: number;
  readonly makeParents: boolean;
  readonly owner?: ChownOpt;
  /** Nanoseconds since 1970; -1n: now. */
  readonly timestamp: bigint;
}

export interface FileActionRm {
  readonly path: string;
  readonly allowNotFound: boolean;
  readonly allowWildcard: boolean;
}

export interface FileActionSymlink {
  readonly oldpath: string;
  readonly newpath: string;
  readonly owner?: ChownOpt;
  /** Nanoseconds since 1970; -1n: now. */
  readonly timestamp: bigint;
}

export interface ChownOpt {
  readonly user?: UserOpt;
  readonly group?: UserOpt;
}

export interface UserOpt {
  readonly user?: UserOptKind;
}

/** The user of a {@link UserOpt}. `kind` is the name of the oneof member. */
export type UserOptKind =
  | ({ readonly kind: 'byName' } & NamedUserOpt)
  | { readonly kind: 'byID'; readonly value: number };

export interface NamedUserOpt {
  readonly name: string;
  /** The op input whose /etc/passwd (or /etc/group) knows the name. */
  readonly input: number;
}

export interface MergeOp {
  readonly inputs: readonly MergeInput[];
}

export interface MergeInput {
  readonly input: number;
}

export interface DiffOp {
  readonly lower?: DiffInput;
  readonly upper?: DiffInput;
}

export interface DiffInput {
  /** -1: empty. */
  readonly input: number;
}

export interface PassthroughOp {
  readonly id: string;
  readonly outputs: readonly number[];
}

/** What a definition says about an op without changing its digest. */
export interface OpMetadata {
  readonly ignoreCache: boolean;
  readonly description: Readonly<Record<string, string>>;
  readonly exportCache?: ExportCache;
  readonly caps: Readonly<Record<string, boolean>>;
  readonly progressGroup?: ProgressGroup;
  readonly linuxResources?: LinuxResources;
}

export interface ExportCache {
  readonly value: boolean;
}

export interface ProgressGroup {
  readonly id: string;
  readonly name: string;
  readonly weak: boolean;
}

export interface LinuxResources {
  readonly memory: bigint;
  readonly memorySwap: bigint;
  readonly cpuShares: bigint;
  readonly cpuPeriod: bigint;
  readonly cpuQuota: bigint;
  readonly cpusetCpus: string;
  readonly cpusetMems: string;
}

/** A definition exactly as it travels; `Definition` is the checked form. */
export interface DefinitionMessage {
  readonly def: readonly Uint8Array[];
  readonly metadata: Readonly<Record<string, OpMetadata>>;
  readonly source?: Source;
}

export interface Source {
  readonly locations: Readonly<Record<string, Locations>>;
  readonly infos: readonly SourceInfo[];
}

export interface SourceInfo {
  readonly filename: string;
  readonly data: Uint8Array;
  readonly definition?: DefinitionMessage;
  readonly language: string;
}

export interface Locations {
  readonly locations: readonly Location[];
}

export interface Location {
  readonly sourceIndex: number;
  readonly ranges: readonly Range[];
}

export interface Range {
  readonly start?: Position;
  readonly end?: Position;
}

export interface Position {
  /** 1 for the first line. */
  readonly line: number;
  /** 0 for the first character. */
  readonly character: number;
}

export const MountType = { bind: 0, secret: 1, ssh: 2, cache: 3, tmpfs: 4 } as const;
export type MountType = number;

export const MountContentCache = { default: 0, on: 1, off: 2 } as const;
export type MountContentCache = number;

export const CacheSharingOpt = { shared: 0, private: 1, locked: 2 } as const;
export type CacheSharingOpt = number;

export const NetMode = { unset: 0, host: 1, none: 2 } as const;
export type NetMode = number;

export const SecurityMode = { sandbox: 0, insecure: 1 } as const;
export type SecurityMode = number;

/** Where an op has no input (`solver/pb/const.go`). */
export const EMPTY_INPUT = -1;
/** A mount whose writes are dropped, a file action whose result is not an output of the op. */
export const SKIP_OUTPUT = -1;
/** The builder of a build op that is solved as LLB by the same solver. */
export const LLB_BUILDER = -1;
/** The input of a build op that holds the definition, and the default name of the file in it. */
export const LLB_DEFINITION_INPUT = 'buildkit.llb.definition';
