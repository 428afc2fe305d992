/** The attributes of the oci, docker and image exporters, parsed (`exporter/containerimage/opts.go`, `exporter/oci`). */
import { type Output, type Sink, SolveFailure } from '@llb-ts/backend';
import { requestFailure } from '../../error/error.ts';
import type { PackCompression } from '../../pack/pack-compression.ts';
import { boolError, parseBool, parseInt64 } from '../base/go-values.ts';
import { sourceDateEpoch } from '../base/source-date-epoch.ts';
import { type Annotations, splitAnnotations } from './annotations.ts';
import { type ImageName, parseImageName } from './image-name.ts';

export interface ImageOptions {
  /** As the user wrote it: comma separated; `*` stands for the name that came with the result. Default: none. */
  readonly name: string;
  /** Media types of OCI instead of Docker's. Default: true. */
  readonly ociTypes: boolean;
  /** For layers that have no blob yet. Default: gzip. */
  readonly compression: PackCompression;
  readonly level?: number;
  /** Pack layers again that are packed otherwise. Default: false. */
  readonly force: boolean;
  /** Seconds since 1970; no time in config, history and index is later. Default: none. */
  readonly epoch?: bigint;
  /** No time in layers is later than the epoch either. Default: false. */
  readonly rewriteTimestamp: boolean;
  /** Keep the type of layers that may not be distributed. Default: false. */
  readonly preferNondistributable: boolean;
  readonly annotations: Annotations;
  /** One archive, or a layout in a folder (oci, docker). Default: true. */
  readonly tar: boolean;
  /** Default: false, all of these. */
  readonly push: boolean;
  readonly pushByDigest: boolean;
  readonly insecure: boolean;
  /** A name made of a prefix and the digest, in addition or only where there is no other name. Default: none. */
  readonly dangling?: { readonly prefix: string; readonly emptyOnly: boolean };
  /** Attributes that no exporter knows stand for metadata of the result, such as `containerimage.config`. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** An export of an image of a result, or of an index of images. */
export interface ImagePlan {
  readonly kind: 'image';
  readonly type: 'oci' | 'docker' | 'image';
  readonly options: ImageOptions;
  readonly sink: Sink;
}

const KNOWN = new Set([
  'name',
  'oci-mediatypes',
  'oci-artifact',
  'compression',
  'compression-level',
  'force-compression',
  'source-date-epoch',
  'rewrite-timestamp',
  'prefer-nondist-layers',
  'attestation-inline',
]);
const KNOWN_ARCHIVE = new Set(['tar']);
/** Of these, `unpack`, `store` and `name-canonical` concern an image store, which there is none of here. */
const KNOWN_IMAGE = new Set([
  'push',
  'push-by-digest',
  'registry.insecure',
  'unpack',
  'store',
  'unsafe-internal-store-allow-incomplete',
  'dangling-name-prefix',
  'danging-name-empty-only',
  'name-canonical',
]);

/** Fails with code `request` and BuildKit's text. */
export function imageOptions(type: Output['type'], attrs: Output['attrs']): ImageOptions {
  const { annotations, rest } = splitAnnotations(attrs);
  const own = type === 'image' ? KNOWN_IMAGE : KNOWN_ARCHIVE;
  const flag = (key: string, byDefault: boolean) => strictFlag(rest, key) ?? byDefault;
  const epoch = sourceDateEpoch(rest);
  const level = compressionLevel(rest);
  const options: ImageOptions = {
    name: rest.name ?? '',
    ociTypes: flag('oci-mediatypes', true),
    ...compressionOf(rest, flag('oci-mediatypes', true)),
    ...(level !== undefined && { level }),
    ...(epoch !== undefined && { epoch }),
    rewriteTimestamp: flag('rewrite-timestamp', false),
    preferNondistributable: flag('prefer-nondist-layers', false),
    annotations,
    tar: looseFlag(rest, 'tar', true),
    push: looseFlag(rest, 'push', false),
    pushByDigest: looseFlag(rest, 'push-by-digest', false),
    insecure: looseFlag(rest, 'registry.insecure', false),
    ...danglingName(rest),
    metadata: Object.fromEntries(Object.entries(rest).filter(([key]) => !KNOWN.has(key) && !own.has(key))),
  };
  flag('attestation-inline', false);
  for (const key of ['unpack', 'store', 'unsafe-internal-store-allow-incomplete', 'name-canonical']) {
    if (type === 'image') looseFlag(rest, key, false);
  }
  if (flag('oci-artifact', false) && !options.ociTypes) {
    throw requestFailure('exporter option "oci-artifact=true" conflicts with "oci-mediatypes=false"');
  }
  if (!options.ociTypes && hasDescriptorAnnotations(annotations)) {
    throw requestFailure('cannot export annotations with "oci-mediatypes=false"');
  }
  if (level !== undefined) checkLevel(options.compression, level);
  return options;
}

/** Fails with code `request` and BuildKit's text if the names cannot be used. */
export function checkImageNames(
  type: Output['type'],
  { name, push, pushByDigest, dangling }: ImageOptions,
): void {
  if (type === 'image' && push && name === '' && !dangling) {
    throw requestFailure('a name is needed to push an image', { hint: 'add name=REGISTRY/REPOSITORY:TAG' });
  }
  const names = name === '' || name === '*' ? [] : name.split(',');
  for (const text of names) {
    const { tag, digest } = parseNameOf(text, type);
    if (push && pushByDigest && (tag ?? digest) !== undefined) {
      throw requestFailure(`failed to push ${text}: can't push tagged ref ${text} by digest`);
    }
  }
}

function parseNameOf(text: string, type: Output['type']): ImageName {
  try {
    return parseImageName(text);
  } catch (error) {
    const doing = type === 'image' ? 'failed to push' : 'failed to parse';
    throw error instanceof SolveFailure ? requestFailure(`${doing} ${text}: ${error.message}`) : error;
  }
}

function hasDescriptorAnnotations({ index, indexDescriptor, manifestDescriptor }: Annotations): boolean {
  return [index, indexDescriptor, manifestDescriptor].some((list) => list.length > 0);
}

function danglingName(attrs: Attributes): Pick<ImageOptions, 'dangling'> {
  const prefix = attrs['dangling-name-prefix'] ?? '';
  // Misspelled in BuildKit, and so for ever.
  const emptyOnly = looseFlag(attrs, 'danging-name-empty-only', false);
  return prefix === '' ? {} : { dangling: { prefix, emptyOnly } };
}

type Attributes = Readonly<Record<string, string>>;

function strictFlag(attrs: Attributes, key: string): boolean | undefined {
  const text = attrs[key];
  if (text === undefined) return undefined;
  const value = parseBool(text);
  if (value === undefined) throw requestFailure(`non-bool value specified for ${key}: ${boolError(text)}`);
  return value;
}

/** A flag that is also set by its name alone. */
function looseFlag(attrs: Attributes, key: string, byDefault: boolean): boolean {
  return attrs[key] === '' ? true : (strictFlag(attrs, key) ?? byDefault);
}

function compressionOf(attrs: Attributes, ociTypes: boolean): Pick<ImageOptions, 'compression' | 'force'> {
  const { compression = 'gzip', 'force-compression': forced } = attrs;
  switch (compression) {
    case 'uncompressed':
    case 'gzip':
    case 'zstd':
      return { compression, force: forceFlag(forced) };
    case 'estargz':
      if (!ociTypes) {
        throw requestFailure('exporter option "compression=estargz" conflicts with "oci-mediatypes=false"');
      }
      throw requestFailure('compression=estargz is not supported here', {
        hint: 'use compression=gzip or compression=zstd',
      });
    default:
      throw requestFailure(`unsupported compression type ${compression}`);
  }
}

function forceFlag(text: string | undefined): boolean {
  if (text === undefined) return false;
  const value = text === '' ? true : parseBool(text);
  if (value !== undefined) return value;
  throw requestFailure(`non-bool value ${text} specified for force-compression: ${boolError(text)}`);
}

function compressionLevel(attrs: Attributes): number | undefined {
  const text = attrs['compression-level'];
  if (text === undefined) return undefined;
  const level = parseInt64(text);
  if (typeof level === 'bigint') return Number(level);
  throw requestFailure(`non-integer value ${text} specified for compression-level: ${level.error}`);
}

function checkLevel(compression: PackCompression, level: number): void {
  if (compression === 'gzip' && (level < -2 || level > 9)) {
    throw requestFailure(`gzip: invalid compression level: ${level}`);
  }
  if (compression === 'zstd' && (level < 0 || level > 22)) {
    throw requestFailure(`zstd: invalid compression level: ${level}`, { hint: 'levels are 0 to 22' });
  }
}
