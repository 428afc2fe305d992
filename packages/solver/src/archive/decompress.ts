/** Reading compressed archives: what the first bytes say it is, as `go-archive/compression` of BuildKit decides. */
import { spawn } from 'node:child_process';
import { type Duplex, PassThrough, pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { Decompress } from 'fzstd';
import unbzip2Stream from 'unbzip2-stream';
import { environmentFailure, errnoOf, stepFailure } from '../error/error.ts';
import { ByteSource, type ByteStream } from './byte-source.ts';

export type Compression = 'none' | 'gzip' | 'bzip2' | 'xz' | 'zstd';

/** The compression that the first ten bytes (or all there are) name. */
export function detectCompression(start: Uint8Array): Compression {
  const magic = (...bytes: number[]) => bytes.every((byte, i) => start[i] === byte);
  if (magic(0x42, 0x5a, 0x68)) return 'bzip2';
  if (magic(0x1f, 0x8b, 0x08)) return 'gzip';
  if (magic(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00)) return 'xz';
  if (magic(0x28, 0xb5, 0x2f, 0xfd)) return 'zstd';
  // A zstd stream may begin with a frame that is to be skipped: sixteen magic numbers, then its length.
  const skippable =
    ((start[0] ?? 0) & 0xf0) === 0x50 && start[1] === 0x2a && start[2] === 0x4d && start[3] === 0x18;
  return skippable && start.length >= 8 ? 'zstd' : 'none';
}

/**
 * The plain bytes of a stream, whatever it is compressed with. Only `xz` needs a program on this machine; without it the
 * first read fails with BuildKit's text and code `environment`.
 */
export async function decompress(
  stream: ByteStream,
): Promise<{ compression: Compression; stream: ByteStream }> {
  const input = new ByteSource(stream);
  const start = await input.read(10);
  const compression = detectCompression(start);
  return { compression, stream: DECOMPRESSORS[compression](prepend(start, input)) };
}

/** The plain bytes of a stream that is said to be compressed in one way. */
export function decompressAs(compression: Compression, stream: ByteStream): ByteStream {
  return DECOMPRESSORS[compression](stream);
}

const DECOMPRESSORS: Readonly<Record<Compression, (stream: ByteStream) => ByteStream>> = {
  none: (stream) => stream,
  gzip: gunzip,
  bzip2: bunzip2,
  xz: unxz,
  zstd: unzstd,
};

async function* prepend(start: Uint8Array, input: ByteSource): AsyncGenerator<Uint8Array> {
  try {
    if (start.length > 0) yield start;
    yield* input.rest();
  } finally {
    await input.close();
  }
}

async function* gunzip(stream: ByteStream): AsyncGenerator<Uint8Array> {
  try {
    yield* through(stream, createGunzip({ chunkSize: 131_072 }));
  } catch (error) {
    throw gzipFailure(error);
  }
}

/** zlib's complaints in the words of Go's gzip reader. */
function gzipFailure(error: unknown): unknown {
  const code = errnoOf(error);
  if (code === 'Z_BUF_ERROR') return stepFailure('unexpected EOF', { cause: error });
  if (code !== 'Z_DATA_ERROR') return error;
  const text = error instanceof Error ? error.message : '';
  if (text.includes('header')) return stepFailure('gzip: invalid header', { cause: error });
  if (/data check|length check/.test(text)) return stepFailure('gzip: invalid checksum', { cause: error });
  return stepFailure('flate: corrupt input', { cause: error });
}

async function* bunzip2(stream: ByteStream): AsyncGenerator<Uint8Array> {
  const old = unbzip2Stream();
  const output = new PassThrough();
  // `old` is a stream of Node's first days: it has no backpressure of its own, no destroy, no promise.
  old.on('error', (error: unknown) => output.destroy(bzip2Failure(error)));
  old.pipe(output);
  const input = Readable.from(stream);
  input.on('error', (error) => output.destroy(error));
  input.pipe(old);
  try {
    yield* output;
  } finally {
    input.destroy();
    output.destroy();
  }
}

/** The library's words are jokes, and it reads past the end of its input as one reads past an array. */
function bzip2Failure(error: unknown): Error {
  const cutShort =
    error instanceof TypeError || (error instanceof Error && error.message.includes('prematurely'));
  return stepFailure(cutShort ? 'unexpected EOF' : 'bzip2 data invalid', { cause: error });
}

/** Not `node:zlib`: it is not in Node 20, and where it is, it drops all frames but the first and knows no skippable ones. */
async function* unzstd(stream: ByteStream): AsyncGenerator<Uint8Array> {
  const ready: Uint8Array[] = [];
  const decoder = new Decompress((chunk) => {
    if (chunk.length > 0) ready.push(chunk);
  });
  const push = (bytes: Uint8Array, last: boolean) => {
    try {
      decoder.push(bytes, last);
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      throw stepFailure(text === 'unexpected EOF' ? text : `zstd: ${text}`, { cause: error });
    }
    return ready.splice(0);
  };
  for await (const bytes of stream) yield* push(bytes, false);
  yield* push(new Uint8Array(0), true);
}

async function* unxz(stream: ByteStream): AsyncGenerator<Uint8Array> {
  const child = spawn('xz', ['-d', '-c', '-q'], { stdio: ['pipe', 'pipe', 'pipe'] });
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    if (complaint.length < 65_536) complaint += text;
  });
  const ended = new Promise<string | undefined>((resolve, reject) => {
    child.once('error', (error) => reject(startFailure(error)));
    child.once('close', (code, signal) => {
      if (code === 0) resolve(undefined);
      else resolve(signal ? `signal: ${signal}` : `exit status ${code}`);
    });
  });
  ended.catch(() => {});
  // The program says what is wrong with its input; that it then no longer reads is no news.
  let inputError: unknown;
  pipeline(Readable.from(stream), child.stdin, (error) => {
    if (error && errnoOf(error) !== 'EPIPE' && errnoOf(error) !== 'ERR_STREAM_PREMATURE_CLOSE')
      inputError = error;
  });
  try {
    yield* child.stdout;
    const failed = await ended;
    if (inputError) throw inputError;
    if (failed) throw stepFailure(`${failed}: ${complaint}`);
  } finally {
    child.stdin.destroy();
    child.kill();
  }
}

function startFailure(error: Error): Error {
  if (errnoOf(error) !== 'ENOENT') return error;
  return environmentFailure('exec: "xz": executable file not found in $PATH', {
    cause: error,
    hint: 'install xz-utils, or compress the archive with gzip or zstd',
  });
}

async function* through(stream: ByteStream, transform: Duplex): AsyncGenerator<Uint8Array> {
  // Errors arrive through `transform`, which the pipeline destroys with them.
  pipeline(Readable.from(stream), transform, () => {});
  try {
    yield* transform;
  } finally {
    transform.destroy();
  }
}
