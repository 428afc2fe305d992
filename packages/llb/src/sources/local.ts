import type { Caller } from '../base/call-site.ts';
import { flag, nonEmpty, oneOf, record, text, textList } from '../base/check.ts';
import { type Checks, type ConstraintsOpt, collect, given, type NoOption } from '../graph/option.ts';
import type { LocalSource } from '../graph/source-spec.ts';
import { NewState, type State } from '../state/state.ts';
import { sourceOutput } from './source.ts';

/** How changes of a local folder are found: not at all, or by what the files say about themselves. */
export type DiffType = 'none' | 'metadata';

/** How the daemon finds what changed since the last upload. */
export interface DifferInfo {
  readonly type: DiffType;
  /** A daemon that cannot is an error. Default: false. */
  readonly required?: boolean;
}

/** Settings of `Local`. */
export interface LocalInfo {
  /** Session that has the folder. Default: that of the build. */
  readonly sessionID?: string;
  /** Uploads only what matches. Default: everything. */
  readonly includePatterns?: readonly string[];
  /** Does not upload what matches. Default: nothing. */
  readonly excludePatterns?: readonly string[];
  /** Paths whose symlinks are followed and uploaded too. Default: none. */
  readonly followPaths?: readonly string[];
  /** Folders with the same hint share what was uploaded before. Default: none. */
  readonly sharedKeyHint?: string;
  /** Default: `'metadata'`, chosen by the daemon. */
  readonly differ?: DifferInfo;
  /** Uploads names, modes and times but no content, except of what matches. Default: content of all. */
  readonly metadataOnlyTransfer?: readonly string[];
  /**
   * The place of the folder unless the solve says otherwise, relative to the build file. It is no part of the definition.
   * Default: none; the solve must say.
   */
  readonly dir?: string;
  /**
   * File in the folder with more patterns not to upload, in the form of `.dockerignore`. Who marshals reads it.
   * Default: none is read, also no `.dockerignore`.
   */
  readonly ignoreFile?: string;
}
/** An option of `Local`. */
export type LocalOption = LocalInfo | ConstraintsOpt;

const checks = {
  sessionID: text,
  includePatterns: textList,
  excludePatterns: textList,
  followPaths: textList,
  sharedKeyHint: text,
  differ: (at: Caller, what: string, value: unknown) => {
    const { type, required = false } = record(at, what, ['type', 'required'], value);
    return {
      type: oneOf(at, 'type', ['none', 'metadata'], type),
      required: flag(at, 'required', required),
    };
  },
  metadataOnlyTransfer: textList,
  dir: nonEmpty,
  ignoreFile: nonEmpty,
} satisfies Checks<LocalInfo>;

/**
 * A folder of the client, by a name that the solve gives a place (`--local NAME=dir`).
 * `Local('context', { excludePatterns: ['node_modules'], dir: '.' })`
 */
export function Local(name: string, ...options: readonly (LocalOption | NoOption)[]): State {
  const at: Caller = Local;
  const { info, constraints } = collect(at, { of: 'Local', checks }, options);
  const source: LocalSource = {
    type: 'local',
    name: nonEmpty(at, 'the name', name),
    sessionID: info.sessionID ?? '',
    includePatterns: info.includePatterns ?? [],
    excludePatterns: info.excludePatterns ?? [],
    followPaths: info.followPaths ?? [],
    sharedKeyHint: info.sharedKeyHint ?? '',
    ...(info.differ && { differ: info.differ }),
    ...(info.metadataOnlyTransfer && { metadataOnlyExcept: info.metadataOnlyTransfer }),
    ...(info.dir !== undefined && { dir: info.dir }),
    ...(info.ignoreFile !== undefined && { ignoreFile: info.ignoreFile }),
  };
  return NewState(sourceOutput(at, source, constraints));
}

/** Session that has the folder. `Local('src', SessionID('abc'))` */
export function SessionID(id: string): { readonly sessionID: string } {
  return given(SessionID, { sessionID: id });
}

/** Uploads only what matches. `Local('src', IncludePatterns(['*.ts']))` */
export function IncludePatterns(patterns: readonly string[]): {
  readonly includePatterns: readonly string[];
} {
  return given(IncludePatterns, { includePatterns: patterns });
}

/** Does not upload what matches. `Local('src', ExcludePatterns(['node_modules']))` */
export function ExcludePatterns(patterns: readonly string[]): {
  readonly excludePatterns: readonly string[];
} {
  return given(ExcludePatterns, { excludePatterns: patterns });
}

/** Paths whose symlinks are followed and uploaded too. `Local('src', FollowPaths(['current']))` */
export function FollowPaths(paths: readonly string[]): { readonly followPaths: readonly string[] } {
  return given(FollowPaths, { followPaths: paths });
}

/** Folders with the same hint share what was uploaded before. `Local('src', SharedKeyHint('src'))` */
export function SharedKeyHint(hint: string): { readonly sharedKeyHint: string } {
  return given(SharedKeyHint, { sharedKeyHint: hint });
}

/** How the daemon finds what changed since the last upload. `Local('src', Differ(DiffNone, false))` */
export function Differ(type: DiffType, required = false): { readonly differ: DifferInfo } {
  return given(Differ, { differ: { type, required } });
}

/** Compares nothing: everything is uploaded again. `Differ(DiffNone)` */
export const DiffNone = 'none';
/** Compares size, time, mode, owner, device and link; the default. `Differ(DiffMetadata)` */
export const DiffMetadata = 'metadata';

/** Uploads names, modes and times but no content, except of what matches. `Local('src', MetadataOnlyTransfer(['*.json']))` */
export function MetadataOnlyTransfer(exceptions: readonly string[] = []): {
  readonly metadataOnlyTransfer: readonly string[];
} {
  return given(MetadataOnlyTransfer, { metadataOnlyTransfer: exceptions });
}
