import { rmSync } from 'node:fs';
import { mkdtemp, realpath, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { readSourcesWith } from '@llb-ts/llb';
import { CliError } from '../error/cli-error.ts';
import { ExitCode } from '../error/exit-code.ts';
import { hasCode, systemReason } from '../error/system-error.ts';
import { logToStderr } from '../output/console.ts';
import { watchExit } from '../process/end-process.ts';
import { leaveSignalsToSystem } from '../process/interrupts.ts';
import { translateStrayErrors } from '../process/stray-errors.ts';
import { reportOf } from '../report/report.ts';
import { colorsFor } from '../terminal/colors.ts';
import { shownPath } from '../words/shown-path.ts';
import { bundle, type Dsl } from './bundle.ts';
import type { Program } from './program.ts';
import { programError } from './program-error.ts';
import { SourcePositions } from './source-positions.ts';
import { watched } from './watched.ts';

/** Compiles and runs build.ts. Whatever goes wrong fails with a `program` error that shows the line of build.ts. */
export async function loadProgram(file: string): Promise<Program> {
  const path = resolve(file);
  const shown = shownPath(path);
  const { code, map } = await bundle(path, await language());
  const folder = await makeFolder();
  const remove = () => rmSync(folder, { recursive: true, force: true });
  logToStderr();
  // Deep inside a package the frame of the build file is far down.
  Error.stackTraceLimit = Math.max(Error.stackTraceLimit, 50);
  try {
    const module = join(folder, 'build.mjs');
    // Nothing is left behind where a signal ends a build file that never comes back.
    await writeFile(join(folder, 'first.mjs'), FIRST);
    await writeFile(module, `import './first.mjs';${code}`);
    const { href } = pathToFileURL(module);
    const positions = new SourcePositions(href, map, dirname(path));
    readSourcesWith((site) => positions.textFrom(site));
    watchProcess({ shown, positions });
    Object.assign(globalThis, { [Symbol.for('llb-ts.begin')]: leaveSignalsToSystem });
    try {
      return {
        path,
        shown,
        positions,
        exports: await watched<Readonly<Record<string, unknown>>>(() => import(href)),
        sourceName: (source) => relative(dirname(path), source),
        sourcePath: (name) => resolve(dirname(path), name),
      };
    } catch (error) {
      throw programError(error, { shown, positions });
    }
  } finally {
    remove();
  }
}

/** Runs before everything else of the bundle, when all of that has been read. */
const FIRST = `import { rmSync } from 'node:fs';
rmSync(new URL('.', import.meta.url), { recursive: true, force: true });
globalThis[Symbol.for('llb-ts.begin')]();
`;

/** The folder with the code of this program. */
const OWN_CODE = new URL('.', import.meta.url).href;

/** From now on, an error that is not awaited is most likely the build file's. */
function watchProcess(program: Pick<Program, 'shown' | 'positions'>): void {
  translateStrayErrors((error) => (isOurs(error, program.positions) ? error : programError(error, program)));
  watchExit((given, ended) => {
    const place = program.positions.placeOf(ended);
    const error = new CliError('program', `${program.shown} ended the process with process.exit(${given})`, {
      ...(place && { place }),
      help: 'throw an Error where the build cannot go on; to end well, come to the end',
    });
    process.stderr.write(reportOf(error, colorsFor(process.stderr), false).text);
    return ExitCode.usage;
  });
}

function isOurs(error: unknown, positions: SourcePositions): boolean {
  return error instanceof Error && !positions.placeOf(error) && (error.stack ?? '').includes(OWN_CODE);
}

/** The language of this program: the package that this file belongs to, by its own name. */
async function language(): Promise<Dsl> {
  const url = import.meta.resolve('llb-ts');
  return { url, names: Object.keys((await import(url)) as object) };
}

async function makeFolder(): Promise<string> {
  try {
    // Stacks name the real path.
    return await realpath(await mkdtemp(join(tmpdir(), 'llb-ts-')));
  } catch (cause) {
    const reason = hasCode(cause, 'ENOENT') ? 'it does not exist' : systemReason(cause);
    throw new CliError('environment', `cannot use the temporary directory ${tmpdir()}: ${reason}`, {
      help: 'set TMPDIR to a directory that can be written',
      cause,
    });
  }
}
