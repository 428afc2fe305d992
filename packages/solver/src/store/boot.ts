import { createHash, randomBytes } from 'node:crypto';
import fs from 'node:fs';

/**
 * A name for the time since the machine, or the filesystem of `folder`, was last started: what was written in it is in
 * the page cache or on the disk, so that every process sees it. Of what was written in another one, only what is known to
 * have reached the disk can be trusted.
 *
 * It is made of the kernel's boot id and of the device: the image of a disk that was copied while it was in use shows
 * under another device. A machine that does not tell its boot id gets a new name each time, which is safe.
 */
export function bootName(folder: string): string {
  let boot: string;
  try {
    boot = fs.readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  } catch {
    boot = randomBytes(16).toString('hex');
  }
  const { dev } = fs.statSync(folder, { bigint: true });
  return createHash('sha256').update(`${boot} ${dev}`).digest('hex').slice(0, 12);
}
