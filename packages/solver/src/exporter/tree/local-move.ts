import fs from 'node:fs';
import { errnoOf } from '../../error/error.ts';
import { lstat, readdir, removeTree } from '../../host/files.ts';
import { copyEntry } from '../../layer/replicate-entry.ts';
import { fsPath } from '../../name/bytes.ts';
import type { EntryStat } from '../../name/entry.ts';
import { draftName } from '../base/output-file.ts';

/**
 * Moves what `from` has into `to`, which it lies in or beside. Directories are united, anything else replaces what has
 * its name; a file is replaced in one step.
 * @param only whether names that `from` does not have are removed from `to`
 */
export function moveTree(from: string, to: string, only: boolean): void {
  const names = readdir(from);
  if (only) removeOthers(to, new Set(names), from);
  for (const name of names) moveEntry(`${from}/${name}`, `${to}/${name}`, only);
}

function removeOthers(folder: string, kept: ReadonlySet<string>, exempt: string): void {
  for (const name of readdir(folder)) {
    const path = `${folder}/${name}`;
    if (!kept.has(name) && path !== exempt) removeTree(path);
  }
}

function moveEntry(from: string, to: string, only: boolean): void {
  const staged = lstat(from)!;
  const there = lstat(to);
  if (there?.type === 'dir' && staged.type === 'dir') {
    makeWritable(to, there);
    moveTree(from, to, only);
    return;
  }
  // rename(2) replaces a file by a file in one step; between file and directory there is no such thing.
  if (there && (there.type === 'dir' || staged.type === 'dir')) removeTree(to);
  try {
    fs.renameSync(fsPath(from), fsPath(to));
  } catch (error) {
    if (errnoOf(error) !== 'EXDEV') throw error;
    moveAcross(from, to, staged, only);
  }
}

/** Moving means copying if another filesystem is mounted inside the folder. */
function moveAcross(from: string, to: string, staged: EntryStat, only: boolean): void {
  const entry = { stat: staged, hostPath: from, source: from };
  if (staged.type === 'dir') {
    copyEntry(entry, to);
    moveTree(from, to, only);
    return;
  }
  const draft = `${to.slice(0, to.lastIndexOf('/'))}/${draftName()}`;
  copyEntry(entry, draft);
  fs.renameSync(fsPath(draft), fsPath(to));
}

/** A directory of an earlier export may keep an ordinary user from writing into it; it gets its mode back at the end. */
function makeWritable(folder: string, { mode, uid }: EntryStat): void {
  if (process.getuid?.() === uid && (mode & 0o700) !== 0o700) fs.chmodSync(fsPath(folder), mode | 0o700);
}
