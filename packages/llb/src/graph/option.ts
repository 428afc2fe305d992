import type { Caller } from '../base/call-site.ts';
import { callHint, isRecord, show } from '../base/check.ts';
import { invalid } from '../base/error.ts';
import { suggestion } from '../base/nearest.ts';
import type { Constraints } from './graph.ts';

/**
 * How options are passed, everywhere: any number of records of settings (`{ createDestPath: true }`) and of Go's
 * option values, in any order; what comes later wins. Go's values are records too (`WithParents(true)` is
 * `{ makeParents: true }`), except those that look at what was set before: these are a `Change`.
 */
export interface Change<Of extends string, Info> {
  /** The verb that it is an option of, so that it cannot be given to another. */
  readonly of: Of;
  readonly change: (info: Info) => Info;
}

/** No option: what a condition that is not met leaves, as in `Image('a', isArm && LinuxArm64)`. Taken wherever options are. */
export type NoOption = false | undefined | null;

/** True if an option is one that a condition left out. */
export function isNoOption(option: unknown): option is NoOption {
  return option === false || option === undefined || option === null;
}

/** Something said about an op besides what it does: platform, name, cache, limits. Taken by every verb that makes one. */
export interface ConstraintsOpt extends Change<'constraints', Constraints> {}

export type Check = (at: Caller, what: string, value: unknown) => unknown;

/** One check per setting, so that a new setting does not compile without one. */
export type Checks<Info> = { readonly [Name in keyof Required<Info>]: Check };

/** Settings after their checks. */
export type Checked<Table> = {
  readonly [Name in keyof Table]?: Table[Name] extends (...args: never[]) => infer Value ? Value : never;
};

/** Constraints that say nothing. `constraintsOf(at, options, noConstraints)` */
export const noConstraints: Constraints = Object.freeze({
  workerConstraints: [],
  metadata: Object.freeze({ ignoreCache: false }),
  localUniqueID: '',
  sourceLocations: [],
});

/** The options that a verb takes. */
interface Taken<Table> {
  /** The verb, as a {@link Change} names it. */
  readonly of: string;
  readonly checks: Table;
  /** Settings that hold before the first option. Default: none. */
  readonly start?: Partial<Checked<Table>>;
}

/** Reads the options of `at`: settings checked one by one, constraints apart. */
export function collect<Table extends Readonly<Record<string, Check>>>(
  at: Caller,
  taken: Taken<Table>,
  options: readonly unknown[],
): { readonly info: Checked<Table>; readonly constraints: Constraints } {
  const { of, checks, start = {} } = taken;
  let info: Record<string, unknown> = start;
  let constraints = noConstraints;
  for (const [index, option] of options.entries()) {
    if (isNoOption(option)) continue;
    if (isChange(option)) {
      if (option.of === 'constraints') constraints = option.change(constraints) as Constraints;
      else if (option.of === of) info = option.change(info) as Record<string, unknown>;
      else throw wrongOption(at, index, option);
    } else if (isRecord(option)) {
      info = { ...info, ...checkRecord(at, checks, option) };
    } else {
      throw wrongOption(at, index, option);
    }
  }
  return { info: info as Checked<Table>, constraints };
}

/** The same for what takes no constraints. */
export function settings<Table extends Readonly<Record<string, Check>>>(
  at: Caller,
  taken: Taken<Table>,
  options: readonly unknown[],
): Checked<Table> {
  const foreign = options.findIndex((option) => isChange(option) && option.of !== taken.of);
  if (foreign >= 0) throw wrongOption(at, foreign, options[foreign]);
  return collect(at, taken, options).info;
}

/** The sum of constraint options; `at` is named where one is something else. `constraintsOf(myVerb, [LinuxAmd64])` */
export function constraintsOf(at: Caller, options: readonly unknown[], start = noConstraints): Constraints {
  let constraints = start;
  for (const [index, option] of options.entries()) {
    if (isNoOption(option)) continue;
    if (!isChange(option) || option.of !== 'constraints') throw wrongOption(at, index, option);
    constraints = option.change(constraints) as Constraints;
  }
  return constraints;
}

export function isChange(option: unknown): option is Change<string, unknown> {
  return (
    typeof option === 'object' &&
    option !== null &&
    typeof (option as Partial<Change<string, unknown>>).change === 'function' &&
    typeof (option as Partial<Change<string, unknown>>).of === 'string'
  );
}

export function wrongOption(at: Caller, index: number, option: unknown): Error {
  const what = isChange(option) ? `an option of ${option.of}` : show(option);
  const hint = Array.isArray(option) ? 'spread the list: ...options' : callHint(option);
  return invalid(at, `option ${index + 1} is ${what}, which ${at.name} does not take`, hint);
}

/** The argument of a factory, as a record. An undefined setting in a record is passed over, so it must not get there. */
export function given<Given extends object>(at: Caller, values: Given): Given {
  const missing = Object.entries(values).find(([, value]) => value === undefined);
  if (missing) throw invalid(at, `${missing[0]} is undefined`, 'leave the option out, or give it a value');
  return Object.freeze(values);
}

function checkRecord(
  at: Caller,
  table: Readonly<Record<string, Check>>,
  record: object,
): Record<string, unknown> {
  const checked: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(record)) {
    const check = Object.hasOwn(table, name) ? table[name] : undefined;
    if (!check) {
      throw invalid(at, `there is no option ${show(name)}`, suggestion(name, Object.keys(table)));
    }
    if (value !== undefined) checked[name] = check(at, name, value);
  }
  return checked;
}
