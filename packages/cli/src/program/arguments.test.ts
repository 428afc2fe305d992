import { describe, expect, it } from 'vitest';
import type { CliError } from '../error/cli-error.ts';
import type { Argument } from './argument-type.ts';
import { argumentValues, parseGivenArguments } from './arguments.ts';

const signature: readonly Argument[] = [
  { name: 'version', type: { kind: 'string' }, isRequired: true, doc: 'What to build.' },
  { name: 'platform', type: { kind: 'choice', values: ['amd64', 'arm64'] }, isRequired: false, doc: '' },
  { name: 'debug', type: { kind: 'boolean' }, isRequired: false, doc: '' },
  { name: 'jobs', type: { kind: 'number' }, isRequired: false, doc: '' },
  { name: 'tags', type: { kind: 'list', of: { kind: 'string' } }, isRequired: false, doc: '' },
  { name: 'level', type: { kind: 'choice', values: [1, 2] }, isRequired: false, doc: '' },
  { name: 'odd', type: { kind: 'unsupported', text: '{ a: 1 }' }, isRequired: false, doc: '' },
];

const values = (...given: string[]) => argumentValues(parseGivenArguments(given), signature, 'build.ts');

function failureOf(...given: string[]): CliError {
  try {
    values(...given);
  } catch (error) {
    return error as CliError;
  }
  throw new Error('did not fail');
}

describe('--arg', () => {
  it('gives each value its type', () => {
    expect(
      values('version=1.2=x', 'debug', 'jobs=0x10', 'tags=a', 'tags=b,c', 'level=2', 'platform=arm64'),
    ).toEqual({ version: '1.2=x', debug: true, jobs: 16, tags: ['a', 'b,c'], level: 2, platform: 'arm64' });
    expect(values('version=', 'debug=false')).toEqual({ version: '', debug: false });
  });

  it.each([
    [['version=1', 'platform=amd46'], '"amd46" is not one of "amd64", "arm64"', 'did you mean "amd64"?'],
    [['version=1', 'debug=yes'], '"yes" is not true or false', 'see what it takes: llb-ts help build.ts'],
    [['version=1', 'jobs=many'], '"many" is not a number', 'see what it takes: llb-ts help build.ts'],
    [['version=1', 'jobs= '], '" " is not a number', 'see what it takes: llb-ts help build.ts'],
    [['version'], '--arg version: the value is missing', 'as in --arg version=VALUE (string)'],
    [['version=1', 'version=2'], 'given 2 times', undefined],
    [['versoin=1'], 'build.ts has no argument "versoin"', 'did you mean "version"?'],
    [['version=1', 'odd=1'], 'its type { a: 1 } cannot be written', undefined],
    [['debug'], 'build.ts needs the argument "version"', 'give it with --arg version=…'],
  ])('refuses %j', (given, message, help) => {
    const failure = failureOf(...given);
    expect(failure.message).toContain(message);
    expect(failure.details.help).toBe(help);
    expect(failure.exitCode).toBe(2);
  });

  it('names the type and doc of what is missing', () => {
    expect(failureOf().details.notes).toEqual([['version', 'string: What to build.']]);
  });

  it('passes text on where nothing is known about types', () => {
    const given = parseGivenArguments(['a=1', 'b']);
    expect(argumentValues(given, undefined, 'build.ts')).toEqual({ a: '1', b: true });
    expect(() => argumentValues(given, [], 'build.ts')).toThrow('build.ts takes no arguments');
  });
});
