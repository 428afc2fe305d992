import { accessSync, constants, existsSync, type Stats, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Writable } from 'node:stream';
import type { Output, Sink } from '@llb-ts/backend';
import { suggestion } from '@llb-ts/llb';
import { CliError, usageError } from '../error/cli-error.ts';
import { hasCode, systemReason } from '../error/system-error.ts';
import { splitPairs } from './csv.ts';

const types = ['local', 'tar', 'oci', 'docker', 'image'] as const;
type ExportType = (typeof types)[number];

/** Standard output as a destination: where a tar goes with `dest=-`. */
export interface Stdout {
  readonly stream: Writable;
  readonly isTerminal: boolean;
}

/**
 * Reads `--output` values: buildctl's comma-separated pairs, or the short forms `DIR` (a folder) and `-` (a tar to
 * standard output). At most one may go to standard output.
 */
export function parseOutputs(values: readonly string[], stdout: Stdout): readonly Output[] {
  const outputs = values.map((value) => parseOutput(value, stdout));
  if (outputs.filter(({ sink }) => sink.kind === 'stream').length > 1) {
    throw usageError('two outputs go to standard output', 'give all but one a file with dest=FILE');
  }
  return outputs;
}

function parseOutput(value: string, stdout: Stdout): Output {
  if (value === '') throw usageError('--output is empty', 'give a folder: -o out');
  if (value === '-') return outputOf({ value, type: 'tar', dest: '-', attrs: {} }, stdout);
  // A path with an equals sign needs the long form, as in buildx.
  if (!value.includes('=')) return outputOf({ value, type: 'local', dest: value, attrs: {} }, stdout);
  const attrs: Record<string, string> = {};
  let type: string | undefined;
  for (const [key, text] of splitPairs(value, '--output')) {
    if (key === 'type') type = text;
    else attrs[key] = text;
  }
  if (type === undefined) {
    throw usageError(`--output ${value}: type is missing`, `add type=${types.join('|')}`);
  }
  if (!isExportType(type)) {
    throw usageError(`--output ${value}: unknown type ${JSON.stringify(type)}`, suggestion(type, types));
  }
  if (attrs.output !== undefined) {
    throw usageError(`--output ${value}: output= is no attribute`, `did you mean dest=${attrs.output}?`);
  }
  const { dest = '', ...others } = attrs;
  return outputOf({ value, type, dest, attrs: others }, stdout);
}

function isExportType(type: string): type is ExportType {
  return (types as readonly string[]).includes(type);
}

interface ReadOutput {
  /** The option as it was given. */
  readonly value: string;
  readonly type: ExportType;
  /** Empty: none. */
  readonly dest: string;
  readonly attrs: Readonly<Record<string, string>>;
}

function outputOf(read: ReadOutput, stdout: Stdout): Output {
  return { type: read.type, attrs: read.attrs, sink: sinkOf(read, stdout) };
}

function sinkOf({ value, type, dest, attrs }: ReadOutput, stdout: Stdout): Sink {
  if (type === 'image') {
    if (dest !== '') throw usageError(`--output ${value}: an image has no dest`, 'use type=oci for a file');
    return { kind: 'none' };
  }
  const isFolder = type === 'local' || (type !== 'tar' && isFalse(attrs.tar));
  if (isFolder) {
    if (dest === '' || dest === '-') throw usageError(`--output ${value}: a directory is needed, dest=DIR`);
    const path = resolve(dest);
    requireCreatableFolder(path, dest);
    return { kind: 'directory', path };
  }
  if (dest !== '' && dest !== '-') {
    const path = resolve(dest);
    requireWritableFile(path, dest);
    return { kind: 'file', path };
  }
  if (stdout.isTerminal) {
    throw usageError(
      `--output ${value}: refusing to write a ${type} archive to the terminal`,
      'give a file with dest=FILE, or redirect standard output',
    );
  }
  return { kind: 'stream', stream: stdout.stream };
}

/** Go's `strconv.ParseBool`; anything that is no boolean counts as the default, true. */
function isFalse(text: string | undefined): boolean {
  return text !== undefined && ['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(text);
}

/** A build of an hour must not end with "permission denied": destinations are looked at before. */
function requireCreatableFolder(path: string, shown: string): void {
  const existing = nearestExisting(path);
  const stats = statOf(existing, shown);
  if (!stats.isDirectory()) {
    const which = existing === path ? 'it is not a directory' : `${existing} is not a directory`;
    throw usageError(`cannot write to ${shown}: ${which}`);
  }
  requireWritable(existing, IN_FOLDER, shown);
}

/** The file need not exist, its folder must; it is replaced by a rename, so the folder has to be writable. */
export function requireWritableFile(path: string, shown: string): void {
  const folder = dirname(path);
  if (!existsSync(folder)) {
    throw usageError(
      `cannot write ${shown}: there is no directory ${folder}`,
      `create it: mkdir -p ${folder}`,
    );
  }
  if (!statOf(folder, shown).isDirectory()) {
    throw usageError(`cannot write ${shown}: ${folder} is not a directory`);
  }
  const there = existsSync(path) ? statOf(path, shown) : undefined;
  if (there?.isDirectory()) {
    throw usageError(`cannot write ${shown}: it is a directory`, `name a file in it: ${shown}/out.tar`);
  }
  // A pipe or device is written as it is; a file is made beside its place.
  if (there && !there.isFile()) requireWritable(path, constants.W_OK, shown);
  else requireWritable(folder, IN_FOLDER, shown);
}

function nearestExisting(path: string): string {
  let at = path;
  while (!existsSync(at) && dirname(at) !== at) at = dirname(at);
  return at;
}

function statOf(path: string, shown: string): Stats {
  try {
    return statSync(path);
  } catch (cause) {
    throw new CliError('environment', `cannot write ${shown}: ${systemReason(cause)}`, { cause });
  }
}

/** The rights that it takes to make a file in a folder. */
const IN_FOLDER = constants.W_OK | constants.X_OK;

function requireWritable(path: string, access: number, shown: string): void {
  try {
    accessSync(path, access);
  } catch (cause) {
    const code = hasCode(cause, 'EACCES', 'EPERM', 'EROFS') ? 'environment' : 'usage';
    throw new CliError(code, `cannot write ${shown}: ${systemReason(cause)} (${path})`, { cause });
  }
}
