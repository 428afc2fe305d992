import { type ResolvedSource, SolveFailure, type SourceQuestion } from '@llb-ts/backend';
import { type BackendChoice, openSourceResolver } from '../backends.ts';
import { createDisplay, type ProgressMode, resolveMode } from '../display/choose.ts';
import { CliError } from '../error/cli-error.ts';
import { FailedSolve } from '../error/report.ts';
import type { Interrupts } from '../interrupts.ts';
import { Lock, type LockedSource, pinText } from '../lock/lock.ts';
import { type SourceToLock, sourcesToLock } from '../lock/lock-definition.ts';
import { lockPathOf, readLock } from '../lock/lock-file.ts';
import { parseSecrets } from '../options/secret.ts';
import { parseSsh } from '../options/ssh.ts';
import { alignedLines } from '../output/table.ts';
import { writeFileWhole } from '../output/write-data.ts';
import { type BuildOptions, buildEverything } from './build.ts';

export interface LockOptions extends BuildOptions {
  readonly secret: readonly string[];
  readonly ssh: readonly string[];
  readonly progress: ProgressMode;
  /** Write nothing; fail where the lock is not what would be written. */
  readonly check: boolean;
  readonly backend: BackendChoice;
}

/**
 * `llb-ts lock`: finds out what the sources of a build are now, of all its targets where none is named, and writes that
 * beside the build file.
 */
export async function lock(
  file = 'build.ts',
  target: string | undefined,
  options: LockOptions,
  interrupts: Interrupts,
): Promise<void> {
  const mode = resolveMode(options.progress, process.stderr);
  const given = { secrets: parseSecrets(options.secret), ssh: parseSsh(options.ssh) };
  const path = lockPathOf(file);
  const before = readLock(path) ?? Lock.empty;
  // What was asked while the definition was made is what it was made with.
  const asked = new Map<string, string>();
  const builds = await buildEverything(file, target, options, (ref, digest) => asked.set(ref, digest));
  const open = sourcesToLock(builds).filter(({ kind, name }) => kind !== 'image' || !asked.has(name));
  const pins = await interrupts.guard(() => resolve(open, mode, { ...given, options, interrupts }));
  const found: readonly LockedSource[] = [
    ...[...asked]
      .filter(([name]) => !name.includes('@'))
      .map(([name, digest]): LockedSource => ({ name, pin: { kind: 'image', digest } })),
    ...open.map(({ name, entry }) => ({ name, pin: pins.get(entry.digest) as ResolvedSource })),
  ];
  const changes = found.flatMap((source) => changeOf(source, before));
  if (options.check) {
    refuseChanges(changes, path, file);
    return;
  }
  await writeFileWhole(path, before.with(found).text);
  if (mode !== 'quiet' && mode !== 'rawjson') process.stderr.write(report(found.length, changes, path));
}

async function resolve(
  open: readonly SourceToLock[],
  mode: Exclude<ProgressMode, 'auto'>,
  {
    options,
    interrupts,
    ...given
  }: {
    readonly secrets: ReturnType<typeof parseSecrets>;
    readonly ssh: ReturnType<typeof parseSsh>;
    readonly options: LockOptions;
    readonly interrupts: Interrupts;
  },
): Promise<ReadonlyMap<string, ResolvedSource>> {
  if (open.length === 0) return new Map();
  const display = createDisplay(mode, process.stderr);
  const resolver = await openSourceResolver(options.backend);
  try {
    return await resolver.resolveSources({
      ...given,
      ociLayouts: {},
      signal: interrupts.signal,
      onProgress: (event) => display.show(event),
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
    display.close();
    await resolver.close();
  }
}

interface Change {
  readonly name: string;
  /** Undefined: it was not locked. */
  readonly from: string | undefined;
  readonly to: string;
}

function changeOf({ name, pin }: LockedSource, before: Lock): readonly Change[] {
  const old = before.get(pin.kind, name);
  const [from, to] = [old && pinText(old), pinText(pin)];
  return from === to ? [] : [{ name, from, to }];
}

function report(count: number, changes: readonly Change[], path: string): string {
  const added = changes.filter(({ from }) => from === undefined).length;
  const lines = alignedLines(changes.map(({ name, from, to }) => [`  ${name}`, arrow(from, to)]));
  const sum = `locked ${count} ${count === 1 ? 'source' : 'sources'}: ${added} new, ${changes.length - added} changed → ${path}`;
  return `${[sum, ...lines].join('\n')}\n`;
}

function refuseChanges(changes: readonly Change[], path: string, file: string): void {
  if (changes.length === 0) return;
  const what = changes.length === 1 ? 'a source is' : `${changes.length} sources are`;
  throw new CliError('definition', `${what} not what ${path} says`, {
    notes: changes.map(({ name, from, to }) => ['source', `${name}\n${arrow(from ?? 'not locked', to)}`]),
    help: `llb-ts lock ${file} locks what is there now`,
  });
}

function arrow(from: string | undefined, to: string): string {
  return from === undefined ? to : `${from} → ${to}`;
}
