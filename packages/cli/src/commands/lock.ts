import type { BackendChoice } from '../backend/backends.ts';
import { type ProgressMode, resolveMode } from '../display/choose.ts';
import { CliError } from '../error/cli-error.ts';
import { Lock, type LockedSource, pinText } from '../lock/lock.ts';
import { lockPathOf, readLock } from '../lock/lock-file.ts';
import { type InputFlags, parseInputs } from '../options/inputs.ts';
import { writeFileWhole } from '../output/write-data.ts';
import type { Interrupts } from '../process/interrupts.ts';
import { alignedLines } from '../terminal/table.ts';
import { shownText } from '../terminal/terminal-text.ts';
import { type BuildOptions, buildEverything } from './build.ts';
import { findSources } from './find-sources.ts';

export interface LockOptions extends BuildOptions, InputFlags {
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
  const inputs = parseInputs(options);
  const path = lockPathOf(file);
  const before = readLock(path) ?? Lock.empty;
  // The definition was made with the answers that were given then.
  const asked = new Map<string, string>();
  const builds = await buildEverything(file, target, options, (ref, digest) => asked.set(ref, digest));
  const images = [...asked].filter(([name]) => !name.includes('@'));
  const known = images.map(([name, digest]): LockedSource => ({ name, pin: { kind: 'image', digest } }));
  const { backend } = options;
  const found = await interrupts.guard(() =>
    findSources(builds, known, { inputs, place: { path, file }, mode, backend, interrupts }),
  );
  const changes = found.flatMap((source) => changeOf(source, before));
  if (options.check) {
    refuseChanges(changes, path, file);
    return;
  }
  await writeFileWhole(path, before.with(found).text);
  if (mode !== 'quiet' && mode !== 'rawjson') process.stderr.write(report(found.length, changes, path));
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
  return shownText(`${[sum, ...lines].join('\n')}\n`);
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
