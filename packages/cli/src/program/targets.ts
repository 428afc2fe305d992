import {
  isForeignState,
  isPlatforms,
  isState,
  type PlatformSpec,
  type PlatformStates,
  type State,
  suggestion,
} from '@llb-ts/llb';
import { CliError, usageError } from '../error/cli-error.ts';
import { leaveSignalsToSystem } from '../process/interrupts.ts';
import { argumentValues, type GivenArgument, type Signature } from './arguments.ts';
import type { Program } from './program.ts';
import { programError } from './program-error.ts';

/** The wishes of a command for a build.ts. */
export interface Wanted {
  readonly target: string | undefined;
  readonly args: readonly GivenArgument[];
  /** Empty: what the build file says, else this machine's. */
  readonly platforms: readonly PlatformSpec[];
}

/** The value of a target: a state, or one for each of several platforms. */
export type Exported = State | PlatformStates;

/** Reads the signature of a build function from its source; asked only when it matters. */
export type SignatureReader = (target: string | undefined) => Promise<Signature>;

/**
 * The targets of a build.ts. Its default export is a State, several of `Platforms(…)`, a function of one object of
 * arguments, or a record of named targets which are states or functions themselves; any of these may be a promise.
 */
export async function exportedBy(
  program: Program,
  wanted: Wanted,
  readSignature: SignatureReader,
): Promise<Exported> {
  const root = await rootOf({ program, args: wanted.args, readSignature });
  if (root.kind === 'exported') {
    if (wanted.target !== undefined) throw noTargets(program.shown, wanted.target);
    return root.value;
  }
  const name = chooseTarget(root.targets, wanted.target, program.shown);
  return targetOf(root.targets[name], name, { program, args: root.args, readSignature });
}

/** All that build.ts describes: each of its targets, or the one that it is. An argument goes to the targets that take it. */
export async function allExportedBy(
  program: Program,
  wanted: Wanted,
  readSignature: SignatureReader,
): Promise<readonly Exported[]> {
  const root = await rootOf({ program, args: wanted.args, readSignature });
  if (root.kind === 'exported') return [root.value];
  const names = Object.keys(root.targets);
  if (names.length === 0) throw noTargetsAtAll(program.shown);
  const untaken = new Set(root.args.map(({ name }) => name));
  const all: Exported[] = [];
  for (const name of names) {
    const value = await root.targets[name];
    const signature = typeof value === 'function' && root.args.length > 0 ? await readSignature(name) : [];
    const args = root.args.filter((arg) => !signature || signature.some((one) => one.name === arg.name));
    for (const arg of args) untaken.delete(arg.name);
    all.push(await targetOf(value, name, { program, args, readSignature }));
  }
  const [stranger] = untaken;
  if (stranger === undefined) return all;
  throw usageError(
    `no target of ${program.shown} has an argument ${JSON.stringify(stranger)}`,
    `see what they take: llb-ts help ${program.shown}`,
  );
}

type Root =
  | { readonly kind: 'exported'; readonly value: Exported }
  /** `args`: those that are still to be asked for. */
  | { readonly kind: 'record'; readonly targets: Record; readonly args: readonly GivenArgument[] };

/** The program, and what its functions are called with. */
interface Call {
  readonly program: Program;
  readonly args: readonly GivenArgument[];
  readonly readSignature: SignatureReader;
}

async function rootOf(call: Call): Promise<Root> {
  const { program, args } = call;
  const { shown } = program;
  if (!('default' in program.exports)) throw noDefault(program);
  const root = await called(program.exports.default, undefined, call);
  if (isExported(root.value)) return { kind: 'exported', value: finish(root, args, shown) };
  if (!isRecord(root.value) || isForeignState(root.value)) {
    throw unusable(shown, 'the default export', root.value);
  }
  // A function that has taken the arguments has answered for them.
  return { kind: 'record', targets: root.value, args: root.tookArguments ? [] : args };
}

async function targetOf(value: unknown, name: string, call: Call): Promise<Exported> {
  const { args, program } = call;
  const target = await called(value, name, call);
  if (!isExported(target.value)) {
    throw unusable(program.shown, `the target ${JSON.stringify(name)}`, target.value);
  }
  return finish(target, args, program.shown);
}

