import type { ResolvedSource } from '@llb-ts/backend';
import type { SourceOp } from '@llb-ts/pb';
import { gitParts } from './wanted-source.ts';

/** A source op that can only give what was locked. */
export interface PinnedSource {
  readonly op: SourceOp;
  /** Capabilities that a daemon needs for it, besides those that it needed already. */
  readonly caps: readonly string[];
}

/** Pins an op of a source that a lock knows. */
export function pinSource({ identifier, attrs }: SourceOp, pin: ResolvedSource): PinnedSource {
  switch (pin.kind) {
    case 'image':
      return { op: { identifier: `${identifier}@${pin.digest}`, attrs }, caps: [] };
    case 'git':
      return pinCommit({ identifier, attrs }, pin.commit);
    case 'http': {
      // With a checksum, the server is not asked for the file's name any more.
      const filename = attrs['http.filename'] || pin.filename;
      return {
        op: { identifier, attrs: { ...attrs, 'http.checksum': pin.checksum, 'http.filename': filename } },
        caps: ['source.http.checksum'],
      };
    }
  }
}

/**
 * The commit takes the place of the ref, so that a branch may move on. Where `.git` is kept the ref is part of the result
 * and has to stay, as where it may be a signed tag; then the commit is what it must name, and a ref that has
 * moved is a failure.
 */
function pinCommit({ identifier, attrs }: SourceOp, commit: string): PinnedSource {
  const isSigned = Object.keys(attrs).some((name) => name.startsWith('git.sig.'));
  if (attrs['git.keepgitdir'] === 'true' || isSigned) {
    return { op: { identifier, attrs: { ...attrs, 'git.checksum': commit } }, caps: ['source.git.checksum'] };
  }
  const [repository, , folder] = gitParts(identifier);
  // The checksum was matched when it was locked, maybe by the tag and not by its commit.
  const { 'git.checksum': _, ...rest } = attrs;
  return { op: { identifier: `${repository}#${commit}${folder}`, attrs: rest }, caps: [] };
}
