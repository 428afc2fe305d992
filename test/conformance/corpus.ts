import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ImageFacts } from '../support/image-outcome.ts';
import type { Outcome } from '../support/tree.ts';
import type { Case } from './load.ts';

/**
 * Cases of a folder elsewhere: `<suite>/<case>/` with `def.pb`, `expected.json`, maybe `expected-image.json`, and
 * `meta.json`, and the folders and files that it names. Paths in it are relative to the corpus.
 */
interface Meta {
  readonly description?: string;
  readonly locals: Readonly<Record<string, string>>;
  readonly ociLayouts?: Readonly<Record<string, string>>;
  readonly secrets?: Readonly<Record<string, string>>;
  readonly allow?: readonly string[];
  /** Images that must be served by a registry on 127.0.0.1:5000. */
  readonly images: readonly string[];
  readonly needsExec: boolean;
  /** Why it should not be compared. */
  readonly unstable?: string;
  /** Anything but `stable`: the image depends on what was built before. */
  readonly stability?: string;
}

export interface CorpusFilter {
  readonly exec: boolean;
  readonly images: boolean;
}

/** @param unpacked where `locals.tar` of the corpus was unpacked */
export function corpusCases(corpus: string, unpacked: string, filter: CorpusFilter): readonly Case[] {
  return readdirSync(corpus)
    .sort()
    .flatMap((suite) => {
      const folder = join(corpus, suite);
      return foldersIn(folder)
        .filter((name) => existsSync(join(folder, name, 'def.pb')))
        .flatMap((name) => caseOf([unpacked, corpus], suite, name, filter));
    });
}

function caseOf(
  roots: readonly [unpacked: string, corpus: string],
  suite: string,
  name: string,
  filter: CorpusFilter,
) {
  const folder = join(roots[1], suite, name);
  const meta = readJson(join(folder, 'meta.json')) as Meta;
  if (meta.unstable !== undefined) return [];
  if ((meta.needsExec && !filter.exec) || (meta.images.length > 0 && !filter.images)) return [];
  const below = (paths: Readonly<Record<string, string>> = {}) =>
    Object.fromEntries(
      Object.entries(paths).map(([key, path]) => [
        key,
        join(existsSync(join(roots[0], path)) ? roots[0] : roots[1], path),
      ]),
    );
  const inputs = {
    locals: below(meta.locals),
    ociLayouts: below(meta.ociLayouts),
    secrets: below(meta.secrets),
    allow: meta.allow ?? [],
  };
  const definition = readFileSync(join(folder, 'def.pb'));
  const expected = readJson(join(folder, 'expected.json')) as Outcome;
  const image = join(folder, 'expected-image.json');
  const hasImage = (meta.stability ?? 'stable') === 'stable' && existsSync(image);
  const expectedImage = hasImage ? (readJson(image) as ImageFacts) : undefined;
  return [{ suite, name, about: meta.description ?? '', definition, inputs, expected, expectedImage }];
}

function foldersIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
      entry.isDirectory() ? [entry.name] : [],
    );
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return [];
    throw error;
  }
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, 'utf8'));
}
