import type { ResolvedSource } from '@llb-ts/backend';
import type { SourceOp } from '@llb-ts/pb';

/** The entry that a source needs in a lock. */
export type WantedSource =
  | {
      readonly kind: ResolvedSource['kind'];
      /** Its name in the lock. Holds no password. */
      readonly name: string;
    }
  /** It names its content itself, or is a folder of this machine. */
  | { readonly kind: 'fixed' }
  /** Nobody knows what it means. */
  | { readonly kind: 'unknown' };

const fixed: WantedSource = { kind: 'fixed' };

/** Tells what a lock has to say of a source op. */
export function wantedSource({ identifier, attrs }: SourceOp): WantedSource {
  const [, scheme = '', locator = ''] = /^([^:]*):\/\/(.*)$/s.exec(identifier) ?? [];
  switch (scheme) {
    case 'docker-image':
      return locator.includes('@') || attrs['image.checksum'] ? fixed : { kind: 'image', name: locator };
    case 'git':
      return wantedCommit(identifier, attrs);
    case 'http':
    case 'https':
      return attrs['http.checksum'] ? fixed : { kind: 'http', name: nameOfRequest(identifier, attrs) };
    case 'local':
    case 'oci-layout':
    case 'oci-layout+blob':
    case 'docker-image+blob':
      return fixed;
    default:
      return { kind: 'unknown' };
  }
}

/** The parts of a git identifier: repository, ref and folder. */
export function gitParts(identifier: string): readonly [repository: string, ref: string, folder: string] {
  const [, repository = '', ref = '', folder = ''] = /^([^#]*)(?:#([^:]*)(:.*)?)?$/s.exec(identifier) ?? [];
  return [repository, ref, folder];
}

/** A folder of a repository is locked with the repository, so that all of them are of one commit. */
function wantedCommit(identifier: string, attrs: SourceOp['attrs']): WantedSource {
  const [repository, ref] = gitParts(identifier);
  const checksum = attrs['git.checksum'] ?? '';
  // Of a bundle the blob is named by its digest, and a checksum is needed besides.
  if (isCommit(ref) || isCommit(checksum) || attrs['git.bundle']) return fixed;
  const url = withoutPassword(attrs['git.fullurl'] ?? repository);
  const wish = checksum === '' ? '' : ` (${checksum}…)`;
  return { kind: 'git', name: `${url}${ref && `#${ref}`}${wish}` };
}

/** Headers may decide what is answered. */
function nameOfRequest(url: string, attrs: SourceOp['attrs']): string {
  const headers = Object.entries(attrs)
    .filter(([key]) => key.toLowerCase().startsWith('http.header.'))
    .map(([key, value]) => `${key.slice('http.header.'.length).toLowerCase()}: ${value}`)
    .sort();
  return `${withoutPassword(url)}${headers.length > 0 ? ` (${headers.join(', ')})` : ''}`;
}

function withoutPassword(url: string): string {
  return url.replace(/^(https?:\/\/)[^/?#]*@/i, '$1');
}

function isCommit(text: string): boolean {
  return /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(text);
}
