/**
 * The messages of the LLB wire contract as readonly values (names and meaning: `solver/pb/ops.proto` of BuildKit).
 *
 * A field with a proto3 default is required here and carries that default (`''`, `0`, `false`, `[]`), so that reading
 * code never asks twice; a sub-message that may be missing is optional. 64-bit integers that hold an index or a byte
 * count are `number` (reading one beyond 2^53 is an error); those that use the whole range (nanoseconds, limits) are
 * `bigint`. Maps are plain objects; the codec sorts them.
 */
import type { DefinitionMessage } from './definition-messages.ts';

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

/** An edge: an output of another op. */
export interface Input {
  readonly digest: string;
  readonly index: number;
}

/** An operating system and processor. */
export interface Platform {
  readonly architecture: string;
  readonly os: string;
  readonly variant: string;
  readonly osVersion: string;
  readonly osFeatures: readonly string[];
}

/** Conditions on the worker that runs an op. */
export interface WorkerConstraints {
  readonly filter: readonly string[];
}

/** Runs a process. */
export interface ExecOp {
  readonly meta?: Meta;
  readonly mounts: readonly Mount[];
  readonly network: NetMode;
  readonly security: SecurityMode;
  readonly secretenv: readonly SecretEnv[];
  readonly cdiDevices: readonly CDIDevice[];
}

/** A process and its surroundings. */
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

/** A line of `/etc/hosts`. */
export interface HostIP {
  readonly host: string;
  readonly ip: string;
}

/** A limit of a resource; -1 is none. */
export interface Ulimit {
  readonly name: string;
  readonly soft: bigint;
  readonly hard: bigint;
}

/** Proxies that a process sees and that do not count for its cache. */
export interface ProxyEnv {
  readonly httpProxy: string;
  readonly httpsProxy: string;
  readonly ftpProxy: string;
  readonly noProxy: string;
  readonly allProxy: string;
}

/** A secret in an environment variable. */
export interface SecretEnv {
  readonly id: string;
  readonly name: string;
  readonly optional: boolean;
}

/** A device that a process asks for. */
export interface CDIDevice {
  readonly name: string;
  readonly optional: boolean;
}

/** A filesystem mounted into a process. */
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

/** Bytes that a tmpfs may hold; 0: no limit of its own. */
export interface TmpfsOpt {
  readonly size: number;
}

/** A folder of the daemon that stays from build to build. */
export interface CacheOpt {
  readonly id: string;
  readonly sharing: CacheSharingOpt;
}

/** A secret in a file. */
export interface SecretOpt {
  readonly id: string;
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
  readonly optional: boolean;
}

/** A forwarded ssh agent. */
export type SSHOpt = SecretOpt;

/** A filesystem that comes from outside the graph. */
export interface SourceOp {
  readonly identifier: string;
  readonly attrs: Readonly<Record<string, string>>;
}

/** Solves a definition that an input holds as a file. */
export interface BuildOp {
  readonly builder: number;
  readonly inputs: Readonly<Record<string, BuildInput>>;
  readonly def?: DefinitionMessage;
  readonly attrs: Readonly<Record<string, string>>;
}

/** An input of a build, under a name. */
export interface BuildInput {
  readonly input: number;
}

/** Changes files. */
export interface FileOp {
  readonly actions: readonly FileAction[];
}

/** One change of files. */
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

/** Copies from one filesystem into another. */
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

/** Makes a file. */
export interface FileActionMkFile {
  readonly path: string;
  readonly mode: number;
  readonly data: Uint8Array;
  readonly owner?: ChownOpt;
  /** Nanoseconds since 1970; -1n: now. */
  readonly timestamp: bigint;
}

/** Makes a directory. */
export interface FileActionMkDir {
  readonly path: string;
  readonly mode: number;
  readonly makeParents: boolean;
  readonly owner?: ChownOpt;
  /** Nanoseconds since 1970; -1n: now. */
  readonly timestamp: bigint;
}

/** Removes a file or directory. */
export interface FileActionRm {
  readonly path: string;
  readonly allowNotFound: boolean;
  readonly allowWildcard: boolean;
}

/** Makes a symbolic link. */
export interface FileActionSymlink {
  readonly oldpath: string;
  readonly newpath: string;
  readonly owner?: ChownOpt;
  /** Nanoseconds since 1970; -1n: now. */
  readonly timestamp: bigint;
}

/** The owner of the files that an action makes. */
export interface ChownOpt {
  readonly user?: UserOpt;
  readonly group?: UserOpt;
}

/** A user or group, by name or number; none: the default. */
export interface UserOpt {
  readonly user?: UserOptKind;
}

/** The user of a {@link UserOpt}. `kind` is the name of the oneof member. */
export type UserOptKind =
  | ({ readonly kind: 'byName' } & NamedUserOpt)
  | { readonly kind: 'byID'; readonly value: number };

/** A user or group by name. */
export interface NamedUserOpt {
  readonly name: string;
  /** The op input whose /etc/passwd (or /etc/group) knows the name. */
  readonly input: number;
}

/** Lays filesystems over each other, lowest first. */
export interface MergeOp {
  readonly inputs: readonly MergeInput[];
}

/** One filesystem of a merge. */
export interface MergeInput {
  readonly input: number;
}

/** The change from `lower` to `upper`. */
export interface DiffOp {
  readonly lower?: DiffInput;
  readonly upper?: DiffInput;
}

/** One side of a diff. */
export interface DiffInput {
  /** -1: empty. */
  readonly input: number;
}

/** Hands some inputs through once all are solved. */
export interface PassthroughOp {
  readonly id: string;
  readonly outputs: readonly number[];
}

/** Kinds of mounts and their numbers. */
export const MountType = { bind: 0, secret: 1, ssh: 2, cache: 3, tmpfs: 4 } as const;
/** Kinds of mounts and their numbers. */
export type MountType = number;

/** Use of a mount's content for the cache key, and the numbers for it. */
export const MountContentCache = { default: 0, on: 1, off: 2 } as const;
/** Use of a mount's content for the cache key, and the numbers for it. */
export type MountContentCache = number;

/** Sharing of a cache folder between steps, and the numbers for it. */
export const CacheSharingOpt = { shared: 0, private: 1, locked: 2 } as const;
/** Sharing of a cache folder between steps, and the numbers for it. */
export type CacheSharingOpt = number;

/** Networks of a process and their numbers. */
export const NetMode = { unset: 0, host: 1, none: 2 } as const;
/** Networks of a process and their numbers. */
export type NetMode = number;

/** How much a process may do, and the numbers for it. */
export const SecurityMode = { sandbox: 0, insecure: 1 } as const;
/** How much a process may do, and the numbers for it. */
export type SecurityMode = number;

/** The index of no input (`solver/pb/const.go`). */
export const EMPTY_INPUT = -1;
/** A mount whose writes are dropped, a file action whose result is not an output of the op. */
export const SKIP_OUTPUT = -1;
/** The builder of a build op that is solved as LLB by the same solver. */
export const LLB_BUILDER = -1;
/** The input of a build op that holds the definition, and the default name of the file in it. */
export const LLB_DEFINITION_INPUT = 'buildkit.llb.definition';
