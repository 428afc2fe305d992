import fs from 'node:fs';
import path from 'node:path';

/** Folders of system tools that an ordinary user's PATH may lack. */
const SYSTEM_FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/bin', '/bin'];

/** The absolute path of a program on PATH or among the system's tools; undefined if there is none. */
export function findProgram(name: string): string | undefined {
  if (name.includes('/')) return isProgram(name) ? path.resolve(name) : undefined;
  const folders = [...(process.env.PATH ?? '').split(':').filter(path.isAbsolute), ...SYSTEM_FOLDERS];
  return folders.map((folder) => path.join(folder, name)).find(isProgram);
}

function isProgram(file: string): boolean {
  try {
    fs.accessSync(file, fs.constants.X_OK);
    return fs.statSync(file).isFile();
  } catch {
    return false;
  }
}
