import { dirname, resolve } from 'node:path';
import { Platform, type PlatformSpec, type State } from '@llb-ts/llb';
import { type DeclaredLocal, imageConfigOf, localsOf, marshal } from '@llb-ts/marshal';
import type { Definition } from '@llb-ts/pb';
import { type Built, type BuiltResult, buildsOf, type PlatformBuilt } from '../built/built.ts';
import { placesOf } from '../built/places.ts';
import { CliError } from '../error/cli-error.ts';
import { readText, shownPath } from '../words/shown-path.ts';
import type { Signature } from './arguments.ts';
import { ignoreFileText } from './ignore-file.ts';
import { type ImageAnswers, imageConfigs, toPlatform } from './image-configs.ts';
import { loadProgram } from './load.ts';
import { chosenPlatforms, stateFor } from './platforms.ts';
import type { Program } from './program.ts';
import { programError } from './program-error.ts';
import { placeAt } from './source-positions.ts';
import { allExportedBy, type Exported, exportedBy, type SignatureReader, type Wanted } from './targets.ts';
import { watched } from './watched.ts';

/** Answers to the questions of a build file that is being marshaled. */
export interface World {
  /** Folders that the command line gives local sources: name → absolute path. */
  readonly locals: Readonly<Record<string, string>>;
  /** Tells of images that the build asks about. */
  readonly images: ImageAnswers;
}

/** Runs a build file and marshals what the wanted target is, with the lines that made each op. */
export async function buildProgram(file: string, wanted: Wanted, world: World): Promise<BuiltResult> {
  const run = () => runProgram(file, (program, read) => exportedBy(program, wanted, read));
  return resultOf(await run(), wanted, world, run);
}

/** The same for every target of a build file, and every platform of each. */
export async function buildAllTargets(file: string, wanted: Wanted, world: World): Promise<readonly Built[]> {
  const runAll = () => runProgram(file, (program, read) => allExportedBy(program, wanted, read));
  const { program, exported } = await runAll();
  const builds: Built[] = [];
  for (const [i, one] of exported.entries()) {
    const again = async () => {
      const other = await runAll();
      return { program: other.program, exported: other.exported[i] as Exported };
    };
    builds.push(...buildsOf(await resultOf({ program, exported: one }, wanted, world, again)));
  }
  return builds;
}

interface Run<T> {
  readonly program: Program;
  readonly exported: T;
}

async function runProgram<T>(
  file: string,
  choose: (program: Program, read: SignatureReader) => Promise<T>,
): Promise<Run<T>> {
  const program = await loadProgram(file);
  return within(program, async () => ({
    program,
    exported: await choose(program, (target) => readSignature(program.path, target)),
  }));
}

async function within<T>(program: Program, work: () => Promise<T>): Promise<T> {
  try {
    return await watched(work);
  } catch (error) {
    throw programError(error, program);
  }
}

/**
 * Marshals what a run exported. What an async state came to for one platform it stays, so that every further platform has
 * a run of its own.
 */
async function resultOf(
  first: Run<Exported>,
  { platforms }: Wanted,
  world: World,
  again: () => Promise<Run<Exported>>,
): Promise<BuiltResult> {
  const folders = new Map<string, string>();
  const { shown } = first.program;
  const chosen = chosenPlatforms(first.exported, platforms, shown);
  // One that was asked for alone is a result like any other; `Platforms` of one is still an index.
  if (platforms.length === 1 || chosen.length === 0) {
    const [platform] = chosen;
    return { kind: 'single', build: await builtFor(platform, first, world, folders) };
  }
  const builds: PlatformBuilt[] = [];
  for (const [i, platform] of chosen.entries()) {
    const build = await builtFor(platform, i === 0 ? first : await again(), world, folders);
    builds.push({ ...build, platform: toPlatform(platform) });
  }
  return { kind: 'platforms', builds };
}

async function builtFor(
  platform: PlatformSpec | undefined,
  { program, exported }: Run<Exported>,
  world: World,
  folders: Map<string, string>,
): Promise<Built> {
  return within(program, async () => {
    const state = stateFor(exported, platform, program.shown);
    const definition = await marshalState(state, platform, program, world);
    const config = imageConfigOf(state);
    return {
      definition,
      imageConfig: platform ? { platform: toPlatform(platform), ...config } : config,
      locals: foldersOf(localsOf(state), program, folders),
      // Names in the definition are relative to the build file; a person starts from the current directory.
      ...placesOf(definition, (name) => {
        const path = program.sourcePath(name);
        return { file: shownPath(path), text: readText(path) };
      }),
    };
  });
}

function marshalState(
  state: State,
  platform: PlatformSpec | undefined,
  program: Program,
  { locals, images }: World,
): Promise<Definition> {
  return marshal(state, {
    ...(platform && { constraints: [Platform(platform)] }),
    imageConfigResolver: imageConfigs(images),
    ignoreFileText: (local) => ignoreFileText(local, dirname(program.path), locals),
    mapLocation: (site) => {
      const source = program.positions.find(site);
      return (
        source && {
          filename: program.sourceName(source.path),
          line: source.line,
          column: source.character + 1,
        }
      );
    },
    sourceText: (name) => {
      const text = readText(program.sourcePath(name));
      return text === undefined ? undefined : { data: Buffer.from(text), language: languageOf(name) };
    },
  });
}

async function readSignature(path: string, target: string | undefined): Promise<Signature> {
  const { describeProgram } = await import('./signature.ts');
  const description = await describeProgram(path);
  if (target === undefined) return description?.args;
  return description?.targets.find(({ name }) => name === target)?.args;
}

/**
 * The folders that `Local(name, { dir })` names: name → absolute path, relative to the build file.
 * @param folders those of the whole result, to which these are added
 */
function foldersOf(
  declared: readonly DeclaredLocal[],
  program: Program,
  folders: Map<string, string>,
): Readonly<Record<string, string>> {
  const own: Record<string, string> = {};
  for (const { name, dir, callSite } of declared) {
    const path = resolve(dirname(program.path), dir);
    const before = folders.get(name);
    if (before !== undefined && before !== path) {
      const source = callSite && program.positions.find(callSite);
      throw new CliError(
        'program',
        `Local(${JSON.stringify(name)}) is given two folders: ${before} and ${path}`,
        {
          ...(source && { place: placeAt(source) }),
          help: 'a name stands for one folder in a build',
        },
      );
    }
    folders.set(name, path);
    own[name] = path;
  }
  return own;
}

/** As GitHub's linguist names it. */
function languageOf(name: string): string {
  return /\.[cm]?jsx?$/.test(name) ? 'JavaScript' : 'TypeScript';
}
