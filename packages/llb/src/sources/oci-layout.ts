import type { Caller } from '../base/call-site.ts';
import { nonEmpty, text, whole } from '../base/check.ts';
import { type Checks, type ConstraintsOpt, collect, given, type NoOption } from '../graph/option.ts';
import { NewState, type State } from '../state/state.ts';
import { checkDigest, sourceOutput } from './source.ts';

/** Settings of `OCILayout`. */
export interface OCILayoutInfo {
  /** Session that has the layout. Default: that of the build. */
  readonly sessionID?: string;
  /** Name of the layout (`--oci-layout NAME=dir`). Default: the reference's path. */
  readonly storeID?: string;
  /** Takes only the lowest layers. Default: all. */
  readonly layerLimit?: number;
  /** Taken and not used, as in Go's client: the reference's digest is what counts. */
  readonly checksum?: string;
}
/** An option of `OCILayout`. */
export type OCILayoutOption = OCILayoutInfo | ConstraintsOpt;

const checks = {
  sessionID: text,
  storeID: text,
  layerLimit: (at: Caller, what: string, value: unknown) => whole(at, what, value),
  checksum: checkDigest,
} satisfies Checks<OCILayoutInfo>;

/**
 * The filesystem of an image in an OCI layout on disk. The reference is taken as it is and needs a digest.
 * `OCILayout('app@sha256:…', OCIStore('', 'app'))`
 */
export function OCILayout(ref: string, ...options: readonly (OCILayoutOption | NoOption)[]): State {
  const at: Caller = OCILayout;
  const { info, constraints } = collect(at, { of: 'OCILayout', checks }, options);
  const source = {
    type: 'oci-layout',
    ref: nonEmpty(at, 'the reference', ref),
    sessionID: info.sessionID ?? '',
    storeID: info.storeID ?? '',
    ...(info.layerLimit !== undefined && { layerLimit: info.layerLimit }),
  } as const;
  return NewState(sourceOutput(at, source, constraints));
}

/** Session and name of an OCI layout; an empty one is that of the build. `OCILayout(ref, OCIStore('', 'app'))` */
export function OCIStore(
  sessionID: string,
  storeID: string,
): { readonly sessionID: string; readonly storeID: string } {
  return given(OCIStore, { sessionID, storeID });
}

/** Takes only the lowest `layers` layers. `OCILayout(ref, OCILayerLimit(1))` */
export function OCILayerLimit(layers: number): { readonly layerLimit: number } {
  return given(OCILayerLimit, { layerLimit: layers });
}

/** Taken and not used, as in Go's client. `OCILayout(ref, OCIChecksum('sha256:…'))` */
export function OCIChecksum(digest: string): { readonly checksum: string } {
  return given(OCIChecksum, { checksum: digest });
}
