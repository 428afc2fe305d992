import { spawnSync } from 'node:child_process';
import { closeSync, ftruncateSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { withTemporaryFolder } from '../../support/temporary.ts';

/** Bytes; takes only what is written. */
const SIZE = 16 * 2 ** 30;

/**
 * Runs `use` with a folder on an ext4 that nobody has used, where this user may mount one, else with a plain folder.
 *
 * Ext4 keeps away from inodes that were removed within the last minutes, and making a file then costs a hundred times as
 * much: whoever builds after a large folder was deleted pays for that and not for its own work. Daemons and temporary
 * folders that are started meanwhile lie there too.
 */
export function withFreshFilesystem<T>(use: (folder: string) => Promise<T>): Promise<T> {
  return withTemporaryFolder(async (folder) => {
    const mount = join(folder, 'mount');
    mkdirSync(mount);
    if (!mountFresh(join(folder, 'image'), mount)) return use(mount);
    const before = process.env.LLB_TS_TMP;
    process.env.LLB_TS_TMP = mount;
    try {
      return await use(mount);
    } finally {
      if (before === undefined) delete process.env.LLB_TS_TMP;
      else process.env.LLB_TS_TMP = before;
      spawnSync('umount', ['-l', mount]);
    }
  });
}

function mountFresh(image: string, mount: string): boolean {
  const file = openSync(image, 'w');
  ftruncateSync(file, SIZE);
  closeSync(file);
  // Initialising tables in the background would disturb what is measured.
  const options = 'lazy_itable_init=0,lazy_journal_init=0';
  return [
    ['mkfs.ext4', '-q', '-F', '-E', options, image],
    ['mount', '-o', 'loop', image, mount],
  ].every(([program, ...args]) => spawnSync(program!, args).status === 0);
}
