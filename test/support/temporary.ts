import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Folders of this process that are still to be removed. */
const folders = new Set<string>();

/**
 * A new folder that is removed on its own: at the end of the test file (see clean-up.ts), and in programs, and where a
 * test is interrupted, when the process exits. vitest kills its workers, so in tests no `exit` handler is relied on: the
 * folder lies in the one of the run (see run-folder.ts), which goes with all that is left in it.
 */
export function temporaryFolder(): string {
  // Overlayfs cannot work on top of an overlay, which a container's own /tmp often is; LLB_TS_TMP can name a better place.
  const folder = realpathSync(mkdtempSync(join(process.env.LLB_TS_TMP ?? tmpdir(), 'llb-ts-test-')));
  if (folders.size === 0) process.once('exit', removeAtExit);
  folders.add(folder);
  return folder;
}

/** Removes every folder that {@link temporaryFolder} made in this process. */
export function removeTemporaryFolders(): void {
  for (const folder of folders) removeFolder(folder);
}

/** Fails never: what else is to be done at the exit must be done. */
function removeAtExit(): void {
  for (const folder of folders) {
    try {
      removeFolder(folder);
    } catch {
      // The folder of the run may go after all, in the process that started this one.
    }
  }
}

/** A folder that is there while `use` runs and gone afterwards, however it ends. */
export async function withTemporaryFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = temporaryFolder();
  try {
    return await use(folder);
  } finally {
    removeFolder(folder);
  }
}

/**
 * Removes a folder of a test. Mounts in it are taken away first: a removal would fail on them, or empty what is mounted.
 * Folders that their owner may not write to are opened. A folder of another user stays and fails, unless this is root.
 */
export function removeFolder(folder: string): void {
  for (const target of mountsIn(folder)) spawnSync('umount', ['--lazy', target]);
  try {
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EACCES') throw error;
    makeWritable(folder);
    rmSync(folder, { recursive: true, force: true });
  }
  folders.delete(folder);
  if (folders.size === 0) process.off('exit', removeAtExit);
}

/** Mount points in a folder, and the folder itself if it is one, the deepest first. */
function mountsIn(folder: string): readonly string[] {
  if (!existsSync('/proc/self/mountinfo')) return [];
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => (line.split(' ')[4] ?? '').replace(/\\([0-7]{3})/g, (_, octal) => char(octal)))
    .filter((target) => target === folder || target.startsWith(`${folder}/`))
    .reverse();
}

function char(octal: string): string {
  return String.fromCharCode(Number.parseInt(octal, 8));
}

function makeWritable(folder: string): void {
  chmodSync(folder, 0o700);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) makeWritable(join(folder, entry.name));
  }
}

/** For programs: ctrl-C ends them by way of `exit`, so that their folders and daemons go. */
export function exitOnInterrupt(): void {
  process.once('SIGINT', () => process.exit(130));
  process.once('SIGTERM', () => process.exit(143));
}
