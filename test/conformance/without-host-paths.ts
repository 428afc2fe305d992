/** A failure of BuildKit without folders and refs of the daemon, which differ from run to run; all else as it is. */
export function withoutHostPaths<T>(outcome: T | { readonly error: string }): T | { readonly error: string } {
  if (typeof outcome !== 'object' || outcome === null || !('error' in outcome)) return outcome;
  const error = outcome.error
    .replace(/^failed to solve: /, '')
    .replace(
      /\/\S*\/(snapshots\/\d+\/fs|(cachemounts\/)?(buildkit|containerd)(-mount)?\d+|executor\/[a-z0-9]+\/rootfs)/g,
      'HOST',
    )
    .replace(/ref \S+::[^\s:]+/g, 'ref REF')
    .replace(/\.tmp-mkfile\d+/g, '.tmp-mkfile');
  return { error };
}
