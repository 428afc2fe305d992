/** Media types of layers, in OCI's and in Docker's words (`util/compression`). */

const OCI = 'application/vnd.oci.image.layer.';
const DOCKER = 'application/vnd.docker.image.rootfs.';

/** OCI → Docker. */
const LAYER_TYPES: readonly (readonly [oci: string, docker: string])[] = [
  [`${OCI}v1.tar`, `${DOCKER}diff.tar`],
  [`${OCI}v1.tar+gzip`, `${DOCKER}diff.tar.gzip`],
  [`${OCI}v1.tar+zstd`, `${DOCKER}diff.tar.zstd`],
  [`${OCI}nondistributable.v1.tar`, `${DOCKER}foreign.diff.tar`],
  [`${OCI}nondistributable.v1.tar+gzip`, `${DOCKER}foreign.diff.tar.gzip`],
];

/** A layer type in the words of OCI or Docker; a type that neither knows stays. */
export function layerTypeFor(mediaType: string, oci: boolean): string {
  for (const [ociType, dockerType] of LAYER_TYPES) {
    if (mediaType === ociType || mediaType === dockerType) return oci ? ociType : dockerType;
  }
  return mediaType;
}

/** The type without, or with, the remark that the layer may not be distributed. */
export function distributable(mediaType: string, yes: boolean): string {
  if (yes) return mediaType.replace('nondistributable.v1', 'v1').replace('foreign.diff', 'diff');
  if (/nondistributable|foreign/.test(mediaType)) return mediaType;
  return mediaType
    .replace(`${OCI}v1`, `${OCI}nondistributable.v1`)
    .replace(`${DOCKER}diff`, `${DOCKER}foreign.diff`);
}

/** True for a layer that must not be given to a registry. */
export function isNondistributable(mediaType: string): boolean {
  return mediaType.startsWith(`${OCI}nondistributable.`) || mediaType.startsWith(`${DOCKER}foreign.`);
}
