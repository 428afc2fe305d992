import {
  defaultRequest,
  type ProgressEvent,
  type ResolvedSource,
  SolveFailure,
  type SolveRequest,
  type SourceQuestion,
} from '@llb-ts/backend';
import { type BackendChoice, chooseBackend, openSourceResolver } from '../backend/backends.ts';
import type { Built, ReadMade } from '../built/built.ts';
import { createDisplay, type ProgressMode } from '../display/choose.ts';
import { usageError } from '../error/cli-error.ts';
import { Lock, type LockedSource } from '../lock/lock.ts';
import { type LockPlace, pinSources, type SourceToLock, sourcesToLock } from '../lock/lock-definition.ts';
import { makesDefinitions, pinMade } from '../lock/made-definitions.ts';
import { type Inputs, withDeclaredFolders } from '../options/inputs.ts';
import type { Interrupts } from '../process/interrupts.ts';
import { FailedSolve } from '../report/report.ts';
import { readMade } from './read-made.ts';

export interface FindOptions {
  readonly inputs: Inputs;
  readonly place: LockPlace;
  readonly mode: Exclude<ProgressMode, 'auto'>;
  readonly backend: BackendChoice;
  readonly interrupts: Interrupts;
}

/**
 * Finds out what the sources of builds are now. Where steps make definitions, the steps are run, with what was found for
 * their own sources.
 * @param known images that were asked about before
 */
export async function findSources(
  builds: readonly Built[],
  known: readonly LockedSource[],
  options: FindOptions,
): Promise<readonly LockedSource[]> {
  const display = createDisplay(options.mode, process.stderr);
  const onProgress = (event: ProgressEvent) => display.show(event);
  let lock = Lock.empty.with(known);
  const find = async (some: readonly Built[]) => {
    const open = sourcesToLock(some).filter(({ kind, name }) => lock.get(kind, name) === undefined);
    const pins = await resolve(open, onProgress, options);
    lock = lock.with(
      open.map(({ name, entry }) => ({ name, pin: pins.get(entry.digest) as ResolvedSource })),
    );
  };
  try {
    await find(builds);
    const makers = builds.filter(({ definition }) => makesDefinitions(definition));
    if (makers.length > 0) {
      await withReader(makers, onProgress, options, async (read) => {
        const whole = (build: Built): Promise<Built> =>
          pinMade(pinSources(build, lock, options.place), read, async (made) => {
            await find([made]);
            return whole(made);
          });
        for (const build of makers) await whole(build);
      });
    }
    return lock.sources;
  } finally {
    display.close();
  }
}

/** Opens what runs the steps that make definitions. */
async function withReader(
  builds: readonly Built[],
  onProgress: SolveRequest['onProgress'],
  { inputs, place: { file }, backend: choice, interrupts: { signal } }: FindOptions,
  use: (read: ReadMade) => Promise<void>,
): Promise<void> {
  // A program that starts over in a user namespace reads everything again, which standard input cannot be.
  if (file === '-' && process.getuid?.() !== 0) {
    throw usageError('a step makes a definition and has to run, for which this one must be in a file');
  }
  const backend = await (await chooseBackend(choice)).open();
  try {
    const folders = withDeclaredFolders(inputs, builds);
    await use(readMade(backend, { ...defaultRequest, ...folders, signal, onProgress }));
  } catch (error) {
    if (!(error instanceof SolveFailure) || error.code === 'cancelled') throw error;
    const { location, log } = error.details;
    const at = location && builds[0]?.placeAt(location);
    throw new FailedSolve(error, { ...(at && { place: at }), ...(log && { output: log }) });
  } finally {
    await backend.close();
  }
}

async function resolve(
  open: readonly SourceToLock[],
  onProgress: SolveRequest['onProgress'],
  { inputs, backend, interrupts: { signal } }: FindOptions,
): Promise<ReadonlyMap<string, ResolvedSource>> {
  if (open.length === 0) return new Map();
  const resolver = await openSourceResolver(backend);
  try {
    return await resolver.resolveSources({
      ...defaultRequest,
      secrets: inputs.secrets,
      agents: inputs.agents,
      credentials: inputs.credentials,
      signal,
      onProgress,
      sources: open.map(
        ({ op, entry: { digest, op: whole } }): SourceQuestion => ({
          digest,
          op,
          ...(whole.platform && { platform: whole.platform }),
        }),
      ),
    });
  } catch (error) {
    if (!(error instanceof SolveFailure) || error.code === 'cancelled') throw error;
    const place = open.find(({ entry }) => entry.digest === error.details.vertex)?.place;
    throw new FailedSolve(error, place ? { place } : {});
  } finally {
    await resolver.close();
  }
}
