/** How an OCI layout names what is in it. */
import type { Descriptor } from '../../registry/descriptor.ts';
import { goJson } from '../base/go-json.ts';
import { descriptorJson } from './image-commit.ts';
import { fullName, type ImageName, ociReferenceName } from './image-name.ts';

/** The path of a blob in a layout. */
export function blobName(digest: string): string {
  return `blobs/${digest.replace(':', '/')}`;
}

/** One entry a name, or one without. */
export function indexJson(descriptor: Descriptor, names: readonly ImageName[]): string {
  const entries = names.map((name) => namedDescriptor(descriptor, name));
  return goJson({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: (entries.length > 0 ? entries : [descriptor]).map(descriptorJson),
  });
}

export function namedDescriptor(descriptor: Descriptor, name: ImageName): Descriptor {
  return {
    ...descriptor,
    annotations: {
      ...descriptor.annotations,
      'io.containerd.image.name': fullName(name),
      'org.opencontainers.image.ref.name': ociReferenceName(name),
    },
  };
}
