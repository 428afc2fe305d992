import { type NewTarHeader, TAR_TYPE, XATTR_RECORD } from '../../archive/tar-writer-header.ts';
import { TarWriter } from '../../archive/tar-writer-stream.ts';
import { getXattr, listXattrs } from '../../host/syscalls.ts';
import { isOverlayXattr } from '../../layer/whiteout.ts';
import type { FileType } from '../../name/entry.ts';
import type { Tree } from '../../tree/tree.ts';
import type { ExportWork } from '../base/export-work.ts';
import { exportFailure } from '../base/failure.ts';
import { writeOutput } from '../base/output-file.ts';
import { Progress } from '../base/progress.ts';
import type { ExportResult } from '../base/result.ts';
import { type OutgoingEntry, outgoing } from './outgoing.ts';
import type { TreePlan } from './tree-options.ts';

/**
 * Writes a tree as one uncompressed archive, as BuildKit's tar exporter does (docs/buildkit-semantics.md#exported-archives, `exporter/tar/export.go`): owners
 * as they are, times rounded to the nearest second, all extended attributes, a socket as an empty file. Of several
 * platforms, each has a folder in it.
 *
 * Fails with code `export`, or `environment` where the machine does not let it write.
 */
export async function exportTar(
  result: ExportResult<Tree>,
  { sink, options }: TreePlan,
  work: ExportWork,
): Promise<void> {
  const progress = new Progress(work, 'sending tarball');
  const isSplit = result.kind === 'platforms';
  await writeOutput(sink, async (output) => {
    const tar = new TarWriter(progress.watch(output));
    for (const one of outgoing(result, options, isSplit)) {
      await progress.entry();
      const header = one.kind === 'folder' ? folderHeader(one.path, one.mtimeNs) : headerOf(one);
      const content = one.kind === 'entry' && header.type === TAR_TYPE.file ? one.entry.hostPath : undefined;
      try {
        await tar.entry(header, content);
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        throw exportFailure(`failed to write file header ${header.name}: ${error.message}`, { cause: error });
      }
    }
    await tar.end();
  });
  progress.done();
}

function folderHeader(path: string, mtimeNs: bigint): NewTarHeader {
  return {
    type: TAR_TYPE.dir,
    name: `${path}/`,
    size: 0,
    mode: 0o755,
    uid: 0,
    gid: 0,
    mtimeNs,
    format: 'any',
  };
}

const TYPES: Readonly<Record<FileType, string>> = {
  ...TAR_TYPE,
  // Nothing in a tar stands for a socket.
  socket: TAR_TYPE.file,
};

function headerOf({ path, entry: { stat, hostPath }, linkname, mtimeNs }: OutgoingEntry): NewTarHeader {
  const xattrs = xattrRecords(hostPath);
  return {
    type: stat.type !== 'symlink' && linkname !== undefined ? TAR_TYPE.link : TYPES[stat.type],
    name: stat.type === 'dir' ? `${path}/` : path,
    ...(linkname !== undefined && { linkname }),
    size: stat.type === 'file' && linkname === undefined ? stat.size : 0,
    mode: stat.mode,
    uid: stat.uid,
    gid: stat.gid,
    major: stat.major,
    minor: stat.minor,
    mtimeNs,
    ...(xattrs && { pax: xattrs }),
    format: 'any',
  };
}

function xattrRecords(hostPath: string): ReadonlyMap<string, string> | undefined {
  const records = new Map<string, string>();
  for (const name of listXattrs(hostPath)) {
    if (isOverlayXattr(name) || name.startsWith('com.apple.')) continue;
    const value = getXattr(hostPath, name);
    if (value) records.set(XATTR_RECORD + name, value.toString('latin1'));
  }
  return records.size > 0 ? records : undefined;
}
