import fs from 'node:fs';
import { errnoOf, stepFailure } from '../../error/error.ts';
import { lstat, undoUmask } from '../../host/files.ts';
import { resolveInRoot } from '../../host/root-path.ts';
import { bytesOf, fsPath, parentOf } from '../../name/bytes.ts';
import { reasonOf } from '../step/reason.ts';

/**
 * Makes the missing parts of a step's working directory: 0755, owned by the user. An existing file stays even if it is no
 * directory; the runtime reports that.
 */
export function makeWorkingDirectory(
  root: string,
  cwd: string,
  { uid, gid }: { readonly uid: number; readonly gid: number },
): void {
  const missing: string[] = [];
  for (let path = targetOf(root, cwd); path !== root && !lstat(path); path = parentOf(path)) {
    missing.push(path);
  }
  for (const path of missing.reverse()) {
    try {
      fs.mkdirSync(fsPath(path), 0o755);
    } catch (error) {
      const code = errnoOf(error);
      throw stepFailure(
        `failed to create working directory ${cwd}: mkdir ${cwd}: ${code === 'ENOTDIR' ? 'not a directory' : code}`,
        { cause: error },
      );
    }
    undoUmask(path, 0o755);
    fs.chownSync(fsPath(path), uid, gid);
  }
}

function targetOf(root: string, cwd: string): string {
  try {
    return resolveInRoot(root, bytesOf(cwd));
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    // The name is left out, as BuildKit leaves it out.
    throw stepFailure(`working dir  points to invalid target: ${reasonOf(error)}`, { cause: error });
  }
}
