import type { FileAction } from '@llb-ts/pb';
import { stepFailure } from '../../error/error.ts';
import { copy } from './copy.ts';
import type { CopyJob } from './copy-job.ts';
import { asPathFailure } from './failure.ts';
import { mkdir } from './mkdir.ts';
import { mkfile } from './mkfile.ts';
import { rm } from './rm.ts';
import { symlink } from './symlink.ts';

/** Runs one action. */
export async function runAction({ action }: FileAction, job: CopyJob): Promise<void> {
  switch (action?.kind) {
    case 'mkdir':
      return named('mkdir', action.path, () => mkdir(job.draft, action, job.owner));
    case 'mkfile':
      return named('open', action.path, () => mkfile(job.draft, action, job.owner));
    case 'symlink':
      return named('symlink', action.newpath, () => symlink(job.draft, action, job.owner));
    case 'rm':
      return named('unlinkat', action.path, () => rm(job.draft, action));
    case 'copy':
      return named('copy', action.dest, () => copy(job, action));
    case undefined:
      throw stepFailure('invalid action type <nil>');
  }
}

/** Errors of the system on the way (a name too long, a NUL in it) name the path that was asked for. */
async function named(call: string, path: string, run: () => void | Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    throw asPathFailure(error, call, path);
  }
}
