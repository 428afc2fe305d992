/** The messages of a definition around its ops: what is said about them, and where they come from. */

/** Data of a definition about an op that does not change its digest. */
export interface OpMetadata {
  readonly ignoreCache: boolean;
  readonly description: Readonly<Record<string, string>>;
  readonly exportCache?: ExportCache;
  readonly caps: Readonly<Record<string, boolean>>;
  readonly progressGroup?: ProgressGroup;
  readonly linuxResources?: LinuxResources;
}

/** Export the result with the cache. */
export interface ExportCache {
  readonly value: boolean;
}

/** Ops that progress shows as one. */
export interface ProgressGroup {
  readonly id: string;
  readonly name: string;
  readonly weak: boolean;
}

/** Limits of a process' control group; 0 and empty: none. */
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

/** Places that ops come from. */
export interface Source {
  readonly locations: Readonly<Record<string, Locations>>;
  readonly infos: readonly SourceInfo[];
}

/** A file that describes the build. */
export interface SourceInfo {
  readonly filename: string;
  readonly data: Uint8Array;
  readonly definition?: DefinitionMessage;
  readonly language: string;
}

/** The places that an op comes from. */
export interface Locations {
  readonly locations: readonly Location[];
}

/** A place: a file and stretches of it. */
export interface Location {
  readonly sourceIndex: number;
  readonly ranges: readonly Range[];
}

/** A stretch of a file. */
export interface Range {
  readonly start?: Position;
  readonly end?: Position;
}

/** A place in a file. */
export interface Position {
  /** 1 for the first line. */
  readonly line: number;
  /** 0 for the first character. */
  readonly character: number;
}
