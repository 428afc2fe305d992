import { readdirSync } from 'node:fs';
import type { SourceResolver } from '@llb-ts/backend';
import { type BackendChoice, defaultChoice, openSourceResolver } from '../backends.ts';
import { CliError, usageError } from '../error/cli-error.ts';
import type { Built } from '../input/built.ts';
import { inputOf } from '../input/input.ts';
import { fileInside, placesOf } from '../input/places.ts';
import { readDefinition, refuseEmpty } from '../input/read-definition.ts';
import { lockedBuild, lockedReference } from '../lock/lock-definition.ts';
import { lockPathOf, requireLock } from '../lock/lock-file.ts';
import { namedFolders } from '../options/folders.ts';
import { parseGivenArguments } from '../program/arguments.ts';
import type { ImageAnswers } from '../program/image-configs.ts';

export interface BuildOptions {
  readonly target: string | undefined;
  readonly arg: readonly string[];
  /** `NAME=DIR`: folders of local sources. */
  readonly local: readonly string[];
  /** Build from what the lock says, and from nothing else. Default: false. */
  readonly locked?: boolean;
  /** Where what registries say of images is kept. Default: the store without flags. */
  readonly backend?: BackendChoice;
}

/** Gets the definition that FILE and TARGET name: reads it, or runs the build file and marshals what it made. */
export async function build(
  file: string | undefined,
  positional: string | undefined,
  { target, arg, local, locked = false, backend = defaultChoice }: BuildOptions,
  purpose: 'solve' | 'marshal' | 'inspect' | 'lock',
  found?: ImageAnswers['found'],
): Promise<Built> {
  if (target !== undefined && positional !== undefined && target !== positional) {
    throw usageError(`two targets: ${positional} and --target ${target}`);
  }
  const wanted = { target: target ?? positional, args: parseGivenArguments(arg) };
  const input = inputOf(file, (folder) => readdirSync(folder));
  const place = { path: lockPathOf(input.file), file: input.file };
  const lock = locked ? requireLock(input.file) : undefined;
  const pinned = (built: Built) => (lock ? lockedBuild(built, lock, place) : built);
  if (input.kind === 'program') {
    const { buildProgram } = await import('../program/build-program.ts');
    const built = await withResolver(backend, (open) =>
      buildProgram(input.file, wanted, {
        locals: namedFolders(local, '--local'),
        images: {
          open,
          ...(lock && { locked: (reference) => lockedReference(reference, lock, place) }),
          ...(found && { found }),
        },
      }),
    );
    if (purpose === 'solve' && built.definition.isEmpty) throw nothingToSolve(input.file);
    return pinned(built);
  }
  if (wanted.target !== undefined) {
    throw usageError(`a definition has no targets, but ${JSON.stringify(wanted.target)} was asked for`);
  }
  if (arg.length > 0) throw usageError('a definition takes no arguments', '--arg is for build files');
  const definition = await readDefinition(input.file);
  if (purpose === 'solve') refuseEmpty(definition, input.file === '-' ? 'standard input' : input.file);
  return pinned({
    definition,
    imageConfig: undefined,
    locals: {},
    ...placesOf(definition, fileInside(definition)),
  });
}

/** Closes what was opened for the images that a build asks about; most ask about none. */
async function withResolver<T>(
  choice: BackendChoice,
  use: (open: () => Promise<SourceResolver>) => Promise<T>,
): Promise<T> {
  let opened: ReturnType<typeof openSourceResolver> | undefined;
  const open = () => {
    opened ??= openSourceResolver(choice);
    return opened;
  };
  try {
    return await use(open);
  } finally {
    // Who could not open it has said so already.
    await opened?.then(
      (resolver) => resolver.close(),
      () => {},
    );
  }
}

/** As `buildctl build` does with an empty definition: there is nothing that could be solved. */
function nothingToSolve(file: string): CliError {
  return new CliError('program', `${file}: the result is Scratch(), there is nothing to solve`, {
    help: 'put something in it: Scratch().File(Mkfile("/hello", 0o644, "hi\\n"))',
  });
}
