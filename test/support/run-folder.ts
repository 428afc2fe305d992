/**
 * Set up by vitest once a run: a folder that all temporary folders of the run lie in. It is removed in the end, or when the
 * run is interrupted, with what workers that were killed could not remove.
 */
import { chmodSync } from 'node:fs';
import { removeFolder, temporaryFolder } from './temporary.ts';

export default function makeRunFolder(): () => void {
  const folder = temporaryFolder();
  // As /tmp is: some tests run programs as other users.
  chmodSync(folder, 0o1777);
  process.env.LLB_TS_TMP = folder;
  return () => removeFolder(folder);
}
