/** Go's `filepath.Clean`: unlike `clean` of `tree/bytes.ts` it keeps what climbs out of a relative path. */
export function goClean(name: string): string {
  const absolute = name.startsWith('/');
  const kept: string[] = [];
  for (const part of name.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') kept.push(part);
    else if (kept.length > 0 && kept.at(-1) !== '..') kept.pop();
    else if (!absolute) kept.push(part);
  }
  const joined = kept.join('/');
  return absolute ? `/${joined}` : joined || '.';
}

/** Go's `filepath.Split`: what stands up to the last slash (maybe nothing), and what follows it. */
export function splitName(name: string): { readonly directory: string; readonly base: string } {
  const cut = name.lastIndexOf('/') + 1;
  return { directory: name.slice(0, cut), base: name.slice(cut) };
}
