import { readdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { ImageConfig, SourceLocation } from '@llb-ts/backend';
import type { Definition } from '@llb-ts/pb';
import { CliError, type Place, usageError } from '../error/cli-error.ts';
import { inputOf } from '../input/input.ts';
import { placeAt, placeOf } from '../input/places.ts';
import { readDefinition, refuseEmpty } from '../input/read-definition.ts';
import { parseGivenArguments } from '../program/arguments.ts';

export interface BuildOptions {
  readonly target: string | undefined;
  readonly arg: readonly string[];
}

/** A definition, and what the file that it came from says beside it. */
export interface Built {
  readonly definition: Definition;
  readonly imageConfig: ImageConfig | undefined;
  /** Folders that the build file declares for its local sources: name → absolute path. */
  readonly locals: Readonly<Record<string, string>>;
  readonly ociLayouts: Readonly<Record<string, string>>;
  /** Where a person finds a location of the definition. */
  placeAt(location: SourceLocation): Place;
  /** Where a person finds what made an op. */
  placeOf(digest: string): Place | undefined;
}

/** Gets the definition that FILE and TARGET name: reads it, or runs the build file and marshals what it made. */
export async function build(
  file: string | undefined,
  positional: string | undefined,
  { target, arg }: BuildOptions,
  purpose: 'solve' | 'marshal' | 'inspect',
): Promise<Built> {
  if (target !== undefined && positional !== undefined && target !== positional) {
    throw usageError(`two targets: ${positional} and --target ${target}`);
  }
  const wanted = { target: target ?? positional, args: parseGivenArguments(arg) };
  const input = inputOf(file, (folder) => readdirSync(folder));
  if (input.kind === 'program') {
    const { buildProgram } = await import('../program/build-program.ts');
    const built = await buildProgram(input.file, wanted);
    if (purpose === 'solve') refuseScratch(built.definition, input.file);
    return built;
  }
  if (wanted.target !== undefined) {
    throw usageError(`a definition has no targets, but ${JSON.stringify(wanted.target)} was asked for`);
  }
  if (arg.length > 0) throw usageError('a definition takes no arguments', '--arg is for build files');
  const definition = await readDefinition(input.file);
  if (purpose === 'solve') refuseEmpty(definition, input.file === '-' ? 'standard input' : input.file);
  return {
    definition,
    imageConfig: undefined,
    locals: {},
    ociLayouts: {},
    placeAt: (location) => placeAt(definition, location),
    placeOf: (digest) => placeOf(definition, digest),
  };
}

/** As `buildctl build` does with an empty definition: there is nothing that could be solved. */
function refuseScratch(definition: Definition, file: string): void {
  if (!definition.isEmpty) return;
  throw new CliError('program', `${file}: the result is Scratch(), there is nothing to solve`, {
    help: 'put something in it: Scratch().File(Mkfile("/hello", 0o644, "hi\\n"))',
  });
}

/** Folders declared by a build file, relative to it. */
export function resolveFolders(value: unknown, name: string, path: string, shown: string): Readonly<Record<string, string>> {
  if (value === undefined) return {};
  if (typeof value !== 'object' || value === null || Object.values(value).some((one) => typeof one !== 'string')) {
    throw new CliError('program', `${shown}: ${name} must be a record of folders`, {
      help: `as in export const ${name} = { ctx: './src' }`,
    });
  }
  return Object.fromEntries(
    Object.entries(value as Record<string, string>).map(([key, folder]) => [key, resolve(dirname(path), folder)]),
  );
}
