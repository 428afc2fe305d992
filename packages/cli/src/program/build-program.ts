import { dirname, resolve } from 'node:path';
import type { State } from '@llb-ts/llb';
import { type DeclaredLocal, imageConfigOf, localsOf, marshal } from '@llb-ts/marshal';
import type { Definition } from '@llb-ts/pb';
import { CliError } from '../error/cli-error.ts';
import type { Built } from '../input/built.ts';
import { placesOf } from '../input/places.ts';
import type { Signature } from './arguments.ts';
import { readText, shownPath } from './files.ts';
import { ignoreFileText } from './ignore-file.ts';
import { type ImageAnswers, imageConfigs } from './image-configs.ts';
import { loadProgram } from './load.ts';
import type { Program } from './program.ts';
import { programError } from './program-error.ts';
import { placeAt } from './source-positions.ts';
import { stateOf, type Wanted } from './targets.ts';
import { watched } from './watched.ts';

/** What a build file may ask for while it is marshaled. */
export interface World {
  /** Folders that the command line gives local sources: name → absolute path. */
  readonly locals: Readonly<Record<string, string>>;
  /** Tells of images that the build asks about. */
  readonly images: ImageAnswers;
}

/** Runs a build file and marshals what it made, with the lines that made each op. */
export async function buildProgram(file: string, wanted: Wanted, world: World): Promise<Built> {
  const program = await loadProgram(file);
  try {
    const [state, definition] = await watched(() => runProgram(program, wanted, world));
    return {
      definition,
      imageConfig: imageConfigOf(state),
      locals: foldersOf(localsOf(state), program),
      // Names in the definition are relative to the build file; a person starts from the current directory.
      ...placesOf(definition, (name) => {
        const path = program.sourcePath(name);
        return { file: shownPath(path), text: readText(path) };
      }),
    };
  } catch (error) {
    throw programError(error, program);
  }
}

async function runProgram(
  program: Program,
  wanted: Wanted,
  { locals, images }: World,
): Promise<readonly [State, Definition]> {
  const state = await stateOf(program, wanted, (target) => readSignature(program.path, target));
  const definition = await marshal(state, {
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
  return [state, definition];
}

async function readSignature(path: string, target: string | undefined): Promise<Signature> {
  const { describeProgram } = await import('./signature.ts');
  const description = await describeProgram(path);
  if (target === undefined) return description?.args;
  return description?.targets.find(({ name }) => name === target)?.args;
}

/** Where `Local(name, { dir })` says that folders are: name → absolute path, relative to the build file. */
function foldersOf(declared: readonly DeclaredLocal[], program: Program): Readonly<Record<string, string>> {
  const folders = new Map<string, string>();
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
  }
  return Object.fromEntries(folders);
}

/** As GitHub's linguist names it. */
function languageOf(name: string): string {
  return /\.[cm]?jsx?$/.test(name) ? 'JavaScript' : 'TypeScript';
}
