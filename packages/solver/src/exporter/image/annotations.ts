import { requestFailure } from '../../error/error.ts';
import { formatPlatform, normalizePlatform, type OciPlatform } from '../../registry/platform.ts';

/** Annotations of an image by where they stand; of manifests, maybe only of one platform. */
export interface Annotations {
  readonly index: readonly Annotation[];
  readonly indexDescriptor: readonly Annotation[];
  readonly manifest: readonly Annotation[];
  readonly manifestDescriptor: readonly Annotation[];
}

export interface Annotation {
  readonly key: string;
  readonly value: string;
  /** Only for the manifest of this platform, in an image for several. */
  readonly platform?: OciPlatform;
}

const KEY = /^annotation(?:-([a-z-]+))?(?:\[([A-Za-z0-9_/-]+)\])?\.(\S+)$/;

/** Parts attributes `annotation[-TYPE][PLATFORM].KEY` from the others (`exptypes.ParseAnnotationKey`). */
export function splitAnnotations(attrs: Readonly<Record<string, string>>): {
  readonly annotations: Annotations;
  readonly rest: Readonly<Record<string, string>>;
} {
  const rest: Record<string, string> = {};
  const annotations = {
    index: [] as Annotation[],
    indexDescriptor: [] as Annotation[],
    manifest: [] as Annotation[],
    manifestDescriptor: [] as Annotation[],
  };
  for (const [name, value] of Object.entries(attrs)) {
    const [match, type = 'manifest', platform, key = ''] = KEY.exec(name) ?? [];
    if (match === undefined) {
      rest[name] = value;
      continue;
    }
    const place = PLACES[type];
    if (!place) throw requestFailure(`unrecognized annotation type ${type}`);
    annotations[place].push({ key, value, ...(platform && { platform: parsePlatform(platform) }) });
  }
  return { annotations, rest };
}

const PLACES: Readonly<Record<string, keyof Annotations>> = {
  index: 'index',
  'index-descriptor': 'indexDescriptor',
  manifest: 'manifest',
  'manifest-descriptor': 'manifestDescriptor',
};

function parsePlatform(text: string): OciPlatform {
  const [os = '', architecture = '', variant, ...more] = text.split('/');
  if (os === '' || architecture === '' || more.length > 0) {
    throw requestFailure(`${JSON.stringify(text)}: cannot parse platform specifier: invalid argument`);
  }
  return normalizePlatform({ os, architecture, ...(variant && { variant }) });
}

/**
 * Annotations of a manifest: those without a platform, then those with this one. Of an image alone, BuildKit passes over what is
 * said of a platform.
 */
export function annotationsFor(
  list: readonly Annotation[],
  platform: OciPlatform | undefined,
): ReadonlyMap<string, string> {
  const id = platform && formatPlatform(platform);
  const general = list.filter((one) => !one.platform);
  const own = list.filter((one) => one.platform && formatPlatform(one.platform) === id);
  return new Map([...general, ...own].map(({ key, value }) => [key, value]));
}

/** Annotations of an index: all of them, for any platform. */
export function annotationsOfIndex(list: readonly Annotation[]): ReadonlyMap<string, string> {
  return new Map(list.map(({ key, value }) => [key, value]));
}

/** Platforms that annotations are for. */
export function annotatedPlatforms(annotations: Annotations): ReadonlySet<string> {
  const all = Object.values(annotations) as readonly (readonly Annotation[])[];
  return new Set(all.flat().flatMap(({ platform }) => (platform ? [formatPlatform(platform)] : [])));
}
