import type { Sink } from '@llb-ts/backend';
import { requestFailure } from '../../error/error.ts';
import { bytesOf } from '../../name/bytes.ts';
import { boolError, parseBool } from '../base/go-values.ts';
import { sourceDateEpoch } from '../base/source-date-epoch.ts';

/** The attributes of the local and tar exporters, parsed (`exporter/local/fs.go`). Unknown ones are passed over, as there. */
export interface TreeOptions {
  /** Modification time of everything, nanoseconds since 1970. Default: what the tree says. */
  readonly epochNs?: bigint;
  /** Byte string: only the content of this directory of the result. Default: all of it. */
  readonly source?: string;
  /** Of a folder that exists: keep what the result does not have, or remove it. Default: `copy`. */
  readonly mode: 'copy' | 'delete';
  /** A folder for each platform (local). Default: if the result is for several. */
  readonly split?: boolean;
}

/** An export of the files of a result. */
export interface TreePlan {
  readonly kind: 'tree';
  readonly type: 'local' | 'tar';
  readonly options: TreeOptions;
  readonly sink: Sink;
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
