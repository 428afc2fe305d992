/**
 * A build as data: what the fuzzer makes up, shrinks, and saves as JSON. States refer to earlier ones by their place;
 * the last one is the result.
 */
export type Plan = readonly PlannedState[];

export type PlannedState =
  | { readonly kind: 'file'; readonly base: Reference; readonly actions: readonly PlannedAction[] }
  | { readonly kind: 'merge'; readonly inputs: readonly Reference[] }
  | { readonly kind: 'diff'; readonly lower: Reference; readonly upper: Reference };

/** The place of an earlier state, or -1 for scratch. */
export type Reference = number;

/** One of a few fixed times; `now` is the time of the build. */
export type PlannedTime = 'second' | 'nanoseconds' | 'later' | 'now';

export type PlannedAction =
  | {
      readonly kind: 'mkfile';
      readonly path: string;
      readonly content: string;
      readonly mode: number;
      readonly time: PlannedTime;
      readonly chown?: string;
    }
  | {
      readonly kind: 'mkdir';
      readonly path: string;
      readonly mode: number;
      readonly time: PlannedTime;
      readonly chown?: string;
    }
  | {
      readonly kind: 'rm';
      readonly path: string;
      readonly allowNotFound: boolean;
      readonly allowWildcard: boolean;
    }
  | {
      readonly kind: 'symlink';
      readonly target: string;
      readonly path: string;
      readonly chown?: string;
    }
  | {
      readonly kind: 'copy';
      readonly from: Reference;
      readonly src: string;
      readonly dest: string;
      readonly contents: boolean;
      readonly createDestPath: boolean;
      readonly replace: boolean;
      readonly followSymlinks: boolean;
      readonly allowWildcard: boolean;
      readonly include?: readonly string[];
      readonly exclude?: readonly string[];
      readonly required?: readonly string[];
      readonly allowEmptyWildcard?: boolean;
      readonly mode?: number | string;
      readonly chown?: string;
      /** Default: the source's times. */
      readonly time?: PlannedTime;
    };
