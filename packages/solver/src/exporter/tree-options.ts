import { requestFailure } from '../error.ts';
import { bytesOf } from '../tree/bytes.ts';
import { boolError, parseBool, parseInt64 } from './go-values.ts';

/** What the attributes of the local and tar exporters say (`exporter/local/fs.go`). Unknown ones are passed over, as there. */
export interface TreeOptions {
  /** Modification time of everything, nanoseconds since 1970. Default: what the tree says. */
  readonly epochNs?: bigint;
  /** Byte string: only the content of this directory of the result. Default: all of it. */
  readonly source?: string;
  /** Of a folder that exists: keep what the result does not have, or remove it. Default: `copy`. */
  readonly mode: 'copy' | 'delete';
  /** Whether each platform has a folder of its own (local). Default: where the result is for several. */
  readonly split?: boolean;
}

/** Fails with code `request` and BuildKit's text. */
export function treeOptions(attrs: Readonly<Record<string, string>>): TreeOptions {
  const { src, 'platform-split': split } = attrs;
  const isSplit = split === undefined ? undefined : parseBool(split);
  if (split !== undefined && isSplit === undefined) {
    throw requestFailure(`non-bool value for platform-split: ${split}: ${boolError(split)}`);
  }
  if (src === '') throw requestFailure('empty value for src; omit it to export the entire filesystem');
  const epoch = sourceDateEpoch(attrs);
  return {
    mode: localMode(attrs.mode ?? ''),
    ...(isSplit !== undefined && { split: isSplit }),
    ...(src !== undefined && { source: bytesOf(src) }),
    ...(epoch !== undefined && { epochNs: epoch * 1_000_000_000n }),
  };
}

/** Seconds since 1970 of `source-date-epoch`; undefined if it is missing or empty, which switches it off. */
export function sourceDateEpoch(attrs: Readonly<Record<string, string>>): bigint | undefined {
  const text = attrs['source-date-epoch'];
  if (text === undefined || text === '') return undefined;
  const epoch = parseInt64(text);
  if (typeof epoch === 'bigint') return epoch;
  throw requestFailure(`invalid source-date-epoch: ${epoch.error}`);
}

function localMode(text: string): TreeOptions['mode'] {
  switch (text.trim().toLowerCase()) {
    case '':
    case 'copy':
      return 'copy';
    case 'delete':
      return 'delete';
    default:
      throw requestFailure(`invalid local exporter mode ${JSON.stringify(text)}`);
  }
}
