/** `mkdirat(2)` and the flags of `open(2)` for paths, which Node lacks. Paths are byte strings, errors have Node's shape. */
import koffi from 'koffi';
import { cString } from '../name/bytes.ts';
import { systemError } from './syscalls.ts';

const mkdir = koffi.load(null).func('int mkdirat(int folder, void *path, unsigned int mode)');

/** `O_PATH`: opens a file as a place, without the right to read it. The same on all architectures that Node runs on. */
export const O_PATH = 0o10000000;

/** Makes a folder in an open one; `name` has no `/`, so no link is followed. The umask applies to `mode`. */
export function mkdirat(folder: number, name: string, mode: number): void {
  if ((mkdir(folder, cString(name), mode) as number) >= 0) return;
  throw systemError(koffi.errno(), 'mkdirat', name);
}
