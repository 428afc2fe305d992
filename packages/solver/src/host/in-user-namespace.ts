import fs from 'node:fs';

let known: boolean | undefined;

/**
 * True in a user namespace other than the first one, even as root of it. Devices cannot be made there, and overlayfs reads
 * `user.overlay.*`. A process stays in its namespace, so the kernel is asked once.
 */
export function isInUserNamespace(): boolean {
  known ??= !/^\s*0\s+0\s+4294967295\s*$/.test(readMap());
  return known;
}

function readMap(): string {
  try {
    return fs.readFileSync('/proc/self/uid_map', 'latin1');
  } catch {
    // A kernel without user namespaces.
    return '0 0 4294967295';
  }
}
