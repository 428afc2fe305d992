import { readdirSync } from 'node:fs';
import type { SourceResolver } from '@llb-ts/backend';
import { type BackendChoice, defaultChoice, openSourceResolver } from '../backend/backends.ts';
import { type Built, type BuiltResult, buildsOf, mapBuilds } from '../built/built.ts';
import { fileInside, placesOf } from '../built/places.ts';
import { CliError, usageError } from '../error/cli-error.ts';
import { inputOf } from '../input/input.ts';
import { readDefinition, refuseEmpty } from '../input/read-definition.ts';
import { lockedBuild, lockedReference } from '../lock/lock-definition.ts';
import { lockPathOf, requireLock } from '../lock/lock-file.ts';
import { namedFolders, requireUsed } from '../options/folders.ts';
import { parseGivenArguments } from '../program/arguments.ts';
import type { World } from '../program/build-program.ts';
import type { ImageAnswers } from '../program/image-configs.ts';
import type { Wanted } from '../program/targets.ts';
import { parsePlatforms, platformText } from '../words/platform.ts';

export interface BuildOptions {
  readonly target: string | undefined;
  readonly arg: readonly string[];
  /** `NAME=DIR`: folders of local sources. */
  readonly local: readonly string[];
  /** `OS/ARCHITECTURE`, also several with commas between. Default: what the build file says. */
  readonly platform?: readonly string[];
  /** Build from what the lock says, and from nothing else. Default: false. */
  readonly locked?: boolean;
  /** The store that keeps answers of registries about images. Default: that without flags. */
  readonly backend?: BackendChoice;
}

type Purpose = 'solve' | 'marshal' | 'inspect' | 'lock';

/**
 * Gets the definition that FILE and TARGET name: reads it, or runs the build file and marshals what it made. Fails where
 * that is one for each of several platforms.
 */
export async function build(
  file: string | undefined,
  positional: string | undefined,
  options: BuildOptions,
  purpose: Purpose,
): Promise<Built> {
  const result = await buildResult(file, positional, options, purpose);
  if (result.kind === 'single') return withoutMade(result.build, purpose);
  const names = result.builds.map(({ platform }) => platformText(platform));
  throw new CliError('usage', `${file ?? 'build.ts'} is for ${names.length} platforms: which one?`, {
    notes: [['platforms', names.join(', ')]],
    help: `choose one: llb-ts ${purpose} --platform ${names[0]}`,
  });
}

/** Only a solve runs the steps that make definitions. */
function withoutMade(built: Built, purpose: Purpose): Built {
  if (!built.pinMade) return built;
  const step = built.definition.entries.find(({ op }) => op.op?.kind === 'build');
  const place = step && built.placeOf(step.digest);
  throw new CliError('definition', 'a step makes a definition, whose sources are not known before it runs', {
    ...(place && { place }),
    help: `llb-ts solve --locked runs the step and pins them; ${purpose} without --locked`,
  });
}

/** Gets what FILE and TARGET name: a definition, or one for each of several platforms. */
export async function buildResult(
  file: string | undefined,
  positional: string | undefined,
  options: BuildOptions,
  purpose: Purpose,
): Promise<BuiltResult> {
  const request = requestOf(file, positional, options);
  const { input, wanted } = request;
  if (input.kind === 'definition') return { kind: 'single', build: await readBuild(request, purpose) };
  const { buildProgram } = await import('../program/build-program.ts');
  const result = await withWorld(request, (world) => buildProgram(input.file, wanted, world));
  if (purpose === 'solve' && buildsOf(result).some(({ definition }) => definition.isEmpty)) {
    throw nothingToSolve(input.file);
  }
  requireUsed(
    request.locals,
    buildsOf(result).map(({ definition }) => definition),
  );
  return mapBuilds(result, request.pinned);
}

/** Gets every definition that FILE names: of the wanted target, else of all its targets, for all platforms. */
export async function buildEverything(
  file: string | undefined,
  positional: string | undefined,
  options: BuildOptions,
  found: NonNullable<ImageAnswers['found']>,
): Promise<readonly Built[]> {
  const request = requestOf(file, positional, options);
  const { input, wanted } = request;
  if (input.kind === 'definition') return [await readBuild(request, 'lock')];
  const { buildAllTargets, buildProgram } = await import('../program/build-program.ts');
  const builds = await withWorld(
    request,
    async (world) =>
      wanted.target === undefined
        ? buildAllTargets(input.file, wanted, world)
        : buildsOf(await buildProgram(input.file, wanted, world)),
    found,
  );
  requireUsed(
    request.locals,
    builds.map(({ definition }) => definition),
  );
  return builds;
}

type BuildRequest = ReturnType<typeof requestOf>;

function requestOf(
  file: string | undefined,
  positional: string | undefined,
  { target, arg, local, platform = [], locked = false, backend = defaultChoice }: BuildOptions,
) {
  if (target !== undefined && positional !== undefined && target !== positional) {
    throw usageError(`two targets: ${positional} and --target ${target}`);
  }
  const wanted: Wanted = {
    target: target ?? positional,
    args: parseGivenArguments(arg),
    platforms: parsePlatforms(platform),
  };
  const input = inputOf(file, (folder) => readdirSync(folder));
  const place = { path: lockPathOf(input.file), file: input.file };
  const lock = locked ? requireLock(input.file) : undefined;
  return {
    input,
    wanted,
    backend,
    locals: namedFolders(local, '--local'),
    lockedReference: lock && ((reference: string) => lockedReference(reference, lock, place)),
    pinned: (built: Built) => (lock ? lockedBuild(built, lock, place) : built),
  };
}

function withWorld<T>(
  { backend, locals, lockedReference: locked }: BuildRequest,
  use: (world: World) => Promise<T>,
  found?: ImageAnswers['found'],
): Promise<T> {
  return withResolver(backend, (open) =>
    use({ locals, images: { open, ...(locked && { locked }), ...(found && { found }) } }),
  );
}

async function readBuild({ input, wanted, pinned, locals }: BuildRequest, purpose: Purpose): Promise<Built> {
  if (wanted.target !== undefined) {
    throw usageError(`a definition has no targets, but ${JSON.stringify(wanted.target)} was asked for`);
  }
  if (wanted.args.length > 0) throw usageError('a definition takes no arguments', '--arg is for build files');
  if (wanted.platforms.length > 0) {
    throw usageError('a definition says its platforms itself', '--platform is for build files');
  }
  const definition = await readDefinition(input.file);
  requireUsed(locals, [definition]);
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
    // The open error was already thrown.
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
