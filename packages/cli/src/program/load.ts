import { rmSync } from 'node:fs';
import { mkdtemp, realpath, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CliError } from '../error/cli-error.ts';
import { hasCode, systemReason } from '../error/system-error.ts';
import { logToStderr } from '../output/console.ts';
import { bundle, type Dsl } from './bundle.ts';
import { shownPath } from './files.ts';
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
  // A build file may end the process, and so may a signal while it runs.
  process.once('exit', remove);
  logToStderr();
  // Deep inside a package the frame of the build file is far down.
  Error.stackTraceLimit = Math.max(Error.stackTraceLimit, 50);
  try {
    const module = join(folder, 'build.mjs');
    await writeFile(module, code);
    const { href } = pathToFileURL(module);
    const positions = new SourcePositions(href, map, dirname(path));
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
    process.off('exit', remove);
    remove();
  }
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
