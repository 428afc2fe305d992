import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Backend, defaultRequest, directories, SolveFailure } from '@llb-ts/backend';
import { Definition, PbError } from '@llb-ts/pb';
import type { Case } from '../load.ts';
import { mutated, randomOf } from './mutate.ts';

/** A definition that did not end as every definition has to: in a result, or in a failure that says why. */
export interface Found {
  readonly seed: number;
  readonly from: string;
  readonly definition: Uint8Array;
  readonly problem: string;
}

export interface MutationCounts {
  solved: number;
  failed: number;
  /** Could not even be read. */
  refused: number;
}

/** No definition of the cases takes a tenth of this. */
const LONGEST = 60_000;

/** Solves `count` broken variants of cases; each by its own seed, counted from `first`. */
export async function solveMutated(
  backend: Backend,
  cases: readonly Case[],
  options: {
    readonly first: number;
    readonly count: number;
    readonly folder: string;
    readonly until: number;
  },
): Promise<{ readonly counts: MutationCounts; readonly found: readonly Found[] }> {
  const counts: MutationCounts = { solved: 0, failed: 0, refused: 0 };
  const found: Found[] = [];
  for (let seed = options.first; seed < options.first + options.count && Date.now() < options.until; seed++) {
    const random = randomOf(seed);
    const from = cases[random(cases.length)]!;
    const bytes = mutated(from.definition, random);
    const outcome = await outcomeOf(backend, bytes, from, options.folder);
    if (outcome in counts) counts[outcome as keyof MutationCounts]++;
    else found.push({ seed, from: `${from.suite}/${from.name}`, definition: bytes, problem: outcome });
  }
  return { counts, found };
}

async function outcomeOf(
  backend: Backend,
  bytes: Uint8Array,
  { inputs }: Case,
  folder: string,
): Promise<string> {
  let definition: Definition;
  try {
    definition = Definition.read(bytes);
  } catch (error) {
    return error instanceof PbError ? 'refused' : String(error);
  }
  const path = join(folder, `${randomBytes(6).toString('hex')}.tar`);
  let timer: NodeJS.Timeout | undefined;
  const solved = backend.solve({
    ...defaultRequest,
    folders: directories(inputs.locals ?? {}),
    secrets: async () => Buffer.from('secret'),
    target: { kind: 'one', definition },
    outputs: [{ type: 'tar', attrs: {}, sink: { kind: 'file', path } }],
  });
  try {
    await Promise.race([
      solved,
      new Promise((_, reject) => {
        timer = setTimeout(() => reject(new Error('it does not end')), LONGEST);
      }),
    ]);
    return 'solved';
  } catch (error) {
    const isTold = error instanceof SolveFailure && error.code !== 'internal' && error.code !== 'cancelled';
    return isTold ? 'failed' : shortStack(error);
  } finally {
    clearTimeout(timer);
    rmSync(path, { force: true });
  }
}

function shortStack(error: unknown): string {
  const cause = error instanceof SolveFailure ? (error.details.cause ?? error) : error;
  const text = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
  const lines = text.split('\n').map((line) => line.slice(0, 200));
  return lines.slice(0, 6).join('\n');
}
