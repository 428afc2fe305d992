import type { Caller } from '../base/call-site.ts';
import { text } from '../base/check.ts';
import { fail } from '../base/error.ts';
import { formatReference, parseReference } from '../base/reference.ts';
import { type Checks, type ConstraintsOpt, collect, given, type NoOption } from '../graph/option.ts';
import { NewState, type State } from '../state/state.ts';
import { type FileInfo, fileInfoChecks, fileSettings } from './file-info.ts';
import { sourceOutput } from './source.ts';

/** Settings of `ImageBlob` and `OCILayoutBlob`. */
export interface ImageBlobInfo extends FileInfo {
  /** Session that has the layout; only for `OCILayoutBlob`. Default: that of the build. */
  readonly sessionID?: string;
  /** Name of the layout; only for `OCILayoutBlob`. Default: the reference's path. */
  readonly storeID?: string;
}
/** An option of `ImageBlob` and `OCILayoutBlob`. */
export type ImageBlobOption = ImageBlobInfo | ConstraintsOpt;

const checks = { ...fileInfoChecks, sessionID: text, storeID: text } satisfies Checks<ImageBlobInfo>;

/** One blob of a registry, as one file. `ImageBlob('example.com/data@sha256:…', Filename('model.bin'))` */
export function ImageBlob(ref: string, ...options: readonly (ImageBlobOption | NoOption)[]): State {
  return blob(ImageBlob, 'registry', ref, options);
}

/** One blob of an OCI layout, as one file. `OCILayoutBlob('data@sha256:…', ImageBlobOCIStore('', 'data'))` */
export function OCILayoutBlob(ref: string, ...options: readonly (ImageBlobOption | NoOption)[]): State {
  return blob(OCILayoutBlob, 'oci-layout', ref, options);
}

function blob(at: Caller, from: 'registry' | 'oci-layout', ref: unknown, options: readonly unknown[]): State {
  const parsed = parseReference(at, ref);
  if (parsed.tag)
    throw fail('invalid-reference', at, 'tagged image reference not allowed for blob reference');
  if (!parsed.digest) throw fail('invalid-reference', at, 'checksum required in blob reference');
  const { info, constraints } = collect(at, { of: at.name, checks }, options);
  const source = {
    type: 'blob',
    from,
    ref: formatReference(parsed),
    file: fileSettings(info),
    sessionID: info.sessionID ?? '',
    storeID: info.storeID ?? '',
  } as const;
  return NewState(sourceOutput(at, source, constraints));
}

/** Session and name of the OCI layout that has a blob. `OCILayoutBlob('data@sha256:…', ImageBlobOCIStore('', 'data'))` */
export function ImageBlobOCIStore(
  sessionID: string,
  storeID: string,
): { readonly sessionID: string; readonly storeID: string } {
  return given(ImageBlobOCIStore, { sessionID, storeID });
}
