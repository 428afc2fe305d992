import fs from 'node:fs';
import { stepFailure } from '../../error/error.ts';
import { type BlobOrigin, type BlobSourceOptions, ensureBlob } from '../image/ensure-blob.ts';
import { type GitBundle, isCommit } from './git-attributes.ts';
import type { Git } from './git-program.ts';
import type { GitRepository } from './git-repository.ts';
import { prefixed } from './resolve-commit.ts';

export interface BundleBlobs extends BlobSourceOptions {
  /** Opens the origin of a bundle's blob. */
  readonly open: (bundle: GitBundle) => Promise<BlobOrigin>;
}

/** A bundle, and the commit that must be in it. */
export interface PinnedBundle {
  readonly bundle: GitBundle;
  readonly checksum: string;
}

export interface BundleTools {
  readonly git: Git;
  readonly blobs: BundleBlobs;
  readonly signal: AbortSignal;
}

/**
 * Imports a bundle into a repository of its own, which can then be fetched from like any remote. Fails unless the pinned
 * commit is in it.
 *
 * @param folder an empty folder
 * @returns the URL of that repository, and whether its object ids are sha256
 */
export async function importBundle(
  { bundle, checksum }: PinnedBundle,
  folder: string,
  { git, blobs, signal }: BundleTools,
): Promise<{ readonly url: string; readonly sha256: boolean }> {
  const { digest, text } = bundle.reference;
  try {
    await ensureBlob(digest, await blobs.open(bundle), blobs, signal);
  } catch (error) {
    throw prefixed(`failed to fetch git bundle ${text}`, error);
  }
  const file = blobs.blobs.path(digest);
  const sha256 = (await objectIdLength(git, file)) === 64;
  const dir = `${folder}/repo.git`;
  fs.mkdirSync(dir);
  const imported = git.with({ gitDir: dir });
  const format = sha256 ? ['--object-format=sha256'] : [];
  await imported.run('-c', 'init.defaultBranch=master', 'init', '--bare', ...format);
  try {
    await imported.run('fetch', file, '+refs/*:refs/*');
  } catch (error) {
    throw prefixed(`failed to import git bundle ${text} into temp`, error);
  }
  if (!(await imported.succeeds('cat-file', '-e', `${checksum}^{commit}`))) {
    throw stepFailure(`commit ${checksum} not found in bundle ${text}`);
  }
  return { url: `file://${dir}`, sha256 };
}

async function objectIdLength(git: Git, file: string): Promise<number> {
  let output: string;
  try {
    output = await git.run('ls-remote', '--', file);
  } catch (error) {
    throw prefixed('failed to inspect git bundle', error);
  }
  const object = /^\S+/.exec(output)?.[0];
  if (object === undefined) throw stepFailure('failed to inspect git bundle: no refs found');
  if (!isCommit(object)) throw stepFailure(`failed to inspect git bundle: invalid object ID "${object}"`);
  return object.length;
}

/** The one commit of a bundle, and the ref that it has in it. */
export interface BundledCommit {
  readonly name: string;
  readonly commit: string;
}

/**
 * Writes one commit and its history as a bundle.
 *
 * @param folder an empty folder for work in progress
 * @param target the file to make
 */
export async function writeBundle(
  { git, dir }: GitRepository,
  { name, commit }: BundledCommit,
  folder: string,
  target: string,
): Promise<void> {
  const bare = `${folder}/repo.git`;
  fs.mkdirSync(bare);
  const staged = git.with({ gitDir: bare });
  const format = commit.length === 64 ? ['--object-format=sha256'] : [];
  await staged.run('-c', 'init.defaultBranch=master', 'init', '--bare', ...format);
  try {
    await staged.run('fetch', `file://${dir}`, '--', commit);
  } catch (error) {
    throw prefixed(`failed to fetch commit ${commit} from shared repo for bundle creation`, error);
  }
  await staged.run('update-ref', name, commit);
  try {
    await staged.run('bundle', 'create', target, name);
  } catch (error) {
    throw prefixed(`failed to create git bundle for ${commit}`, error);
  }
}

/** The name of the one ref in a bundle. Whoever asks for a commit does not see it. */
export function bundleRef(ref: string): string {
  if (ref === '' || isCommit(ref)) return 'refs/heads/main';
  if (ref.startsWith('refs/tags/')) return ref;
  return `refs/heads/${ref.replace(/^refs\//, '').replace(/^heads\//, '')}`;
}
