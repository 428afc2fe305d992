import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import type { Writable } from 'node:stream';
import type { Sink } from '@llb-ts/backend';
import type { ByteSink } from '../../archive/tar-writer-stream.ts';
import { errnoOf } from '../../error/error.ts';
import { destinationFailure, exportFailure } from './failure.ts';

/**
 * Writes one stream of bytes to where the user wants it. A file appears under its name only when all of it is written:
 * a failed or killed export leaves what was there before.
 */
export async function writeOutput(
  destination: Sink,
  produce: (sink: ByteSink) => Promise<void>,
): Promise<void> {
  switch (destination.kind) {
    case 'file':
      return toFile(destination.path, produce);
    case 'stream':
      return toStream(destination.stream, produce);
    case 'directory':
    case 'none':
      throw exportFailure(
        'this exporter writes one file: name it with dest=FILE, or dest=- for standard output',
      );
  }
}

/** For a file in the making, beside the place that it is for. Nobody else has it: also no process of another machine. */
export function draftName(): string {
  return `.llb-ts-${randomBytes(8).toString('hex')}.tmp`;
}

async function toFile(path: string, produce: (sink: ByteSink) => Promise<void>): Promise<void> {
  const doing = `open ${path}`;
  const place = placeOf(path, doing);
  const draft = place.inPlace ? place.path : `${place.directory}/${draftName()}`;
  let file: number | undefined;
  try {
    file = fs.openSync(draft, place.inPlace ? 'w' : 'wx', 0o666);
    if (place.mode !== undefined && !place.inPlace) fs.fchmodSync(file, place.mode);
  } catch (error) {
    if (file !== undefined) fs.closeSync(file);
    throw destinationFailure(error, doing);
  }
  const open = file;
  let whole = false;
  try {
    await produce({ write: async (chunk) => writeAll(open, chunk, path) });
    if (!place.inPlace) fs.renameSync(draft, place.path);
    whole = true;
  } catch (error) {
    throw errnoOf(error) ? destinationFailure(error, `write ${path}`) : error;
  } finally {
    fs.closeSync(open);
    if (!whole && !place.inPlace) fs.rmSync(draft, { force: true });
  }
}

function writeAll(file: number, chunk: Uint8Array, path: string): void {
  try {
    for (let from = 0; from < chunk.length; ) from += fs.writeSync(file, chunk, from, chunk.length - from);
  } catch (error) {
    throw destinationFailure(error, `write ${path}`);
  }
}

interface Place {
  readonly path: string;
  readonly directory: string;
  /** A device, pipe or socket is written into; only a regular file can be replaced. */
  readonly inPlace: boolean;
  /** Permission bits of the file that is replaced. */
  readonly mode?: number;
}

function placeOf(path: string, doing: string): Place {
  try {
    const stat = fs.statSync(path, { throwIfNoEntry: false });
    // A link stays a link: what it names is replaced.
    const real = stat ? fs.realpathSync(path) : path;
    const cut = real.lastIndexOf('/');
    const directory = cut < 0 ? '.' : real.slice(0, cut) || '/';
    if (!stat) return { path: real, directory, inPlace: false };
    if (stat.isDirectory()) throw exportFailure(`${doing}: is a directory`);
    return { path: real, directory, inPlace: !stat.isFile(), mode: stat.mode & 0o777 };
  } catch (error) {
    throw destinationFailure(error, doing);
  }
}

async function toStream(stream: Writable, produce: (sink: ByteSink) => Promise<void>): Promise<void> {
  // Without a listener an error of the stream ends the process.
  let broken: Error | undefined;
  const remember = (error: Error) => {
    broken ??= error;
  };
  stream.on('error', remember);
  try {
    await produce({
      write: (chunk) =>
        new Promise((resolve, reject) => {
          if (broken) return reject(streamFailure(broken));
          stream.write(chunk, (error) => (error ? reject(streamFailure(error)) : resolve()));
        }),
    });
  } finally {
    stream.off('error', remember);
  }
}

function streamFailure(error: Error) {
  const reason = errnoOf(error) === 'EPIPE' ? 'the reader has gone' : error.message;
  return exportFailure(`cannot write the output: ${reason}`, { cause: error });
}
