/** Go's `filepath.Split`: what stands up to the last slash (maybe nothing), and what follows it. */
export function splitName(name: string): { readonly directory: string; readonly base: string } {
  const cut = name.lastIndexOf('/') + 1;
  return { directory: name.slice(0, cut), base: name.slice(cut) };
}
