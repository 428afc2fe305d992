import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import zlib from 'node:zlib';
import { environmentFailure, errnoOf } from '../error/error.ts';
import type { ByteSink } from './tar-writer-stream.ts';

/** Functions of newer versions of Node that the types for Node 20 do not know. */
interface ZstdCapable {
  createZstdCompress?: (options: { params: Readonly<Record<number, number>> }) => Readable & Writable;
  constants: { ZSTD_c_compressionLevel?: number };
}

/**
 * Writes one zstd frame: by `node:zlib` where it can (Node 22.15, 23.8 and later), else by the program `zstd`. Without
 * both, the first write fails with code `environment`.
 */
export class ZstdWriter implements ByteSink {
  readonly #input: Writable;
  readonly #done: Promise<void>;

  /** @param level 0–22; 0 is zstd's own default */
  constructor(out: (chunk: Uint8Array) => void, level: number) {
    const { input, output, ended } = start(level);
    this.#input = input;
    output.on('data', out);
    this.#done = Promise.all([once(output, 'end'), ended]).then(() => {});
    // The next write or end fails with it.
    this.#done.catch(() => {});
    input.on('error', () => {});
  }

  async write(chunk: Uint8Array): Promise<void> {
    try {
      await new Promise<void>((resolve, reject) => {
        this.#input.write(chunk, (error) => (error ? reject(error) : resolve()));
      });
    } catch (error) {
      // A broken pipe: why the program is gone is worth more.
      await this.#done;
      throw error;
    }
  }

  async end(): Promise<void> {
    this.#input.end();
    await this.#done;
  }
}

interface Running {
  readonly input: Writable;
  readonly output: Readable;
  /** Fails with what went wrong. */
  readonly ended: Promise<void>;
}

function start(level: number): Running {
  const { createZstdCompress, constants } = zlib as unknown as ZstdCapable;
  if (createZstdCompress && constants.ZSTD_c_compressionLevel !== undefined) {
    const stream = createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: level } });
    return { input: stream, output: stream, ended: once(stream, 'end').then(() => {}) };
  }
  return startProgram(level);
}

function startProgram(level: number): Running {
  // Levels above 19 need to be asked for; -T0 would make the bytes depend on the machine.
  const child = spawn('zstd', ['-q', '-c', '--single-thread', '--ultra', `-${level === 0 ? 3 : level}`], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = new Promise<void>((resolve, reject) => {
    child.once('error', (error) => {
      child.stdout.destroy();
      reject(errnoOf(error) === 'ENOENT' ? missing(error) : error);
    });
    child.once('close', (code, signal) => {
      if (code === 0) resolve();
      else reject(environmentFailure(`zstd: ${signal ? `signal: ${signal}` : `exit status ${code}`}`));
    });
  });
  return { input: child.stdin, output: child.stdout, ended };
}

function missing(cause: Error): Error {
  return environmentFailure('exec: "zstd": executable file not found in $PATH', {
    cause,
    hint: 'install zstd, run on Node 22.15 or later, or use compression=gzip',
  });
}
