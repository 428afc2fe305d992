import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder that is there while `use` runs and gone afterwards, however it ends. */
export async function withTemporaryFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  // Overlayfs cannot work on top of an overlay, which a container's own /tmp often is; LLB_TS_TMP can name a better place.
  const folder = mkdtempSync(join(process.env.LLB_TS_TMP ?? tmpdir(), 'llb-ts-test-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  process.once('exit', remove);
  try {
    return await use(folder);
  } finally {
    process.off('exit', remove);
    remove();
  }
}

/** For programs: ctrl-C ends them by way of `exit`, so that their folders and daemons go. */
export function exitOnInterrupt(): void {
  process.once('SIGINT', () => process.exit(130));
  process.once('SIGTERM', () => process.exit(143));
}
