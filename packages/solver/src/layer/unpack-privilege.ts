import fs from 'node:fs';

let known: boolean | undefined;

/** Whether this process runs in a user namespace of its own, where devices cannot be made and overlayfs reads `user.overlay.*`. */
export function inUserNamespace(): boolean {
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
