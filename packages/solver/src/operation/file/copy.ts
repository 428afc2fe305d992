import type { FileActionCopy } from '@llb-ts/pb';
import { stepFailure } from '../../error/error.ts';
import { bytesOf, clean, nameOf, parentOf, textOf } from '../../name/bytes.ts';
import { Selection } from '../../pattern/selection.ts';
import { resolve, resolveParent } from '../../tree/resolve.ts';
import { type ModeChange, parseModeChange } from './chmod.ts';
import type { CopyJob } from './copy-job.ts';
import { copyPath, nameOfSource } from './copy-path.ts';
import { TreeCopier } from './copy-tree.ts';
import { missingFailure } from './failure.ts';
import { type DirectoryOptions, makeDirectories } from './make-directories.ts';
import { resolveWildcards } from './resolve-wildcards.ts';
import { timestampOf } from './timestamp.ts';
import { unpackIfArchive } from './unpack-archive.ts';

/** Copies what `src` names, or each of the matches of its wildcards, one after the other (docs/buildkit-semantics.md#copy). */
export async function copy(job: CopyJob, action: FileActionCopy): Promise<void> {
  const { source, draft } = job;
  const src = copyPath(bytesOf(action.src));
  const dest = copyPath(bytesOf(action.dest));
  if (!action.createDestPath) {
    const parent = parentOf(resolve(draft, clean(dest)));
    if (!draft.lookup(parent)) {
      throw stepFailure(`failed to stat ${action.dest}: lstat ${textOf(parent)}: no such file or directory`);
    }
  }
  const paths = action.allowWildcard ? resolveWildcards(source, src, action.followSymlink) : [src];
  if (paths.length === 0 && !action.allowEmptyWildcard) throw stepFailure(`${textOf(src)} not found`);
  for (const path of paths) {
    const unpacked =
      action.attemptUnpackDockerCompatibility &&
      (await unpackIfArchive(job, path, clean(dest), timestampOf(action.timestamp)));
    if (!unpacked) await copyOne(job, path, dest, action);
  }
}

async function copyOne(job: CopyJob, path: string, dest: string, action: FileActionCopy): Promise<void> {
  const { source, draft, owner } = job;
  const timestamp = timestampOf(action.timestamp);
  const numericMode = action.modeStr === '' && action.mode !== -1 ? action.mode : undefined;
  const parents: DirectoryOptions = { mode: (numericMode ?? 0o755) & 0o777, owner, timestamp };
  const created = [...makeDirectories(draft, resolve(draft, directoryPartOf(dest)), parents)];
  const mode = modeChangeOf(action.modeStr, numericMode);
  const patterns = new Selection(action.includePatterns, action.excludePatterns);
  const from = action.followSymlink ? resolve(source, clean(path)) : resolveParent(source, clean(path));
  const entry = source.lookup(from);
  if (!entry) throw missingFailure('lstat', source, from);

  let target = resolve(draft, clean(dest));
  const there = draft.lookup(target);
  const isDirectory = entry.stat.type === 'dir';
  const contentsOnly = isDirectory && action.dirCopyContents;
  if (there && !contentsOnly && (isDirectory || there.stat.type === 'dir')) {
    target = clean(`${target}/${nameOfSource(path)}`);
  }
  created.push(...makeDirectories(draft, contentsOnly && !there ? target : parentOf(target), parents));

  const replace = action.alwaysReplaceExistingDestPaths;
  await new TreeCopier(job, { mode, timestamp, patterns, replace }).copy(from, entry, target);
  if (timestamp === undefined) return;
  for (const directory of created.reverse()) draft.setTimes(directory, timestamp, timestamp);
}

/** The part of a destination that must be a directory: all of it if it ends so, else its parent. */
function directoryPartOf(dest: string): string {
  const name = nameOf(dest);
  return name === '' || name === '.' ? clean(dest) : parentOf(dest);
}

function modeChangeOf(text: string, numeric: number | undefined): ModeChange | undefined {
  if (text !== '') return parseModeChange(text);
  return numeric === undefined ? undefined : () => numeric & 0o7777;
}
