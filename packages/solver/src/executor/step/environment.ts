/** The variables that a process starts with: the last of several with one name counts, at the place of the first. */
export function finalEnvironment(env: readonly string[], home: string): readonly string[] {
  const values = new Map<string, string>();
  for (const entry of env) {
    const cut = entry.indexOf('=');
    if (cut > 0) values.set(entry.slice(0, cut), entry.slice(cut + 1));
  }
  // An empty HOME counts as none, as in runc.
  if (!values.get('HOME')) values.set('HOME', home);
  return [...values].map(([name, value]) => `${name}=${value}`);
}
