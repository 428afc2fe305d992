import { resolve } from 'node:path';
import {
  type Backend,
  defaultRequest,
  type ExportTarget,
  type ProgressEvent,
  SolveFailure,
  type SolveRequest,
  type SolveResult,
} from '@llb-ts/backend';
import { Definition } from '@llb-ts/pb';
import { type BackendChoice, openBackend, takeRights } from '../backends.ts';
import { createDisplay, type ProgressMode, resolveMode } from '../display/choose.ts';
import type { Display } from '../display/display.ts';
import { HeldDisplay } from '../display/held-display.ts';
import { StepLogs } from '../display/step-logs.ts';
import { StepCounts, summaryLine } from '../display/summary.ts';
import { FailedSolve, type FailureContext } from '../error/report.ts';
import { type Built, type BuiltResult, buildsOf } from '../input/built.ts';
import type { Interrupts } from '../interrupts.ts';
import { parseAllow } from '../options/allow.ts';
import { namedFolders, requireFolder } from '../options/folders.ts';
import { parseOutputs, requireWritableFile } from '../options/output.ts';
import { parseSecrets } from '../options/secret.ts';
import { parseSsh } from '../options/ssh.ts';
import { writeFileWhole } from '../output/write-data.ts';
import { shownPath } from '../program/files.ts';
import { type BuildOptions, buildResult } from './build.ts';
import { failureShell, type OnError, requireTerminal } from './failure-shell.ts';
import { metadataJson } from './metadata.ts';

export interface SolveOptions extends BuildOptions {
  readonly output: readonly string[];
  readonly ociLayout: readonly string[];
  readonly secret: readonly string[];
  readonly ssh: readonly string[];
  readonly allow: readonly string[];
  readonly cache: boolean;
  readonly progress: ProgressMode;
  readonly metadataFile: string | undefined;
  readonly onError: OnError;
  readonly backend: BackendChoice;
}

/** Lines of a failed step that are shown; all of them are in a file then. */
const SHOWN_LINES = 20;
/** Characters of each. */
const SHOWN_LINE = 2000;

/** `llb-ts solve`: what was wrong with the call is said before anything is loaded or run. */
export async function solve(
  file: string | undefined,
  target: string | undefined,
  options: SolveOptions,
  interrupts: Interrupts,
): Promise<void> {
  const mode = resolveMode(options.progress, process.stderr);
  const stdout = { stream: process.stdout, isTerminal: process.stdout.isTTY ?? false };
  const exports = parseOutputs(options.output, stdout);
  if (options.onError === 'shell') requireTerminal();
  const given = {
    locals: namedFolders(options.local, '--local'),
    ociLayouts: namedFolders(options.ociLayout, '--oci-layout'),
    secrets: parseSecrets(options.secret),
    ssh: parseSsh(options.ssh),
    allow: parseAllow(options.allow),
  };
  if (options.metadataFile !== undefined) {
    requireWritableFile(resolve(options.metadataFile), options.metadataFile);
  }
  await takeRights();
  const built = await buildResult(file, target, options, 'solve');
  const builds = buildsOf(built);
  const started = Date.now();
  const counts = new StepCounts((digest) =>
    builds.some(({ definition }) => definition.get(digest) !== undefined),
  );
  const logs = new StepLogs();
  const result = await interrupts.guard(async () => {
    const display = new HeldDisplay(() => createDisplay(mode, process.stderr));
    const onStepFailure = failureShell(display, interrupts);
    const backend = await openBackend({
      ...options.backend,
      ...(options.onError === 'shell' && { onStepFailure }),
    });
    try {
      // The plain display shows everything by itself.
      return await run(backend, display, counts, mode === 'plain' ? undefined : logs, {
        ...defaultRequest,
        ...given,
        ...definitionsOf(built),
        exports,
        locals: { ...localDefaults(builds, given.locals), ...given.locals },
        noCache: !options.cache,
        signal: interrupts.signal,
      });
    } catch (error) {
      throw error instanceof SolveFailure ? explained(error, builds, logs, mode) : error;
    } finally {
      logs.clear();
      await backend.close();
    }
  });
  await report(result, exports, counts, Date.now() - started, options, mode);
}

