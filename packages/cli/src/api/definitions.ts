import { resolve } from 'node:path';
import { SolveFailure, type SolveTarget, type SourceResolver } from '@llb-ts/backend';
import { isPlatforms, isState, Platform, type State } from '@llb-ts/llb';
import { imageConfigOf, localsOf, type MarshalOptions, marshal } from '@llb-ts/marshal';
import { Definition } from '@llb-ts/pb';
import { ignoreFileText } from '../program/ignore-file.ts';
import { imageConfigs, toPlatform } from '../program/image-configs.ts';
import type { Buildable } from './options.ts';

/** Answers to the questions of a State that is being marshaled. */
export interface Surroundings {
  readonly locals: Readonly<Record<string, string>>;
  readonly openResolver: () => Promise<SourceResolver>;
}

/** A build as definitions, and the folders that it names for its local sources: name → absolute path. */
export interface Made {
  readonly target: SolveTarget;
  readonly folders: Readonly<Record<string, string>>;
}

/** Marshals what is no definition yet. Folders are relative to the current directory. */
export async function definitionsOf(build: Buildable, { locals, openResolver }: Surroundings): Promise<Made> {
  if (build instanceof Definition) return { target: { kind: 'one', definition: build }, folders: {} };
  const base = process.cwd();
  const options: MarshalOptions = {
    imageConfigResolver: imageConfigs({ open: openResolver }),
    ignoreFileText: (local) => ignoreFileText(local, base, locals),
  };
  if (isState(build)) {
    const definition = await marshal(build, options);
    return { target: { kind: 'one', ...withConfig(definition, build) }, folders: foldersOf([build], base) };
  }
  if (!isPlatforms(build)) {
    throw new SolveFailure('request', 'a State, Platforms(…) or a Definition is needed');
  }
  const platforms = [];
  for (const { platform, state } of build.states) {
    const definition = await marshal(state, { ...options, constraints: [Platform(platform)] });
    platforms.push({ platform: toPlatform(platform), ...withConfig(definition, state) });
  }
  const states = build.states.map(({ state }) => state);
  return { target: { kind: 'platforms', platforms }, folders: foldersOf(states, base) };
}

function withConfig(definition: Definition, state: State) {
  const imageConfig = imageConfigOf(state);
  return { definition, ...(imageConfig && { imageConfig }) };
}

function foldersOf(states: readonly State[], base: string): Readonly<Record<string, string>> {
  const folders: Record<string, string> = {};
  for (const { name, dir } of states.flatMap(localsOf)) {
    const path = resolve(base, dir);
    if (folders[name] !== undefined && folders[name] !== path) {
      throw new SolveFailure(
        'request',
        `Local("${name}") is given two folders: ${folders[name]} and ${path}`,
      );
    }
    folders[name] = path;
  }
  return folders;
}
