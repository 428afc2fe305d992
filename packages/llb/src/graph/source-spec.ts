/**
 * A source, before it is an identifier and attributes. `marshal` writes each kind in BuildKit's words
 * (`client/llb/source.go`, `solver/pb/attr.go`).
 */
export type SourceSpec =
  | ImageSource
  | BlobSource
  | OCILayoutSource
  | LocalSource
  | HTTPSource
  | GitSource
  | RawSource;

/** The place in which BuildKit looks for an image: the usual one, always the registry, or in the daemon's own images first. */
export type ResolveMode = 'default' | 'pull' | 'local';

/** The source that `Image` makes. */
export interface ImageSource {
  readonly type: 'image';
  /** Normalized: `docker.io/library/alpine:latest`. */
  readonly ref: string;
  readonly resolveMode: ResolveMode;
  readonly recordType: string;
  readonly layerLimit?: number;
  readonly checksum: string;
}

/** One blob as one file, from a registry or from an OCI layout. */
export interface BlobSource {
  readonly type: 'blob';
  readonly from: 'registry' | 'oci-layout';
  /** Normalized, with a digest and without a tag. */
  readonly ref: string;
  readonly file: FileSettings;
  readonly sessionID: string;
  readonly storeID: string;
}

/** The source that `OCILayout` makes. */
export interface OCILayoutSource {
  readonly type: 'oci-layout';
  readonly ref: string;
  readonly sessionID: string;
  readonly storeID: string;
  readonly layerLimit?: number;
}

/** The source that `Local` makes. */
export interface LocalSource {
  readonly type: 'local';
  readonly name: string;
  readonly sessionID: string;
  readonly includePatterns: readonly string[];
  readonly excludePatterns: readonly string[];
  readonly followPaths: readonly string[];
  readonly sharedKeyHint: string;
  readonly differ?: { readonly type: 'none' | 'metadata'; readonly required: boolean };
  /** Patterns of files whose content is sent all the same; undefined: content of all is sent. */
  readonly metadataOnlyExcept?: readonly string[];
  /** The place of the folder by default, relative to the build file. Not part of the definition. */
  readonly dir?: string;
  /** File in the folder whose patterns are left out too. */
  readonly ignoreFile?: string;
}

/** The source that `HTTP` makes. */
export interface HTTPSource {
  readonly type: 'http';
  readonly url: string;
  readonly checksum: string;
  readonly file: FileSettings;
  readonly authHeaderSecret: string;
  readonly header?: { readonly accept: string; readonly userAgent: string };
  readonly signature?: { readonly pubKey: string; readonly signature: string };
}

/** How the one file of a blob or download looks; what is 0 or empty is not written. */
export interface FileSettings {
  readonly filename: string;
  readonly perm: number;
  readonly uid: number;
  readonly gid: number;
}

/** The source that `Git` makes. */
export interface GitSource {
  readonly type: 'git';
  /** Host and path, or the whole URL where it could not be parsed. */
  readonly repository: string;
  readonly url: string;
  readonly ssh: boolean;
  readonly ref: string;
  readonly subDir: string;
  readonly keepGitDir: boolean;
  readonly authTokenSecret: string;
  readonly authHeaderSecret: string;
  /** The secret names were chosen, not the defaults. */
  readonly authChosen: boolean;
  readonly knownSSHHosts: string;
  readonly mountSSHSock: string;
  readonly checksum: string;
  readonly skipSubmodules: boolean;
  readonly mtime: string;
  readonly advice: boolean;
  readonly fetchByCommit: boolean;
  readonly bundle: string;
  readonly bundleOCISessionID: string;
  readonly bundleOCIStoreID: string;
  readonly checkoutBundle: boolean;
}

/** An identifier and attributes as they are, for sources that have no verb. */
export interface RawSource {
  readonly type: 'raw';
  readonly identifier: string;
  readonly attrs: Readonly<Record<string, string>>;
}
