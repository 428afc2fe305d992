import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ProgressEvent } from '@llb-ts/backend';

/** Bytes that are kept of one step in memory at most: its end. */
const MAX_BYTES = 2 * 1024 * 1024;

interface StepLog {
  data: Uint8Array[];
  /** Bytes in `data`. */
  size: number;
  /** Ends of lines so far. */
  lines: number;
  /** Everything, once it is too much for memory; undefined also where it cannot be written. */
  file?: { readonly path: string; readonly handle: number };
  isCut: boolean;
}

/** All that a step printed, as far as it could be kept. */
export interface KeptLog {
  /** The last lines, without their ends. */
  readonly lines: readonly string[];
  /** How many there were. */
  readonly count: number;
  /** The file with all of them, or as many as could be kept. */
  writeFile(): string | undefined;
}

/**
 * Keeps what running steps print, so that a failed one can show it; forgets what ended well. The little that most steps
 * print stays in memory, anything longer goes to a file.
 */
export class StepLogs {
  readonly #logs = new Map<string, StepLog>();

  add(event: ProgressEvent): void {
    if (event.type === 'completed' && event.error === undefined) this.#forget(event.digest);
    if (event.type !== 'log') return;
    let log = this.#logs.get(event.digest);
    if (!log) {
      log = { data: [], size: 0, lines: 0, isCut: false };
      this.#logs.set(event.digest, log);
    }
    append(log, event.data);
  }

  /** The output of a step; undefined when it printed nothing. Not to be asked twice. */
  take(digest: string): KeptLog | undefined {
    const log = this.#logs.get(digest);
    if (!log) return undefined;
    const text = Buffer.concat(log.data).toString().replace(/\n$/, '');
    const lines = text === '' ? [] : text.split('\n');
    const endsOpen = log.data.at(-1)?.at(-1) !== NEWLINE;
    this.#logs.delete(digest);
    const { file } = log;
    if (file) closeSync(file.handle);
    return {
      lines,
      count: log.isCut ? log.lines + (endsOpen ? 1 : 0) : lines.length,
      writeFile: () => file?.path ?? writeAnew(log.data),
    };
  }

  /** Forgets everything that was not taken. */
  clear(): void {
    for (const digest of [...this.#logs.keys()]) this.#forget(digest);
  }

  #forget(digest: string): void {
    const file = this.#logs.get(digest)?.file;
    this.#logs.delete(digest);
    if (!file) return;
    closeSync(file.handle);
    rmSync(dirname(file.path), { recursive: true, force: true });
  }
}

const NEWLINE = 10;

function append(log: StepLog, data: Uint8Array): void {
  log.data.push(data);
  log.size += data.length;
  for (let at = data.indexOf(NEWLINE); at >= 0; at = data.indexOf(NEWLINE, at + 1)) log.lines++;
  writeTo(log.file, [data]);
  if (log.size <= MAX_BYTES || log.data.length === 1) return;
  if (!log.isCut) {
    log.isCut = true;
    const file = openLog();
    if (file) log.file = file;
    writeTo(file, log.data);
  }
  let cut = 0;
  while (log.size > MAX_BYTES && cut < log.data.length - 1) log.size -= log.data[cut++]?.length ?? 0;
  log.data = log.data.slice(cut);
}

function openLog(): StepLog['file'] {
  try {
    const path = join(mkdtempSync(join(tmpdir(), 'llb-ts-log-')), 'step.log');
    return { path, handle: openSync(path, 'w') };
  } catch {
    // The failure that it is for matters more.
    return undefined;
  }
}

function writeTo(file: StepLog['file'], data: readonly Uint8Array[]): void {
  if (!file) return;
  try {
    for (const chunk of data) for (let at = 0; at < chunk.length; ) at += writeSync(file.handle, chunk, at);
  } catch {
    // A full disk: what could be written stays.
  }
}

function writeAnew(data: readonly Uint8Array[]): string | undefined {
  const file = openLog();
  if (!file) return undefined;
  writeTo(file, data);
  closeSync(file.handle);
  return file.path;
}
