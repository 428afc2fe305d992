import fs from 'node:fs';
import { errnoOf } from '../error/error.ts';

/**
 * The folders of the store in the state directory. Layers hold the files of images: programs with setuid bits, and files that
 * all users may write.
 */
const FOLDERS = [
  'layers',
  'empty',
  'staging',
  'refs',
  'cache',
  'alike',
  'local',
  'http',
  'blobs',
  'git',
  'caches',
  'executor',
];
const FILES = ['store.json', 'lock', 'durable'];
/** Of a filesystem's own. */
const FOREIGN = ['lost+found'];
/** Of version 1. */
const FORMER = ['digests'];

const OWNER_ONLY = 0o700;

/**
 * Closes what the store holds to all users but its owner and root: the state directory itself is closed where
 * it is the store's alone, and every folder of the store in any case, since the state directory may be one that has other
 * things in it (`--state-dir .`).
 *
 * @param isFresh it has just been made
 */
export function closeFolders(root: string, isFresh: boolean): void {
  const names = isFresh ? [] : fs.readdirSync(root);
  const ours = new Set([...FOLDERS, ...FILES, ...FOREIGN, ...FORMER]);
  const isAlone = names.every((name) => ours.has(name) || /^(store\.json|probe)[.-]/.test(name));
  if (isAlone && close(root)) return;
  for (const name of FOLDERS) {
    try {
      fs.mkdirSync(`${root}/${name}`, { mode: OWNER_ONLY });
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error;
    }
    close(`${root}/${name}`);
  }
}

/** @returns whether it is closed now; a folder of another user's stays as it is */
function close(folder: string): boolean {
  const mode = fs.statSync(folder).mode & 0o777;
  if ((mode & 0o077) === 0) return true;
  try {
    fs.chmodSync(folder, OWNER_ONLY);
    return true;
  } catch (error) {
    if (errnoOf(error) !== 'EPERM') throw error;
    return false;
  }
}
