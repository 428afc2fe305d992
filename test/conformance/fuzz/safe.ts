import type { Plan, PlannedState, Reference } from './plan.ts';

/**
 * BuildKit v0.34.2 crashes, daemon and all, on two kinds of graph: a diff whose lower side holds a diff that leads to
 * nothing, and a file op that fails while one of its inputs came out as nothing. Such states are replaced by harmless
 * ones, so that a run of the fuzzer outlives them.
 */
export function avoidsDaemonCrashes(plan: Plan): Plan {
  const states: PlannedState[] = [];
  const facts: Facts[] = [];
  const factsOf = (at: Reference): Facts => (at < 0 ? { empty: true, emptied: false } : facts[at]!);
  for (const planned of plan) {
    const state = harmless(planned, factsOf);
    states.push(state);
    facts.push(factsOfState(state, factsOf, states));
  }
  return states;
}

interface Facts {
  /** It may come out as no filesystem at all. */
  readonly empty: boolean;
  /** It holds a diff that leads to nothing. */
  readonly emptied: boolean;
}

function harmless(state: PlannedState, factsOf: (at: Reference) => Facts): PlannedState {
  switch (state.kind) {
    case 'file': {
      const solid = (at: Reference) => (at >= 0 && factsOf(at).empty ? -1 : at);
      const actions = state.actions.map((action) =>
        action.kind === 'copy' ? { ...action, from: solid(action.from) } : action,
      );
      return { ...state, base: solid(state.base), actions };
    }
    case 'diff':
      return factsOf(state.lower).emptied ? { kind: 'merge', inputs: [state.lower, state.upper] } : state;
    case 'merge':
      return state;
  }
}

function factsOfState(
  state: PlannedState,
  factsOf: (at: Reference) => Facts,
  states: readonly PlannedState[],
): Facts {
  switch (state.kind) {
    case 'file':
      return { empty: false, emptied: factsOf(state.base).emptied };
    case 'merge':
      return {
        empty: state.inputs.every((at) => factsOf(at).empty),
        emptied: state.inputs.some((at) => factsOf(at).emptied),
      };
    case 'diff': {
      const [lower, upper] = [factsOf(state.lower), factsOf(state.upper)];
      return {
        empty: sameState(states, state.lower, state.upper) || (lower.empty && upper.empty),
        emptied: upper.empty || upper.emptied || sameState(states, state.lower, state.upper),
      };
    }
  }
}

/** True if two places describe the same graph, so that BuildKit gives them the same result. */
function sameState(states: readonly PlannedState[], a: Reference, b: Reference): boolean {
  return a === b || describe(states, a) === describe(states, b);
}

function describe(states: readonly PlannedState[], at: Reference): string {
  const state = states[at];
  if (state === undefined) return '-';
  const inner = (place: Reference) => describe(states, place);
  switch (state.kind) {
    case 'file':
      return JSON.stringify([
        inner(state.base),
        state.actions.map((one) => (one.kind === 'copy' ? { ...one, from: inner(one.from) } : one)),
      ]);
    case 'merge':
      return JSON.stringify(['merge', ...state.inputs.map(inner)]);
    case 'diff':
      return JSON.stringify(['diff', inner(state.lower), inner(state.upper)]);
  }
}
