import { SolveFailure } from '@llb-ts/backend';
import { stepFailure } from '../../error/error.ts';
import { bytesOf, cleanPath } from '../../name/bytes.ts';
import { type MatchInfo, PatternMatcher } from '../../pattern/ignore-patterns.ts';

/** The match state of a directory, which its entries inherit. */
export interface FilterState {
  readonly include: MatchInfo | undefined;
  readonly exclude: MatchInfo | undefined;
}

export interface Verdict {
  /** It belongs to the result by itself. A directory that does not may still come as the parent of something that does. */
  readonly taken: boolean;
  /** Nothing in this directory can be taken. */
  readonly prune: boolean;
  readonly state: FilterState;
}

/**
 * Include and exclude patterns applied on a walk from directories to what is in them (fsutil `filter.go`). Includes say
 * what may come, excludes take it away again.
 */
export class PathFilter {
  readonly #include: PatternSet | undefined;
  readonly #exclude: PatternSet | undefined;

  /** Fails with fsutil's text for a malformed pattern. An empty list means no restriction. */
  constructor(includePatterns: readonly string[], excludePatterns: readonly string[]) {
    if (includePatterns.length > 0) this.#include = new PatternSet('includepatterns', includePatterns);
    if (excludePatterns.length > 0) this.#exclude = new PatternSet('excludepatterns', excludePatterns);
  }

  /**
   * @param path relative, clean, a byte string
   * @param parent of the directory it is in; undefined at the top
   */
  judge(path: string, isDirectory: boolean, parent: FilterState | undefined): Verdict {
    const included = this.#include?.match(path, parent?.include);
    if (included && !included.matched && isDirectory && !this.#include?.mayMatchIn(path, 'pattern')) {
      return { taken: false, prune: true, state: NO_STATE };
    }
    const excluded = this.#exclude?.match(path, parent?.exclude);
    if (excluded?.matched && isDirectory && !this.#exclude?.mayMatchIn(path, 'exception')) {
      return { taken: false, prune: true, state: NO_STATE };
    }
    return {
      taken: (included?.matched ?? true) && !excluded?.matched,
      prune: false,
      state: { include: included?.info, exclude: excluded?.info },
    };
  }

  /**
   * True if an included file keeps its content. The whole path is matched, so that an exception
   * which takes a directory back also takes back what is in it, though the walk went on from there; such a file arrives
   * empty (`filterFS.Open`).
   */
  opens(path: string): boolean {
    if (!this.#include?.hasExceptions && !this.#exclude?.hasExceptions) return true;
    return (
      (this.#include?.match(path, undefined).matched ?? true) &&
      !this.#exclude?.match(path, undefined).matched
    );
  }
}

const NO_STATE: FilterState = { include: undefined, exclude: undefined };

/** Patterns with what saves walking into directories in vain. */
class PatternSet {
  readonly #label: string;
  readonly #matcher: PatternMatcher;
  readonly #prefixes: Readonly<Record<'pattern' | 'exception', Prefixes>>;

  constructor(label: string, patterns: readonly string[]) {
    this.#label = label;
    try {
      this.#matcher = new PatternMatcher(patterns);
    } catch (error) {
      if (!(error instanceof SolveFailure)) throw error;
      throw stepFailure(`invalid ${label}: [${patterns.join(' ')}]: ${error.message}`, { cause: error });
    }
    const cleaned = patterns.map((text) => cleanPath(bytesOf(text.trim())));
    this.#prefixes = {
      pattern: prefixesOf(cleaned.filter((pattern) => !pattern.startsWith('!'))),
      exception: prefixesOf(cleaned.filter((p) => p.startsWith('!')).map((p) => p.slice(1))),
    };
  }

  get hasExceptions(): boolean {
    return this.#matcher.hasExceptions;
  }

  match(path: string, parent: MatchInfo | undefined): ReturnType<PatternMatcher['match']> {
    try {
      return this.#matcher.match(path, parent);
    } catch (error) {
      if (!(error instanceof SolveFailure)) throw error;
      throw stepFailure(`failed to match ${this.#label}: ${error.message}`, { cause: error });
    }
  }

  /** True if a pattern (or an exception) could match something in a directory that does not match itself. */
  mayMatchIn(directory: string, kind: 'pattern' | 'exception'): boolean {
    const prefixes = this.#prefixes[kind];
    return prefixes === 'any' || prefixes.some((prefix) => prefix.startsWith(`${directory}/`));
  }
}

/** Paths, each with a slash at its end, one of which a match begins with; `any` where patterns do not tell. */
type Prefixes = 'any' | readonly string[];

function prefixesOf(patterns: readonly string[]): Prefixes {
  const plain = patterns.map((pattern) => pattern.replace(/\/\*\*$/, '').replace(/\/\*$/, ''));
  if (plain.some((pattern) => /[*[\]?^\\]/.test(pattern))) return 'any';
  return plain.map((pattern) => `${pattern}/`);
}
