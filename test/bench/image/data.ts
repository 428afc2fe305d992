import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Seconds; fixed, so that what was seen before looks unchanged. */
const TIME = 1_500_000_000;
const FILES_PER_DIRECTORY = 100;
const POOL = 1 << 20;

/** The contents of a folder of the image. */
export interface FolderShape {
  readonly files: number;
  /** Bytes of each file. */
  readonly size: number;
}

/**
 * Fills a folder with files of text that packs to about a third, as programs and their data do. The same name gives the
 * same files.
 */
export function writeTextFiles(folder: string, name: string, { files, size }: FolderShape): void {
  const text = pseudoText(seedOf(name));
  for (let at = 0; at < files; at++) {
    const directory = join(folder, `${name}-${Math.floor(at / FILES_PER_DIRECTORY)}`);
    if (at % FILES_PER_DIRECTORY === 0) mkdirSync(directory, { recursive: true });
    const from = (at * 7919 * 13) % (POOL - size);
    const head = `file ${at} of ${name}\n`;
    writeOne(join(directory, `${at}.txt`), [head, text.subarray(from, from + size - head.length)]);
  }
}

/** Another content of the one file of a small folder: `turn` is the number of the change. */
export function writeSmallFolder(folder: string, turn: number): void {
  mkdirSync(folder, { recursive: true });
  writeOne(join(folder, 'version.txt'), [`version ${turn}\n`.padEnd(20 + turn, '.')], TIME + turn);
}

function writeOne(path: string, parts: readonly (string | Uint8Array)[], time = TIME): void {
  writeFileSync(
    path,
    Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part))),
  );
  utimesSync(path, time, time);
}

/** Words out of a few thousand, in random order. */
function pseudoText(seed: number): Buffer {
  const next = randomNumbers(seed);
  const words = Array.from({ length: 4_000 }, () =>
    next()
      .toString(36)
      .slice(0, 3 + (next() % 6)),
  );
  const parts: string[] = [];
  for (let length = 0; length < POOL; ) {
    const word = words[next() % words.length] ?? '';
    parts.push(word);
    length += word.length + 1;
  }
  return Buffer.from(parts.join(' ')).subarray(0, POOL);
}

/** Marsaglia's xorshift: numbers below 2³². */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

function seedOf(name: string): number {
  return [...name].reduce((seed, letter) => seed * 31 + letter.charCodeAt(0), 17) | 1;
}
