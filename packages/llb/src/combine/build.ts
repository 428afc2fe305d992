import { type Caller, callSiteOf } from '../base/call-site.ts';
import { text } from '../base/check.ts';
import { LlbError } from '../base/error.ts';
import { requireState } from '../graph/brand.ts';
import { type Checks, type ConstraintsOpt, collect, given, type NoOption } from '../graph/option.ts';
import type { StateOption } from '../state/state.ts';

/** Settings of `Build`. */
export interface BuildInfo {
  /** File that holds the definition. Default: `/buildkit.llb.definition`. */
  readonly filename?: string;
}
/** An option of `Build`: a record of settings or a constraint. */
export type BuildOption = BuildInfo | ConstraintsOpt;

const checks = { filename: text } satisfies Checks<BuildInfo>;

/**
 * Solves the definition that a state holds as a file, and is what that gives.
 * `generated.With(Build({ filename: 'out.llb' }))`
 */
export function Build(...options: readonly (BuildOption | NoOption)[]): StateOption {
  const at: Caller = Build;
  const { info, constraints } = collect(at, { of: 'Build', checks }, options);
  const callSite = callSiteOf(at);
  return (state) => {
    const source = requireState(state.With, 'the state', state).Output();
    if (!source) {
      throw new LlbError('invalid-argument', 'Build: an empty state holds no definition', { callSite });
    }
    const vertex = Object.freeze({
      kind: 'build',
      source,
      filename: info.filename ?? '',
      constraints,
      callSite,
    } as const);
    return state.WithOutput(Object.freeze({ kind: 'result', vertex, index: 0 }));
  };
}

/** File that holds the definition. `Build(WithFilename('out.llb'))` */
export function WithFilename(filename: string): { readonly filename: string } {
  return given(WithFilename, { filename });
}

/** A constraint of a build, as `Build` takes it without this too. `Build(WithConstraints(IgnoreCache))` */
export function WithConstraints(option: ConstraintsOpt): ConstraintsOpt {
  return option;
}
