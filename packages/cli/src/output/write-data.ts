import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { CliError } from '../error/cli-error.ts';
import { hasCode, systemReason } from '../error/system-error.ts';

/** Writes all of `data`; false when the reader has closed the pipe. */
export function writeData(stream: NodeJS.WritableStream, data: Uint8Array | string): Promise<boolean> {
  return new Promise((done, failed) => {
    stream.write(data, (error) => {
      if (!error) done(true);
      else if (hasCode(error, 'EPIPE')) done(false);
      else {
        failed(
          new CliError('environment', `cannot write to standard output: ${systemReason(error)}`, {
            cause: error,
          }),
        );
      }
    });
  });
}

/** Writes a file that is complete or absent: beside its place first, then renamed. */
export async function writeFileWhole(path: string, data: Uint8Array | string): Promise<void> {
  const draft = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
  try {
    const file = await open(draft, 'w', 0o666);
    try {
      await file.writeFile(data);
    } finally {
      await file.close();
    }
    await rename(draft, path);
  } catch (cause) {
    await rm(draft, { force: true }).catch(() => {});
    throw new CliError('environment', `cannot write ${path}: ${systemReason(cause)}`, { cause });
  }
}
