import { fileMode, flag, nonEmpty, textList } from '../base/check.ts';
import { type Change, type Check, type Checks, given } from '../graph/option.ts';
import { type ChownOption, type CreatedTime, ownerChecks } from './owner.ts';

/** Settings of `Mkdir`. */
export interface MkdirInfo extends ChownOption, CreatedTime {
  /** Makes missing parents too; an existing directory is then no error. Default: false. */
  readonly makeParents?: boolean;
}
/** An option of `Mkdir`. */
export type MkdirOption = MkdirInfo;

/** Settings of `Mkfile`. */
export interface MkfileInfo extends ChownOption, CreatedTime {}
/** An option of `Mkfile`. */
export type MkfileOption = MkfileInfo;

/** Settings of `Symlink`. */
export interface SymlinkInfo extends ChownOption, CreatedTime {}
/** An option of `Symlink`. */
export type SymlinkOption = SymlinkInfo;

/** Settings of `Rm`. */
export interface RmInfo {
  /** A missing path is no error. Default: false. */
  readonly allowNotFound?: boolean;
  /** The path is a pattern. Default: false. */
  readonly allowWildcard?: boolean;
}
/** An option of `Rm`. */
export type RmOption = RmInfo;

/** A mode by bits, or a change of the source's mode as chmod(1) writes it: `'u+x'`, `'go-w'`. */
export type ChmodOpt = number | string;

/** Settings of `Copy`. Every flag is false by default. */
export interface CopyInfo extends ChownOption, CreatedTime {
  /** Mode of what is copied. Default: that of the source. */
  readonly mode?: ChmodOpt;
  /** Copies what a symlink at the source path points to, not the link. */
  readonly followSymlinks?: boolean;
  /** Copies what is in a source folder, not the folder itself. */
  readonly copyDirContentsOnly?: boolean;
  /** Copies only what matches, relative to the source folder. Default: everything. */
  readonly includePatterns?: readonly string[];
  /** Leaves out what matches. Default: nothing. */
  readonly excludePatterns?: readonly string[];
  /** Fails unless each is among what `includePatterns` chose; they begin with `/`. Default: none. */
  readonly requiredPaths?: readonly string[];
  /** Unpacks a source file that is a tar archive. */
  readonly attemptUnpack?: boolean;
  /** Makes missing parents of the destination. */
  readonly createDestPath?: boolean;
  /** The source path is a pattern. */
  readonly allowWildcard?: boolean;
  /** A pattern that matches nothing is no error. */
  readonly allowEmptyWildcard?: boolean;
  /** A file replaces a directory at its destination and the other way round. */
  readonly alwaysReplaceExistingDestPaths?: boolean;
}
/** An option of `Copy`. */
export type CopyOption = CopyInfo | Change<'Copy', CopyInfo>;

export const mkfileChecks = ownerChecks satisfies Checks<MkfileInfo>;
export const mkdirChecks = { makeParents: flag, ...ownerChecks } satisfies Checks<MkdirInfo>;
export const rmChecks = { allowNotFound: flag, allowWildcard: flag } satisfies Checks<RmInfo>;
export const copyChecks = {
  ...ownerChecks,
  mode: ((at, what, value) =>
    typeof value === 'string' ? nonEmpty(at, what, value) : fileMode(at, what, value)) satisfies Check,
  followSymlinks: flag,
  copyDirContentsOnly: flag,
  includePatterns: textList,
  excludePatterns: textList,
  requiredPaths: textList,
  attemptUnpack: flag,
  createDestPath: flag,
  allowWildcard: flag,
  allowEmptyWildcard: flag,
  alwaysReplaceExistingDestPaths: flag,
} satisfies Checks<CopyInfo>;

/** Makes missing parents of a directory. `Mkdir('/a/b', 0o755, WithParents(true))` */
export function WithParents(makeParents: boolean): { readonly makeParents: boolean } {
  return given(WithParents, { makeParents });
}

/** True if removing what is not there is fine. `Rm('/a', WithAllowNotFound(true))` */
export function WithAllowNotFound(allowNotFound: boolean): { readonly allowNotFound: boolean } {
  return given(WithAllowNotFound, { allowNotFound });
}

/** True if the path is a pattern. `Rm('/a/*.o', WithAllowWildcard(true))` */
export function WithAllowWildcard(allowWildcard: boolean): { readonly allowWildcard: boolean } {
  return given(WithAllowWildcard, { allowWildcard });
}

/** Leaves more out of a copy. `Copy(src, '/', '/', WithExcludePatterns(['node_modules']))` */
export function WithExcludePatterns(patterns: readonly string[]): Change<'Copy', CopyInfo> {
  const added = textList(WithExcludePatterns, 'patterns', patterns);
  return {
    of: 'Copy',
    change: (info) => ({ ...info, excludePatterns: [...(info.excludePatterns ?? []), ...added] }),
  };
}
