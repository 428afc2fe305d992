import { type MatchInfo, matcherFor, type PatternMatcher } from './ignore-patterns.ts';

/** The verdict of the patterns on an entry, with those on the way, for the entries in it. */
export interface Verdict {
  readonly included: boolean;
  readonly excluded: boolean;
  readonly includeInfo: MatchInfo | undefined;
  readonly excludeInfo: MatchInfo | undefined;
}

/** The first entry of a copy is always taken, whatever the patterns say. */
export const EVERYTHING: Verdict = {
  included: true,
  excluded: false,
  includeInfo: undefined,
  excludeInfo: undefined,
};

/** The include and exclude patterns of a copy, applied from directories to what is in them (fsutil `copy/copy.go`). */
export class Selection {
  readonly #include: PatternMatcher | undefined;
  readonly #exclude: PatternMatcher | undefined;

  /** Fails with `invalid includepatterns: [a [b]: syntax error in pattern`. */
  constructor(include: readonly string[], exclude: readonly string[]) {
    this.#include = matcherFor('includepatterns', include);
    this.#exclude = matcherFor('excludepatterns', exclude);
  }

  /** True if there is no pattern at all. */
  get isEverything(): boolean {
    return !this.#include && !this.#exclude;
  }

  /**
   * Undefined if neither the entry nor anything in it can be wanted.
   *
   * @param below path below what the copy began with, a byte string
   * @param parent of the directory it is in
   */
  judge(below: string, parent: Verdict): Verdict | undefined {
    if (this.isEverything) return EVERYTHING;
    const included = this.#include?.match(below, parent.includeInfo);
    const excluded = this.#exclude?.match(below, parent.excludeInfo);
    const isExcluded = excluded?.matched ?? false;
    if (isExcluded && !this.#include && !this.#exclude?.hasExceptions) return undefined;
    return {
      included: (included?.matched ?? true) && !isExcluded,
      excluded: isExcluded,
      includeInfo: included?.info,
      excludeInfo: excluded?.info,
    };
  }

  /** True if anything in a directory can be wanted. */
  enters({ excluded }: Verdict): boolean {
    return !excluded || (this.#exclude?.hasExceptions ?? false);
  }
}
