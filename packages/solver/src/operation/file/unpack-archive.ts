import fs from 'node:fs';
import { SolveFailure } from '@llb-ts/backend';
import type { ByteStream } from '../../archive/byte-source.ts';
import { decompress } from '../../archive/decompress.ts';
import { paced } from '../../archive/paced.ts';
import { readTar } from '../../archive/tar-reader.ts';
import { errnoOf } from '../../error/error.ts';
import { fsPath } from '../../name/bytes.ts';
import type { Entry } from '../../name/entry.ts';
import { resolve } from '../../tree/resolve.ts';
import { ArchiveUnpacker } from './archive-unpacker.ts';
import type { CopyJob } from './copy-job.ts';
import { makeDirectories } from './make-directories.ts';
import type { Timestamp } from './timestamp.ts';

/**
 * Unpacks what `path` leads to into the directory `dest`, if it is a tar archive, compressed or not (docs/buildkit-semantics.md#unpacking-by-copy). What
 * its first header says decides; a file that is compressed but holds no archive is none. Owners are the archive's unless
 * the action has one; modes, times and names are always the archive's.
 *
 * @returns false if it is no archive
 */
export async function unpackIfArchive(
  { source, draft, owner }: CopyJob,
  path: string,
  dest: string,
  timestamp: Timestamp,
): Promise<boolean> {
  const entry = source.lookup(resolve(source, path));
  if (entry?.stat.type !== 'file' || !(await isArchive(entry))) return false;
  const target = resolve(draft, dest);
  makeDirectories(draft, target, { mode: 0o755, owner, timestamp });
  const unpacker = new ArchiveUnpacker({ draft, root: target, owner });
  const tar = paced(await open(entry), draft.pacer);
  for await (const next of readTar(tar)) await unpacker.add(next);
  unpacker.finish();
  return true;
}

async function isArchive(entry: Entry): Promise<boolean> {
  try {
    for await (const _ of readTar(await open(entry))) return true;
    return false;
  } catch (error) {
    // A program that is missing is an error whatever the file is; anything wrong with the bytes only says "no archive".
    if (error instanceof SolveFailure ? error.code !== 'step' : errnoOf(error) === undefined) throw error;
    return false;
  }
}

/** The plain bytes of a file. */
async function open({ hostPath }: Entry): Promise<ByteStream> {
  const file = fs.createReadStream(fsPath(hostPath), { highWaterMark: 1 << 18 });
  return (await decompress(file)).stream;
}
