import { stepFailure } from '../../error/error.ts';
import { type Descriptor, isIndexType, isManifestType, MediaType } from '../../registry/descriptor.ts';
import type { OciPlatform } from '../../registry/platform.ts';

export interface ImageIndex {
  readonly manifests: readonly Descriptor[];
}

export interface ImageManifest {
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

/** The fields of an image's config that the solver uses. */
export interface ImageConfigFile extends OciPlatform {
  readonly rootfs: { readonly diff_ids: readonly string[] };
}

type Json = Readonly<Record<string, unknown>>;

/** Reads an index; fails, as the others here, when the bytes are something else than their media type says. */
export function parseIndex(bytes: Uint8Array, { mediaType, digest }: Descriptor): ImageIndex {
  const json = parseDocument(bytes, mediaType, digest);
  return { manifests: listOf(json.manifests, digest) };
}

export function parseManifest(bytes: Uint8Array, { mediaType, digest }: Descriptor): ImageManifest {
  const json = parseDocument(bytes, mediaType, digest);
  return { config: descriptorOf(json.config, digest), layers: listOf(json.layers, digest) };
}

export function parseConfig(bytes: Uint8Array, { digest }: Descriptor): ImageConfigFile {
  const json = parseJson(bytes, digest);
  const rootfs = json.rootfs as { readonly diff_ids?: unknown } | undefined;
  const ids = rootfs?.diff_ids ?? [];
  if (!Array.isArray(ids) || !ids.every((id): id is string => typeof id === 'string')) {
    throw stepFailure(`failed to resolve rootfs: config ${digest} has malformed diff_ids`);
  }
  return {
    os: textOr(json.os),
    architecture: textOr(json.architecture),
    ...(json.variant !== undefined && { variant: textOr(json.variant) }),
    rootfs: { diff_ids: ids },
  };
}

/** The media type of a document whose descriptor does not tell (`imageutil.DetectManifestBlobMediaType`). */
export function detectMediaType(bytes: Uint8Array, digest: string): string {
  const { mediaType, config, layers, manifests } = parseJson(bytes, digest);
  const isManifest = config !== undefined || layers !== undefined;
  if (isManifest && manifests !== undefined) {
    throw stepFailure('invalid ambiguous manifest and manifest list');
  }
  if (typeof mediaType === 'string' && (isIndexType(mediaType) || isManifestType(mediaType))) {
    if (isManifestType(mediaType) !== isManifest) {
      throw stepFailure('mediaType in manifest does not match manifest contents');
    }
    return mediaType;
  }
  return isManifest ? MediaType.dockerManifest : MediaType.dockerList;
}

function parseDocument(bytes: Uint8Array, mediaType: string, digest: string): Json {
  const json = parseJson(bytes, digest);
  const wrong = wrongContent(json, mediaType);
  if (wrong) throw stepFailure(`manifest: invalid desc ${digest}: media-type: ${wrong}`);
  return json;
}

/** A document of one kind under the type of the other has been used to fool readers. */
function wrongContent(json: Json, mediaType: string): string | undefined {
  if (json.fsLayers !== undefined) return 'schema 1 not supported';
  const claims = textOr(json.mediaType);
  if (isManifestType(mediaType) && (json.manifests !== undefined || isIndexType(claims))) {
    return `expected manifest but found index (${mediaType})`;
  }
  const hasManifest = json.config !== undefined || json.layers !== undefined;
  if (isIndexType(mediaType) && (hasManifest || isManifestType(claims))) {
    return `expected index but found manifest (${mediaType})`;
  }
  return undefined;
}

function parseJson(bytes: Uint8Array, digest: string): Json {
  try {
    const json: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
    if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json as Json;
  } catch (error) {
    throw stepFailure(`${digest} is no valid JSON document`, { cause: error });
  }
  throw stepFailure(`${digest} is no JSON object`);
}

function listOf(value: unknown, digest: string): Descriptor[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw stepFailure(`manifest ${digest}: malformed list of descriptors`);
  return value.map((one) => descriptorOf(one, digest));
}

function descriptorOf(value: unknown, digest: string): Descriptor {
  const one = value as Partial<Descriptor> | null | undefined;
  const valid =
    typeof one === 'object' &&
    one !== null &&
    typeof one.digest === 'string' &&
    Number.isSafeInteger(one.size) &&
    (one.size ?? -1) >= 0;
  if (!valid) throw stepFailure(`manifest ${digest}: malformed descriptor ${JSON.stringify(value)}`);
  return { ...one, mediaType: textOr(one.mediaType) } as Descriptor;
}

function textOr(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
