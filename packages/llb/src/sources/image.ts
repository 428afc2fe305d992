import type { Caller } from '../base/call-site.ts';
import { callSiteOf } from '../base/call-site.ts';
import { flag, oneOf, show, text, whole } from '../base/check.ts';
import { fail, invalid } from '../base/error.ts';
import { formatReference, parseReference, type Reference, withDefaultTag } from '../base/reference.ts';
import type { AsyncContext, Constraints, ImageConfigResolver, ResolvedImage } from '../graph/graph.ts';
import { type Checks, type ConstraintsOpt, collect, given, type NoOption } from '../graph/option.ts';
import type { ImageSource, ResolveMode } from '../graph/source-spec.ts';
import { applyImageJSON, deferredState, NewState, Scratch, type State } from '../state/state.ts';
import { checkDigest, sourceOutput } from './source.ts';

/** Settings of `Image`. */
export interface ImageInfo {
  /** The place in which BuildKit looks for the image. Default: `'default'`. */
  readonly resolveMode?: ResolveMode;
  /** `'internal'`: not shown as an image of the user's in cache records. Default: none. */
  readonly recordType?: 'internal' | (string & {});
  /** Takes only the lowest layers. Default: all. */
  readonly layerLimit?: number;
  /** Digest that the manifest must have. Default: any. */
  readonly checksum?: string;
  /**
   * Asks for the image's config when the State is marshaled and takes variables, directory and platform from it.
   * `true`: who marshals answers. Default: nobody is asked.
   */
  readonly metaResolver?: ImageConfigResolver | true;
  /** Replaces the reference by the digest that the resolver found. Needs `metaResolver`. Default: false. */
  readonly resolveDigest?: boolean;
}

/** An option of `Image`. */
export type ImageOption = ImageInfo | ConstraintsOpt;

const modes = ['default', 'pull', 'local'] as const;

const checks = {
  resolveMode: (at: Caller, what: string, value: unknown) => oneOf(at, what, modes, value),
  recordType: text,
  layerLimit: (at: Caller, what: string, value: unknown) => whole(at, what, value),
  checksum: checkDigest,
  metaResolver: (at: Caller, what: string, value: unknown) => {
    if (value === true || isResolver(value)) return value;
    throw invalid(at, `${what} must have a method resolveImageConfig, got ${show(value)}`);
  },
  resolveDigest: flag,
} satisfies Checks<ImageInfo>;

function isResolver(value: unknown): value is ImageConfigResolver {
  return typeof (value as Partial<ImageConfigResolver> | null)?.resolveImageConfig === 'function';
}

/**
 * The filesystem of an image in a registry. `Image('alpine:3.20')` is `docker.io/library/alpine:3.20`; without tag and
 * digest it is `latest`. Its variables and directory are not known unless {@link WithMetaResolver} asks for them.
 *
 * ```ts
 * Image('node:22', { resolveMode: 'local' }, LinuxArm64)
 * ```
 */
export function Image(ref: string, ...options: readonly (ImageOption | NoOption)[]): State {
  const at: Caller = Image;
  const parsed = withDefaultTag(parseReference(at, ref));
  const { info, constraints } = collect(at, { of: 'Image', checks }, options);
  const source: ImageSource = {
    type: 'image',
    ref: formatReference(parsed),
    resolveMode: info.resolveMode ?? 'default',
    recordType: info.recordType ?? '',
    checksum: info.checksum ?? '',
    ...(info.layerLimit !== undefined && { layerLimit: info.layerLimit }),
  };
  const resolver = info.metaResolver;
  if (!resolver) return NewState(sourceOutput(at, source, constraints));
  const pin = info.resolveDigest === true && !parsed.digest;
  const callSite = callSiteOf(at);
  const base = pin ? Scratch() : NewState(sourceOutput(at, source, constraints));
  return deferredState({
    callSite,
    outcome: undefined,
    compute: async (context) => {
      const image = await ask(resolver, source, constraints, context);
      if (!pin) return applyImageJSON(at, base, image.config);
      const pinned = { ...source, ref: formatReference(withDigest(at, image)) };
      return applyImageJSON(at, NewState(sourceOutput(at, pinned, constraints)), image.config);
    },
  });
}

function ask(
  resolver: ImageConfigResolver | true,
  { ref, resolveMode }: ImageSource,
  constraints: Constraints,
  context: AsyncContext,
): Promise<ResolvedImage> {
  const asked = resolver === true ? context.imageConfigResolver : resolver;
  if (!asked) {
    throw fail(
      'invalid-argument',
      Image,
      `nobody can tell the config of ${ref}`,
      'give WithMetaResolver a resolver, or the marshal an imageConfigResolver',
    );
  }
  const platform = constraints.platform ?? context.constraints.platform;
  return asked.resolveImageConfig(ref, { platform, resolveMode });
}

function withDigest(at: Caller, { ref, digest }: ResolvedImage): Reference {
  const parsed = parseReference(at, ref);
  return digest ? { ...parsed, digest: checkDigest(at, 'the digest', digest) } : parsed;
}

/** The image's default place: registry, unless the same tag was pulled for this build; the default. `Image('alpine', ResolveModeDefault)` */
export const ResolveModeDefault: { readonly resolveMode: 'default' } = Object.freeze({
  resolveMode: 'default',
});
/** Always asks the registry. `Image('alpine', ResolveModeForcePull)` */
export const ResolveModeForcePull: { readonly resolveMode: 'pull' } = Object.freeze({ resolveMode: 'pull' });
/** Takes the daemon's own image where it has one. `Image('alpine', ResolveModePreferLocal)` */
export const ResolveModePreferLocal: { readonly resolveMode: 'local' } = Object.freeze({
  resolveMode: 'local',
});
/** Marks the image as one that the user did not name. `Image('frontend', MarkImageInternal)` */
export const MarkImageInternal: { readonly recordType: 'internal' } = Object.freeze({
  recordType: 'internal',
});

/** Takes only the lowest `layers` layers. `Image('debian', WithLayerLimit(1))` */
export function WithLayerLimit(layers: number): { readonly layerLimit: number } {
  return given(WithLayerLimit, { layerLimit: layers });
}

/** Digest that the image must have. `Image('alpine', WithImageChecksum('sha256:…'))` */
export function WithImageChecksum(digest: string): { readonly checksum: string } {
  return given(WithImageChecksum, { checksum: digest });
}

/**
 * Asks for the image's config when the State is marshaled; variables, directory and platform are taken from it.
 * `Image('node:22', WithMetaResolver())`
 *
 * @param resolver default: the `imageConfigResolver` of who marshals
 */
export function WithMetaResolver(resolver: ImageConfigResolver | true = true): {
  readonly metaResolver: ImageConfigResolver | true;
} {
  return given(WithMetaResolver, { metaResolver: resolver });
}

/** Replaces the reference by a digest when the State is marshaled. `Image('node', WithMetaResolver(), ResolveDigest(true))` */
export function ResolveDigest(resolveDigest: boolean): { readonly resolveDigest: boolean } {
  return given(ResolveDigest, { resolveDigest });
}