async function run(
  backend: Backend,
  display: Display,
  counts: StepCounts,
  logs: StepLogs | undefined,
  request: SolveRequest,
): Promise<SolveResult> {
  const onProgress = (event: ProgressEvent) => {
    counts.add(event);
    logs?.add(event);
    display.show(event);
  };
  try {
    return await backend.solve({ ...request, onProgress });
  } finally {
    display.close();
  }
}

function definitionsOf(result: BuiltResult): Pick<SolveRequest, 'definition' | 'imageConfig' | 'platforms'> {
  if (result.kind === 'single') {
    const { definition, imageConfig } = result.build;
    return { definition, ...(imageConfig && { imageConfig }) };
  }
  const platforms = result.builds.map(({ platform, definition, imageConfig }) => ({
    platform,
    definition,
    ...(imageConfig && { imageConfig }),
  }));
  return { definition: Definition.from({ def: [], metadata: {} }), platforms };
}

/** Folders that the build file declares; checked only where no flag takes their place. */
function localDefaults(
  builds: readonly Built[],
  given: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const declared: Readonly<Record<string, string>> = Object.assign({}, ...builds.map(({ locals }) => locals));
  for (const [name, path] of Object.entries(declared)) {
    if (given[name] === undefined) requireFolder(path, `Local(${JSON.stringify(name)}), ${shownPath(path)}`);
  }
  return declared;
}

function explained(
  failure: SolveFailure,
  builds: readonly Built[],
  logs: StepLogs,
  mode: ProgressMode,
): Error {
  // Whoever stopped it knows why; what happened to run then is no culprit.
  if (failure.code === 'cancelled') return new SolveFailure('cancelled', failure.message);
  const { vertex, location } = failure.details;
  const build = builds.find(({ definition }) => vertex && definition.get(vertex)) ?? builds[0];
  const place = location
    ? build?.placeAt(location)
    : vertex === undefined
      ? undefined
      : build?.placeOf(vertex);
  const hint = vertex === undefined ? undefined : build?.lockHint?.(vertex);
  const told = hint === undefined ? failure : failure.with({ hint });
  return new FailedSolve(told, { ...(place && { place }), ...outputOf(failure, logs, mode) });
}

/** The plain display has shown everything; the others show the end here, and all of it in a file if that is not all. */
function outputOf(failure: SolveFailure, logs: StepLogs, mode: ProgressMode): FailureContext {
  const { vertex, log = [] } = failure.details;
  if (mode === 'plain') return {};
  const kept = vertex === undefined ? undefined : logs.take(vertex);
  const lines = kept?.lines ?? log;
  const output = lines.slice(-SHOWN_LINES).map(clipped);
  const isAll = kept?.count === output.length && output.every((line, i) => line === lines[i]);
  if (!kept || isAll) return { output };
  const logFile = kept.writeFile();
  return { output, ...(logFile !== undefined && { logFile: `${logFile} (all ${kept.count} lines)` }) };
}

/** The end of a line that is longer than anybody reads. */
function clipped(line: string): string {
  return line.length > SHOWN_LINE ? `…${line.slice(-SHOWN_LINE)}` : line;
}

async function report(
  result: SolveResult,
  exports: readonly ExportTarget[],
  counts: StepCounts,
  took: number,
  options: SolveOptions,
  mode: ProgressMode,
): Promise<void> {
  if (options.metadataFile !== undefined) {
    await writeFileWhole(resolve(options.metadataFile), metadataJson(result.metadata));
  }
  if (mode === 'quiet' || mode === 'rawjson') return;
  process.stderr.write(`${summaryLine(took, counts, result, exports, shownPath)}\n`);
  if (exports.length === 0) {
    process.stderr.write(
      'nothing was written: the result is kept; add -o DIR for a folder, -o - for a tar\n',
    );
  }
}
