import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readTar } from '../../support/read-tar.ts';
import type { PlatformCase } from './cases.ts';

/** The result of an export, as it is checked in. */
export type PlatformOutcome =
  /** Of an image archive: its digest, and its documents as text; of layers only the size. */
  | { readonly archive: string; readonly files: Readonly<Record<string, string | number>> }
  /** Of a folder or a tar: one line an entry. */
  | { readonly tree: readonly string[] }
  | { readonly error: string };

/** Times from 2020 on are when it was built. */
const OLD_SECONDS = 1_577_836_800;

/** The destination of a case's export. */
export function placeOf({ type, into }: PlatformCase, folder: string): string {
  const dest = join(folder, 'out');
  if (type === 'local' && into) {
    mkdirSync(dest);
    writeFileSync(join(dest, 'before'), 'was here\n');
    mkdirSync(join(dest, 'linux_amd64'));
    writeFileSync(join(dest, 'linux_amd64/before'), 'was here\n');
  }
  return dest;
}

/** Reads what a case was exported to. */
export function readOutcome({ type, into }: PlatformCase, dest: string): PlatformOutcome {
  switch (type) {
    case 'tar':
      return { tree: readTar(dest).map((entry) => JSON.stringify(entry)) };
    case 'local':
      return { tree: folderLines(dest, '', into === undefined) };
    case 'oci':
    case 'docker':
      return readArchive(dest);
  }
}

/** The error text without its random parts: BuildKit exports the platforms side by side. */
export function failureText(message: string): string {
  return message
    .replace(/^failed to solve: /, '')
    .replace(/ from linux\/\S+ with linux\/\S+ /, ' from ONE with OTHER ');
}

function readArchive(path: string): PlatformOutcome {
  const archive = createHash('sha256').update(readFileSync(path)).digest('hex');
  const names = execFileSync('tar', ['-tf', path], { encoding: 'utf8' }).split('\n').filter(Boolean);
  const files = names
    .filter((name) => !name.endsWith('/'))
    .map((name) => {
      const bytes = execFileSync('tar', ['-xOf', path, name]);
      const isDocument = bytes.subarray(0, 1).toString() === '{';
      return [name, isDocument ? bytes.toString() : bytes.length] as const;
    });
  return { archive, files: Object.fromEntries(files) };
}

/** @param withTimes of directories: BuildKit's client leaves its own time on one that was there */
function folderLines(folder: string, path: string, withTimes: boolean): readonly string[] {
  return readdirSync(join(folder, path))
    .sort()
    .flatMap((name) => {
      const own = path === '' ? name : `${path}/${name}`;
      const stat = lstatSync(join(folder, own));
      const seconds = Math.floor(stat.mtimeMs / 1_000);
      const time = seconds < OLD_SECONDS ? ` ${seconds}` : '';
      const mode = (stat.mode & 0o7777).toString(8);
      if (stat.isDirectory()) {
        return [`${mode} ${own}/${withTimes ? time : ''}`, ...folderLines(folder, own, withTimes)];
      }
      const content = stat.isSymbolicLink()
        ? `-> ${readlinkSync(join(folder, own))}`
        : JSON.stringify(readFileSync(join(folder, own), 'utf8'));
      return [`${mode} ${own} ${content}${time}`];
    });
}
