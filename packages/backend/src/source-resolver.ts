import type { Platform, SourceOp } from '@llb-ts/pb';
import type { Capabilities, CredentialSource } from './capabilities.ts';
import type { SourceLocation } from './progress.ts';
import type { SolveRequest } from './request.ts';

/**
 * Tells what sources name today: which digest a tag, which commit a branch, which content a URL. Brings no more than it
 * takes to know, which for a file on the web is the file. Fails with `SolveFailure`.
 */
export interface SourceResolver {
  /** Resolves several sources side by side; answers by the digest of the question. The first failure stops the others. */
  resolveSources(request: ResolveRequest): Promise<ReadonlyMap<string, ResolvedSource>>;
  /** The config of an image in a registry. */
  resolveImageConfig(reference: string, options?: ImageConfigOptions): Promise<ResolvedImageConfig>;
}

/** The sources to resolve, and what may be used for it. */
export interface ResolveRequest extends Capabilities, Pick<SolveRequest, 'signal' | 'onProgress'> {
  readonly sources: readonly SourceQuestion[];
}

export interface SourceQuestion {
  /** Names the question in the answer and in progress: the digest of the op. */
  readonly digest: string;
  /** An image of a registry, a Git repository or a file on the web. */
  readonly op: SourceOp;
  /** Default: that of this machine. */
  readonly platform?: Platform;
  readonly location?: SourceLocation;
}

export type ResolvedSource =
  /** Digest of the manifest, or of the index where there is one. */
  | { readonly kind: 'image'; readonly digest: string }
  /** Full commit id; of an annotated tag, the commit that it names. */
  | { readonly kind: 'git'; readonly commit: string }
  /** Digest of the content, and the name that the file gets. */
  | { readonly kind: 'http'; readonly checksum: string; readonly filename: string };

export interface ImageConfigOptions {
  /** Default: that of this machine. */
  readonly platform?: Platform;
  /** Default: anonymous. */
  readonly credentials?: CredentialSource;
  readonly signal?: AbortSignal;
}

export interface ResolvedImageConfig {
  /** The reference, normalised. */
  readonly ref: string;
  /** Digest of the manifest, or of the index where there is one. */
  readonly digest: string;
  /** The image config as it stands in the image. */
  readonly config: Uint8Array;
}
