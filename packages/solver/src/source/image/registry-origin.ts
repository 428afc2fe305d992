import type { RegistryRepository } from '../../registry/registry-client.ts';
import type { ImageOrigin } from './image-origin.ts';

/** An image in a registry. */
export function registryOrigin(repository: RegistryRepository): ImageOrigin {
  const { text, locator, digest } = repository.reference;
  return {
    reference: text,
    place: locator,
    digest,
    resolve: (signal) => repository.resolve(signal),
    fetch: (descriptor, options) => repository.fetch(descriptor, options),
  };
}
