import { chooseFormat } from './tar-writer-format.ts';
import { type NewTarHeader, TAR_TYPE } from './tar-writer-header.ts';

/**
 * The header that BuildKit's `rewrite-timestamp` makes of one that was written before: it reads the archive back and
 * writes it again with no time later than `latestNs`. What was read back has the format it was written in, and with it
 * the records, of which those that no longer fit their field are dropped.
 */
export function clampTarHeader(header: NewTarHeader, latestNs: bigint): NewTarHeader {
  if (header.type === TAR_TYPE.globalPax) return header;
  const { format, records } = chooseFormat(header);
  const earlier = (ns: bigint) => (ns > latestNs ? latestNs : ns);
  return {
    ...header,
    format,
    mtimeNs: earlier(header.mtimeNs),
    ...(header.atimeNs !== undefined && { atimeNs: earlier(header.atimeNs) }),
    ...(header.ctimeNs !== undefined && { ctimeNs: earlier(header.ctimeNs) }),
    ...(format === 'pax' && { pax: records }),
  };
}
