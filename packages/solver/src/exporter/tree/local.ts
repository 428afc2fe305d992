/**
 * Puts a tree, or a folder of one for each of several platforms, into a folder of the user, as BuildKit's local exporter
 * and its client do together (docs/buildkit-semantics.md#exported-folders, `exporter/local/export.go`, `session/filesync/diffcopy.go`): everything belongs to
 * the user, the folder is made 0700 where it is missing, what it has already stays unless the result has that name too
 * (`mode=delete`: goes).
 *
 * Unlike there, the tree is first written whole beside its place, inside the folder, and then moved: a failed or killed
 * export leaves the folder as it was, or missing. Nothing is shared with the store, for the user may change the files.
 */
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { errnoOf } from '../../error/error.ts';
import { readdir, removeTree } from '../../host/files.ts';
import { type Lease, takeLease } from '../../host/lease.ts';
import { bytesOf, fsPath } from '../../name/bytes.ts';
import type { Tree } from '../../tree/tree.ts';
import type { ExportWork } from '../base/export-work.ts';
import { destinationFailure, exportFailure } from '../base/failure.ts';
import { Progress } from '../base/progress.ts';
import type { ExportResult } from '../base/result.ts';
import { moveTree } from './local-move.ts';
import { applyDirectoryMetadata, type StagedDirectory, stageTree } from './local-stage.ts';
import { outgoing } from './outgoing.ts';
import type { TreePlan } from './tree-options.ts';

const STAGE_PREFIX = '.llb-ts-export-';

/** Fails with code `export`, or `environment` where the machine does not let it write. */
export async function exportLocal(
  result: ExportResult<Tree>,
  { sink, options }: TreePlan,
  work: ExportWork,
): Promise<void> {
  if (sink.kind !== 'directory') throw exportFailure('output directory is required for local exporter');
  const entries = outgoing(result, options, options.split ?? result.kind === 'platforms');
  const folder = bytesOf(sink.path);
  const progress = new Progress(work, 'copying files');

  const made = makeFolder(sink.path);
  const stage = `${folder}/${STAGE_PREFIX}${randomBytes(8).toString('hex')}`;
  let moved = false;
  let lease: Lease | undefined;
  try {
    lease = await beginStage(folder, stage);
    const directories = await stageTree(entries, stage, progress);
    moveTree(stage, folder, options.mode === 'delete');
    applyAllMetadata(directories, folder);
    moved = true;
  } catch (error) {
    throw errnoOf(error) ? destinationFailure(error, `export to ${sink.path}`) : error;
  } finally {
    cleanUp(stage, moved ? undefined : made);
    lease?.release();
  }
  progress.done();
}

/** @returns the first directory that had to be made */
function makeFolder(path: string): string | undefined {
  try {
    const made = fs.mkdirSync(path, { recursive: true, mode: 0o700 });
    if (!fs.statSync(path).isDirectory()) throw exportFailure(`mkdir ${path}: not a directory`);
    return made;
  } catch (error) {
    throw destinationFailure(error, `failed to create dest dir ${path}`);
  }
}

/**
 * Makes the folder to write in, ours while we live, and removes what killed exports left. Only one process at a time does
 * that in a folder, so that a stage without a lease is one whose process is gone. Where the filesystem has no locks,
 * nothing is removed.
 */
async function beginStage(folder: string, stage: string): Promise<Lease | undefined> {
  let alone: Lease | undefined;
  try {
    for (let i = 0; i < TRIES && !alone; i++) {
      if (i > 0) await sleep(LOOK_AGAIN_MS);
      alone = takeLease(folder);
    }
    if (alone) sweep(folder);
  } catch (error) {
    const code = errnoOf(error);
    if (code !== 'ENOLCK' && code !== 'EOPNOTSUPP' && code !== 'ENOSYS' && code !== 'EACCES') throw error;
  }
  try {
    fs.mkdirSync(fsPath(stage), 0o700);
    return alone ? takeLease(stage) : undefined;
  } finally {
    alone?.release();
  }
}

const LOOK_AGAIN_MS = 5;
/** A folder that stays locked for longer is not swept this time. */
const TRIES = 100;

function sweep(folder: string): void {
  for (const name of readdir(folder)) {
    if (!name.startsWith(STAGE_PREFIX)) continue;
    const lease = takeLease(`${folder}/${name}`);
    if (lease) removeTree(`${folder}/${name}`);
    lease?.release();
  }
}

/** Directories get their mode and times last and deepest first: filling them changes times, and may need more than their mode. */
function applyAllMetadata(directories: readonly StagedDirectory[], folder: string): void {
  for (const directory of directories.toReversed())
    applyDirectoryMetadata(directory, `${folder}/${directory.path}`);
}

function cleanUp(stage: string, made: string | undefined): void {
  removeTree(stage);
  if (made === undefined) return;
  try {
    fs.rmSync(made, { recursive: true });
  } catch (error) {
    // The failure that led here matters more.
    if (!errnoOf(error)) throw error;
  }
}