function isExported(value: unknown): value is Exported {
  return isState(value) || isPlatforms(value);
}

interface Called {
  readonly value: unknown;
  readonly tookArguments: boolean;
}

async function called(
  exported: unknown,
  target: string | undefined,
  { program, args, readSignature }: Call,
): Promise<Called> {
  try {
    const value = await exported;
    if (typeof value !== 'function') return { value, tookArguments: false };
    // Without arguments and without a parameter that has to be there, nothing needs to be known about types.
    const signature = args.length > 0 || value.length > 0 ? await readSignature(target) : [];
    leaveSignalsToSystem();
    return { value: await value(argumentValues(args, signature, program.shown)), tookArguments: true };
  } catch (error) {
    throw programError(error, program);
  }
}

function finish({ value, tookArguments }: Called, args: readonly GivenArgument[], shown: string): Exported {
  if (args.length > 0 && !tookArguments) {
    throw usageError(`${shown} takes no arguments`, 'export a function: export default (args: { … }) => …');
  }
  return value as Exported;
}

type Record = Readonly<{ [name: string]: unknown }>;

function isRecord(value: unknown): value is Record {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function chooseTarget(record: Record, wanted: string | undefined, shown: string): string {
  const names = Object.keys(record);
  if (names.length === 0) throw noTargetsAtAll(shown);
  if (wanted !== undefined) {
    if (Object.hasOwn(record, wanted)) return wanted;
    throw new CliError('usage', `${shown} has no target ${JSON.stringify(wanted)}`, {
      notes: [['targets', names.join(', ')]],
      ...helpFor(wanted, names),
    });
  }
  const [only] = names;
  if (names.length === 1 && only !== undefined) return only;
  if (Object.hasOwn(record, 'default')) return 'default';
  throw new CliError('usage', `${shown} has ${names.length} targets: which one?`, {
    notes: [['targets', names.join(', ')]],
    help: `name one: llb-ts solve ${shown} ${only}`,
  });
}

function noTargetsAtAll(shown: string): CliError {
  return new CliError('program', `${shown} exports no targets: the record is empty`);
}

function helpFor(wanted: string, names: readonly string[]): { readonly help?: string } {
  const text = suggestion(wanted, names);
  return text.startsWith('did you mean') ? { help: text } : {};
}

function noDefault({ exports, shown }: Program): CliError {
  const names = Object.keys(exports);
  const states = names.filter((name) => isExported(exports[name]) || typeof exports[name] === 'function');
  const best = states[0] ?? names[0];
  return new CliError('program', `${shown} has no default export`, {
    notes: [['exports', names.length > 0 ? names.join(', ') : 'nothing']],
    help:
      best === undefined
        ? 'export what is to be built: export default Image("alpine")'
        : `export what is to be built: export default ${best}`,
  });
}

function noTargets(shown: string, target: string): CliError {
  return usageError(
    `${shown} has no target ${JSON.stringify(target)}: it exports one state`,
    'for named targets export a record: export default { app, test }',
  );
}

function unusable(shown: string, what: string, value: unknown): CliError {
  if (isForeignState(value)) return foreign(shown, what);
  return new CliError('program', `${shown}: ${what} is ${kindOf(value)}, not a State`, {
    help: 'export a State, a function that returns one, or a record of named states',
  });
}

/** Two copies of the language know nothing of each other; the build file itself always gets that of the program. */
function foreign(shown: string, what: string): CliError {
  return new CliError(
    'program',
    `${shown}: ${what} was made by another copy of the language than this program`,
    {
      help: "whoever makes states imports 'llb-ts'; a package that does so names llb-ts in its peerDependencies",
    },
  );
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'string') return `the text ${JSON.stringify(value)}`;
  if (typeof value !== 'object') return `a ${typeof value}`;
  const name = value.constructor?.name;
  if (name === 'State') return 'an object of some class State that is not of llb-ts';
  return name && name !== 'Object' ? `a ${name}` : 'an object';
}
