import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { marshal } from '@llb-ts/marshal';
import type { State } from 'llb-ts';
import { type FolderEntry, writeFolder } from '../support/folder.ts';
import type { ImageOutcome } from '../support/image-outcome.ts';
import type { Inputs } from '../support/solvers.ts';
import type { Outcome } from '../support/tree.ts';
import type { CaseGroup } from './case.ts';
import { execSuites, suites } from './cases/index.ts';
import { stateOf } from './fuzz/build.ts';
import type { Plan } from './fuzz/plan.ts';

/** A case ready to be solved. */
export interface Case {
  readonly suite: string;
  readonly name: string;
  readonly about: string;
  readonly definition: Uint8Array;
  readonly inputs: Inputs;
  /** Undefined: nobody has asked the reference yet. */
  readonly expected: Outcome | undefined;
  /** Undefined: nobody has asked, or it would not be the same on every machine. */
  readonly expectedImage: ImageOutcome | undefined;
}

/** A case that the fuzzer found and saved. */
export interface FoundCase {
  readonly about: string;
  readonly plan: Plan;
  readonly expected: Outcome;
}

const HERE = import.meta.dirname;
export const FOUND = join(HERE, 'found');

/** The checked-in file with the trees of a suite. */
export function expectedFile(suite: string): string {
  return join(HERE, 'expected', `${suite}.json`);
}

/** The checked-in file with the images of a suite. */
export function expectedImagesFile(suite: string): string {
  return join(HERE, 'expected-images', `${suite}.json`);
}

/** The own cases that run no process; their local folders are made below `folder`. */
export async function fileCases(folder: string): Promise<readonly Case[]> {
  return [...(await casesOfAll(suites, folder)), ...(await foundCases())];
}

/** The own cases of which the image is known. */
export async function imageCases(folder: string): Promise<readonly Case[]> {
  return (await fileCases(folder)).filter(({ expectedImage }) => expectedImage !== undefined);
}

/** The own cases that run processes. */
export function execCases(folder: string): Promise<readonly Case[]> {
  return casesOfAll(execSuites, folder);
}

/** All own cases. */
export async function ownCases(folder: string): Promise<readonly Case[]> {
  return [...(await fileCases(folder)), ...(await execCases(folder))];
}

async function casesOfAll(
  groups: Readonly<Record<string, CaseGroup>>,
  folder: string,
): Promise<readonly Case[]> {
  const loaded: Case[] = [];
  for (const [suite, group] of Object.entries(groups)) loaded.push(...(await casesOf(suite, group, folder)));
  return loaded;
}

/** The bytes that `buildctl build` and `llb-ts solve -` take. */
export async function definitionOf(state: State): Promise<Uint8Array> {
  return (await marshal(state)).write();
}

async function casesOf(suite: string, group: CaseGroup, folder: string): Promise<readonly Case[]> {
  const expected = readExpected<Outcome>(expectedFile(suite));
  const images = readExpected<ImageOutcome>(expectedImagesFile(suite));
  const cases = Object.entries(group).map(
    async ([name, { about, build, locals = {}, secrets = {}, allow = [] }]): Promise<Case> => {
      const definition = await definitionOf(build());
      return {
        suite,
        name,
        about,
        definition,
        inputs: { locals: makeLocals(locals, folder), secrets: makeSecrets(secrets, folder), allow },
        expected: expected[name],
        expectedImage: images[name],
      };
    },
  );
  return Promise.all(cases);
}

/** Several cases use the same folder: it is made once. */
function makeLocals(
  locals: Readonly<Record<string, readonly FolderEntry[]>>,
  folder: string,
): Readonly<Record<string, string>> {
  const made = Object.entries(locals).map(([name, entries]) => {
    const path = join(folder, name);
    if (!existsSync(path)) writeFolder(path, entries);
    return [name, path] as const;
  });
  return Object.fromEntries(made);
}

function makeSecrets(
  secrets: Readonly<Record<string, string>>,
  folder: string,
): Readonly<Record<string, string>> {
  const made = Object.entries(secrets).map(([id, content]) => {
    const path = join(folder, `secret-${id}`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(path, content);
    return [id, path] as const;
  });
  return Object.fromEntries(made);
}

function readExpected<T>(file: string): Readonly<Record<string, T>> {
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Record<string, T>) : {};
}

async function foundCases(): Promise<readonly Case[]> {
  if (!existsSync(FOUND)) return [];
  const files = readdirSync(FOUND).filter((name) => name.endsWith('.json'));
  return Promise.all(
    files.sort().map(async (name): Promise<Case> => {
      const found = JSON.parse(readFileSync(join(FOUND, name), 'utf8')) as FoundCase;
      const definition = await definitionOf(stateOf(found.plan));
      return {
        suite: 'found',
        name: name.replace(/\.json$/, ''),
        about: found.about,
        definition,
        inputs: {},
        expected: found.expected,
        expectedImage: undefined,
      };
    }),
  );
}
