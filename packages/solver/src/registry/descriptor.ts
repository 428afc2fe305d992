import type { OciPlatform } from './platform.ts';

/** A pointer to a blob: the descriptor of OCI images, under its JSON names. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly urls?: readonly string[];
  readonly annotations?: Readonly<Record<string, string>>;
  readonly platform?: OciPlatform;
}

export const MediaType = {
  ociIndex: 'application/vnd.oci.image.index.v1+json',
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  ociConfig: 'application/vnd.oci.image.config.v1+json',
  dockerList: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerConfig: 'application/vnd.docker.container.image.v1+json',
  dockerSchema1: 'application/vnd.docker.distribution.manifest.v1+prettyjws',
} as const;

export function isIndexType(mediaType: string): boolean {
  return mediaType === MediaType.ociIndex || mediaType === MediaType.dockerList;
}

export function isManifestType(mediaType: string): boolean {
  return mediaType === MediaType.ociManifest || mediaType === MediaType.dockerManifest;
}

const OCI_LAYER = /^application\/vnd\.oci\.image\.layer\.(?:nondistributable\.)?v1\.tar(\+gzip|\+zstd)?$/;
const DOCKER_LAYER = /^application\/vnd\.docker\.image\.rootfs\.(?:foreign\.)?diff\.tar(?:\.gzip|\.zstd)?$/;

/**
 * The packing of a layer blob: a plain tar, or one whose first bytes say how it is packed. Docker's plain type is not to
 * be trusted: old programs gave it to packed layers too (containerd `images.DiffCompression`). Undefined: no layer.
 */
export function layerPacking(mediaType: string): 'plain' | 'detect' | undefined {
  const oci = OCI_LAYER.exec(mediaType);
  if (oci) return oci[1] === undefined ? 'plain' : 'detect';
  return DOCKER_LAYER.test(mediaType) ? 'detect' : undefined;
}
