import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Seconds; fixed, so that two folders with the same files are the same. */
const TIME = 1_500_000_000;
const FILES_PER_DIRECTORY = 100;

/** Fills a folder with `count` small files that are different from each other and from those of another `name`. */
export function writeFiles(folder: string, name: string, count: number): void {
  for (let at = 0; at < count; at++) writeOne(folder, name, at, `content of file ${at} of ${name}\n`);
}

/** Changes `count` of them, spread over the folder, in size and time. */
export function changeFiles(
  folder: string,
  name: string,
  total: number,
  count: number,
  text = 'changed',
): void {
  for (let n = 0; n < count; n++) {
    const at = Math.floor((n * total) / count);
    writeOne(folder, name, at, `${text}: file ${at} of ${name}\n`, TIME + 1 + text.length);
  }
}

function writeOne(folder: string, name: string, at: number, content: string, time = TIME): void {
  const directory = join(folder, `${name}-${Math.floor(at / FILES_PER_DIRECTORY)}`);
  if (at % FILES_PER_DIRECTORY === 0) mkdirSync(directory, { recursive: true });
  const path = join(directory, `${at}.txt`);
  writeFileSync(path, content);
  utimesSync(path, time, time);
}
