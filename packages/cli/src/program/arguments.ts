import { suggestion } from '@llb-ts/llb';
import { CliError, usageError } from '../error/cli-error.ts';
import { type Argument, type ArgumentType, typeText } from './argument-type.ts';

/** A `--arg` as it was written; without `=` the value is undefined, which says true. */
export interface GivenArgument {
  readonly name: string;
  readonly value: string | undefined;
}

/** The arguments of a build function; undefined if they are not known, so that everything is passed as text. */
export type Signature = readonly Argument[] | undefined;

export function parseGivenArguments(values: readonly string[]): readonly GivenArgument[] {
  return values.map((text) => {
    const equals = text.indexOf('=');
    const name = equals < 0 ? text : text.slice(0, equals);
    if (name === '') throw usageError(`--arg ${text}: expected NAME=VALUE`);
    return { name, value: equals < 0 ? undefined : text.slice(equals + 1) };
  });
}

/**
 * Turns `--arg` values into the object that the build function is called with. Fails with a usage error for an unknown
 * name, a value that does not fit its type, and an argument that is missing.
 */
export function argumentValues(
  given: readonly GivenArgument[],
  signature: Signature,
  shown: string,
): Readonly<Record<string, unknown>> {
  const values = new Map<string, unknown>();
  for (const [name, texts] of grouped(given)) {
    const argument = signature?.find((one) => one.name === name);
    if (signature && !argument) throw unknownArgument(name, signature, shown);
    values.set(name, typedValue(name, texts, argument?.type ?? { kind: 'any' }, shown));
  }
  const missing = (signature ?? []).filter(({ name, isRequired }) => isRequired && !values.has(name));
  if (missing.length > 0) throw missingArguments(missing, shown);
  return Object.fromEntries(values);
}

function grouped(given: readonly GivenArgument[]): ReadonlyMap<string, readonly (string | undefined)[]> {
  const groups = new Map<string, (string | undefined)[]>();
  for (const { name, value } of given) groups.set(name, [...(groups.get(name) ?? []), value]);
  return groups;
}

function typedValue(
  name: string,
  texts: readonly (string | undefined)[],
  type: ArgumentType,
  shown: string,
): unknown {
  if (type.kind === 'list') return texts.map((text) => oneValue(name, text, type.of, shown));
  if (texts.length > 1) throw usageError(`--arg ${name} is given ${texts.length} times, it takes one value`);
  return oneValue(name, texts[0], type, shown);
}

function oneValue(name: string, text: string | undefined, type: ArgumentType, shown: string): unknown {
  const wrong = (): CliError =>
    usageError(
      `--arg ${name}=${text ?? ''}: ${JSON.stringify(text ?? '')} is not ${expectation(type)}`,
      type.kind === 'choice' && text !== undefined
        ? suggestion(text, type.values.map(String))
        : `see what it takes: llb-ts help ${shown}`,
    );
  if (text === undefined) {
    if (type.kind === 'boolean' || type.kind === 'any') return true;
    throw usageError(`--arg ${name}: the value is missing`, `as in --arg ${name}=VALUE (${typeText(type)})`);
  }
  switch (type.kind) {
    case 'string':
    case 'any':
      return text;
    case 'boolean':
      if (text === 'true' || text === '1') return true;
      if (text === 'false' || text === '0') return false;
      throw wrong();
    case 'number': {
      const value = Number(text);
      if (text.trim() === '' || !Number.isFinite(value)) throw wrong();
      return value;
    }
    case 'choice': {
      const value = type.values.find((one) => String(one) === text);
      if (value === undefined) throw wrong();
      return value;
    }
    case 'list':
      return [oneValue(name, text, type.of, shown)];
    case 'unsupported':
      throw usageError(`--arg ${name}: its type ${type.text} cannot be written on a command line`);
  }
}

function expectation(type: ArgumentType): string {
  if (type.kind === 'choice') return `one of ${typeText(type).replaceAll(' | ', ', ')}`;
  if (type.kind === 'boolean') return 'true or false';
  return `a ${type.kind}`;
}

function unknownArgument(name: string, signature: readonly Argument[], shown: string): CliError {
  const names = signature.map((one) => one.name);
  return usageError(
    names.length > 0 ? `${shown} has no argument ${JSON.stringify(name)}` : `${shown} takes no arguments`,
    names.length > 0 ? suggestion(name, names) : undefined,
  );
}

function missingArguments(missing: readonly Argument[], shown: string): CliError {
  const list = missing.map(({ name, type, doc }) => {
    const said = doc.split('\n')[0] ?? '';
    return [name, said === '' ? typeText(type) : `${typeText(type)}: ${said}`] as const;
  });
  const names = missing.map(({ name }) => JSON.stringify(name)).join(', ');
  return new CliError(
    'usage',
    `${shown} needs ${missing.length === 1 ? 'the argument' : 'the arguments'} ${names}`,
    {
      notes: list,
      help: `give ${missing.length === 1 ? 'it' : 'them'} with ${missing.map(({ name }) => `--arg ${name}=…`).join(' ')}`,
    },
  );
}
