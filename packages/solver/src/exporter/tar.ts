import type { ExportTarget } from '@llb-ts/backend';
import { TAR_TYPE, type TarHeader, XATTR_RECORD } from '../archive/tar-writer-header.ts';
import { TarWriter } from '../archive/tar-writer-stream.ts';
import { readlink } from '../host/files.ts';
import { getXattr, listXattrs } from '../host/syscalls.ts';
import { isOverlayXattr } from '../layer/whiteout.ts';
import type { Entry, FileType } from '../tree/entry.ts';
import type { Tree } from '../tree/tree.ts';
import type { ExportWork } from './exporter.ts';
import { exportFailure } from './failure.ts';
import { writeOutput } from './output-file.ts';
import { Progress } from './progress.ts';
import { sourceDirectory } from './subtree.ts';
import { type TreeOptions, treeOptions } from './tree-options.ts';
import { LinkNames, walk } from './walk.ts';

/**
 * Writes a tree as one uncompressed archive, as BuildKit's tar exporter does (S B.9.3, `exporter/tar/export.go`): owners
 * as they are, times rounded to the nearest second, all extended attributes, a socket as an empty file.
 *
 * Fails with code `export`, or `environment` where the machine does not let it write.
 */
export async function exportTar(tree: Tree, target: ExportTarget, work: ExportWork): Promise<void> {
  const options = treeOptions(target.attrs);
  const root = options.source === undefined ? '/' : sourceDirectory(tree, options.source);
  const progress = new Progress(work, 'sending tarball');
  await writeOutput(target.destination, async (sink) => {
    const tar = new TarWriter(progress.watch(sink));
    const links = new LinkNames();
    for (const { path, entry } of walk(tree, root)) {
      await progress.entry();
      const header = headerOf(path, entry, links.linkTo(path, entry), options);
      try {
        await tar.entry(header, header.type === TAR_TYPE.file ? entry.hostPath : undefined);
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        throw exportFailure(`failed to write file header ${header.name}: ${error.message}`, { cause: error });
      }
    }
    await tar.end();
  });
  progress.done();
}

const TYPES: Readonly<Record<FileType, string>> = {
  ...TAR_TYPE,
  // Nothing in a tar stands for a socket.
  socket: TAR_TYPE.file,
};

function headerOf(path: string, entry: Entry, link: string | undefined, options: TreeOptions): TarHeader {
  const { stat, hostPath } = entry;
  const xattrs = xattrRecords(hostPath);
  const linkname = stat.type === 'symlink' ? readlink(hostPath) : link;
  return {
    type: stat.type !== 'symlink' && link !== undefined ? TAR_TYPE.link : TYPES[stat.type],
    name: stat.type === 'dir' ? `${path}/` : path,
    ...(linkname !== undefined && { linkname }),
    size: stat.type === 'file' && link === undefined ? stat.size : 0,
    mode: stat.mode,
    uid: stat.uid,
    gid: stat.gid,
    major: stat.major,
    minor: stat.minor,
    mtimeNs: options.epochNs ?? stat.mtimeNs,
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
