import type { ByteStream } from './byte-source.ts';
import type { TarHeader } from './tar-header.ts';
import { readTar } from './tar-reader.ts';
import { type NewTarHeader, TAR_TYPE } from './tar-writer-header.ts';
import { type ByteSink, TarWriter } from './tar-writer-stream.ts';

/**
 * Copies an archive with no time later than `latestNs`, as BuildKit's `rewrite-timestamp` does (`util/converter`): read
 * by Go's reader, written again by its writer, each entry in the format that it was read in.
 */
export async function rewriteTarTimes(stream: ByteStream, sink: ByteSink, latestNs: bigint): Promise<void> {
  const tar = new TarWriter(sink);
  for await (const { header, body } of readTar(stream, { drain: true })) {
    await tar.entryOf(rewritten(header, latestNs), body);
  }
  await tar.end();
}

function rewritten(header: TarHeader, latestNs: bigint): NewTarHeader {
  const earlier = (ns: bigint) => (ns > latestNs ? latestNs : ns);
  const { name, linkname, size, uid, gid, major, minor, pax, mtimeNs, atimeNs, ctimeNs } = header;
  if (header.type === 'global') {
    return {
      type: TAR_TYPE.globalPax,
      name,
      size: 0,
      mode: 0,
      uid: 0,
      gid: 0,
      mtimeNs: 0n,
      pax,
      format: 'pax',
    };
  }
  return {
    type: header.type === 'dir' ? TAR_TYPE.dir : flagOf(header.typeflag),
    name,
    linkname,
    size,
    mode: header.rawMode,
    uid,
    gid,
    uname: header.uname,
    gname: header.gname,
    major,
    minor,
    pax,
    mtimeNs: earlier(mtimeNs),
    ...(atimeNs !== undefined && { atimeNs: earlier(atimeNs) }),
    ...(ctimeNs !== undefined && { ctimeNs: earlier(ctimeNs) }),
    format: header.format,
  };
}

/** The oldest flag for a file is NUL; it is read as the usual one. */
function flagOf(typeflag: number): string {
  return typeflag === 0 ? TAR_TYPE.file : String.fromCharCode(typeflag);
}
