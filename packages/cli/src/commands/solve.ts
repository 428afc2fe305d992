import { resolve } from 'node:path';
import { defaultRequest, type ProgressEvent, SolveFailure, type SolveTarget } from '@llb-ts/backend';
import { type BackendChoice, chooseBackend } from '../backend/backends.ts';
import { type Built, type BuiltResult, buildsOf, mapBuilds } from '../built/built.ts';
import { createDisplay, type ProgressMode, resolveMode } from '../display/choose.ts';
import { HeldDisplay } from '../display/held-display.ts';
import { StepLogs } from '../display/step-logs.ts';
import { type FinishedSolve, StepCounts, summaryLine } from '../display/summary.ts';
import { type InputFlags, parseInputs, withDeclaredFolders } from '../options/inputs.ts';
import { parseOutputs, requireWritableFile } from '../options/output.ts';
import { standardOutput } from '../output/console.ts';
import { writeFileWhole } from '../output/write-data.ts';
import type { Interrupts } from '../process/interrupts.ts';
import { FailedSolve, type FailureContext } from '../report/report.ts';
import { shownText } from '../terminal/terminal-text.ts';
import { shownPath } from '../words/shown-path.ts';
import { type BuildOptions, buildResult } from './build.ts';
import { failureShell, type OnError, requireTerminal } from './failure-shell.ts';
import { metadataJson } from './metadata.ts';
import { readMade } from './read-made.ts';

export interface SolveOptions extends BuildOptions, InputFlags {
  readonly output: readonly string[];
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
  const stdout = { stream: standardOutput, isTerminal: standardOutput.isTTY ?? false };
  const outputs = parseOutputs(options.output, stdout);
  if (options.onError === 'shell') requireTerminal();
  const given = parseInputs(options);
  if (options.metadataFile !== undefined) {
    requireWritableFile(resolve(options.metadataFile), options.metadataFile);
  }
  const chosen = await chooseBackend(options.backend);
  let built = await buildResult(file, target, options, 'solve');
  const started = Date.now();
  const isStep = (digest: string) =>
    buildsOf(built).some(({ definition }) => definition.get(digest) !== undefined);
  const counts = new StepCounts(isStep);
  const logs = new StepLogs();
  const result = await interrupts.guard(async () => {
    const display = new HeldDisplay(() => createDisplay(mode, process.stderr));
    const onStepFailure = failureShell(display, interrupts);
    const backend = await chosen.open(options.onError === 'shell' ? { onStepFailure } : {});
    const onProgress = (event: ProgressEvent) => {
      counts.add(event);
      // The plain display shows everything by itself.
      if (mode !== 'plain') logs.add(event);
      display.show(event);
    };
    try {
      const request = {
        ...defaultRequest,
        ...withDeclaredFolders(given, buildsOf(built)),
        noCache: !options.cache,
        signal: interrupts.signal,
        onProgress,
      };
      const read = readMade(backend, request);
      built = await mapBuilds(built, async (build) => (build.pinMade ? build.pinMade(read) : build));
      return await backend.solve({ ...request, target: targetOf(built), outputs });
    } catch (error) {
      throw error instanceof SolveFailure ? explained(error, buildsOf(built), logs, mode) : error;
    } finally {
      display.close();
      logs.clear();
      await backend.close();
    }
  });
  await report({ result, outputs, counts, took: Date.now() - started }, options, mode);
}

function targetOf(result: BuiltResult): SolveTarget {
  if (result.kind === 'single') {
    const { definition, imageConfig } = result.build;
    return { kind: 'one', definition, ...(imageConfig && { imageConfig }) };
  }
  const platforms = result.builds.map(({ platform, definition, imageConfig }) => ({
    platform,
    definition,
    ...(imageConfig && { imageConfig }),
  }));
  return { kind: 'platforms', platforms };
}

function explained(
  failure: SolveFailure,
  builds: readonly Built[],
  logs: StepLogs,
  mode: ProgressMode,
): Error {
  // On cancel, do not blame the step that was running.
  if (failure.code === 'cancelled') return new SolveFailure('cancelled', failure.message);
  const { vertex, location } = failure.details;
  const build = builds.find(({ definition }) => vertex && definition.get(vertex)) ?? builds[0];
  const place = location
    ? build?.placeAt(location)
    : vertex === undefined
      ? undefined
      : build?.placeOf(vertex);
  const hint = vertex === undefined ? undefined : build?.lockHint?.(vertex);
  // The lock knows better what to do than the source does.
  const shown =
    hint === undefined
      ? failure
      : new SolveFailure(failure.code, failure.message, { ...failure.details, hint });
  return new FailedSolve(shown, { ...(place && { place }), ...outputOf(failure, logs, mode) });
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

async function report(solved: FinishedSolve, options: SolveOptions, mode: ProgressMode): Promise<void> {
  if (options.metadataFile !== undefined) {
    await writeFileWhole(resolve(options.metadataFile), metadataJson(solved.result.metadata));
  }
  if (mode === 'quiet' || mode === 'rawjson') return;
  process.stderr.write(`${shownText(summaryLine(solved, shownPath))}\n`);
  if (solved.outputs.length === 0) {
    process.stderr.write(
      'nothing was written: the result is kept; add -o DIR for a folder, -o - for a tar\n',
    );
  }
}
