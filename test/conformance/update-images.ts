import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { type ImageOutcome, imageDifferences } from '../support/image-outcome.ts';
import type { Solver } from '../support/solvers.ts';
import { isFailure } from '../support/tree.ts';
import { inParallel } from './check.ts';
import { type Case, expectedImagesFile } from './load.ts';
import { withoutHostPaths } from './without-host-paths.ts';

/** How the images of cases are asked for. */
export interface UpdateOptions {
  readonly reference: Solver;
  /** How many at one time. */
  readonly jobs: number;
  /** Told what happens, a line each. */
  readonly say: (line: string) => void;
}

/** Asks the reference for the image of every case that has a tree, and checks it in. */
export async function updateImages(cases: readonly Case[], options: UpdateOptions): Promise<void> {
  const images = new Map<Case, ImageOutcome>();
  const solvable = cases.filter(({ expected }) => expected !== undefined && !isFailure(expected));
  await inParallel(options.jobs, solvable, async (one) => {
    const image = await stableImage(one, options);
    if (image) images.set(one, withoutHostPaths(image));
  });
  for (const suite of new Set(solvable.map((one) => one.suite))) {
    const members = solvable.filter((one) => one.suite === suite && images.has(one));
    write(
      suite,
      members.map((one) => [one.name, images.get(one)!]),
    );
    options.say(`${suite}: ${members.length} images`);
  }
}

/** Undefined, and said, for an image that is another the second time: it must not be checked in. */
async function stableImage(one: Case, { reference, say }: UpdateOptions): Promise<ImageOutcome | undefined> {
  const first = await reference.image(one.definition, one.inputs);
  const second = await reference.image(one.definition, one.inputs);
  const differences = imageDifferences(first, second);
  if (differences.length > 0) {
    say(`left out: ${one.suite}/${one.name} is not stable: ${differences.join('; ').slice(0, 300)}`);
    return undefined;
  }
  if (one.expectedImage !== undefined) {
    const changed = imageDifferences(one.expectedImage, first);
    if (changed.length > 0) say(`changed: ${one.suite}/${one.name}: ${changed.join('; ')}`);
  }
  return first;
}

/** One line an image. */
function write(suite: string, images: readonly (readonly [string, ImageOutcome])[]): void {
  const lines = images.map(([name, image]) => `${JSON.stringify(name)}: ${JSON.stringify(image)}`);
  mkdirSync(dirname(expectedImagesFile(suite)), { recursive: true });
  writeFileSync(expectedImagesFile(suite), `{\n${lines.join(',\n')}\n}\n`);
}
