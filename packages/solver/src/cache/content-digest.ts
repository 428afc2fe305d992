/** What of an input counts for a cache key: one path with the options that choose what belongs to it (S B.8.3–B.8.5). */
export interface ContentSelector {
  /** Clean absolute byte string; may hold wildcards if `wildcard`. */
  readonly path: string;
  readonly wildcard: boolean;
  readonly followLinks: boolean;
  readonly includePatterns: readonly string[];
  readonly excludePatterns: readonly string[];
  readonly requiredPaths: readonly string[];
}
