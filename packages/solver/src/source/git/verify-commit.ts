import fs from 'node:fs';
import { SolveFailure } from '@llb-ts/backend';
import { stepFailure } from '../../error/error.ts';
import { verifyPgp } from '../signature/pgp.ts';
import { verifySsh } from '../signature/ssh.ts';
import type { GitSignatureAttributes } from './git-attributes.ts';
import { type GitObject, parseGitObject } from './git-object.ts';
import type { Git } from './git-program.ts';

export interface VerifyOptions {
  /** Makes a folder; the caller removes it. */
  readonly stage: () => string;
  readonly signal: AbortSignal;
}

/**
 * Checks the signature of a tag, or else that of its commit, both of which are in the repository
 * (`source/git/source.go` verifyGitSignature). Fails with code `step`.
 *
 * @param object id of a commit or an annotated tag
 */
export async function verifyCommit(
  git: Git,
  object: string,
  attributes: GitSignatureAttributes,
  { stage, signal }: VerifyOptions,
): Promise<void> {
  const silent = git.with({ onOutput: () => {} });
  const read = async (type: string, id: string) =>
    parseGitObject(await silent.bytes('cat-file', type, id), id);
  const type = (await silent.run('cat-file', '-t', object)).trim();
  if (type !== 'commit' && type !== 'tag') {
    throw stepFailure(`expected commit or tag object, got ${type}`);
  }
  let tagFailure: SolveFailure | undefined;
  if (type === 'tag' && !attributes.ignoreSignedTag) {
    const tag = await read('tag', object);
    try {
      await verifyObject(tag, attributes, stage(), signal);
      return;
    } catch (error) {
      // An unsigned tag may name a signed commit.
      if (!(error instanceof SolveFailure) || error.code !== 'step') throw error;
      tagFailure = error;
    }
  }
  if (attributes.requireSignedTag) {
    throw tagFailure ?? stepFailure('signed tag required but no signed tag found');
  }
  const commit = type === 'tag' ? (await silent.run('rev-parse', `${object}^{commit}`)).trim() : object;
  await verifyObject(await read('commit', commit), attributes, stage(), signal);
}

async function verifyObject(
  { signature, signedData }: GitObject,
  { publicKey, rejectExpired }: GitSignatureAttributes,
  folder: string,
  signal: AbortSignal,
): Promise<void> {
  if (signature === '') throw stepFailure('git object is not signed');
  if (signature.startsWith('-----BEGIN SSH SIGNATURE-----')) {
    return verifySsh({ data: signedData, signature: `${signature}\n`, publicKey, folder, signal });
  }
  if (!signature.startsWith('-----BEGIN PGP SIGNATURE-----')) throw stepFailure('invalid signature format');
  const file = `${folder}/signed`;
  fs.writeFileSync(file, signedData);
  return verifyPgp({
    file,
    signature: `${signature}\n`,
    publicKeys: publicKey,
    rejectExpired,
    folder,
    signal,
  });
}
