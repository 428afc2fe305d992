import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { redactUrls } from '@llb-ts/backend';
import { stepFailure } from '../../error/error.ts';
import { lstat, readdir } from '../../host/files.ts';
import { setTimes } from '../../host/syscalls.ts';
import { bytesOf, fsPath, join } from '../../name/bytes.ts';
import { type GitAttributes, isCommit } from './git-attributes.ts';
import type { Git } from './git-program.ts';
import type { GitRepository } from './git-repository.ts';
import { prefixed } from './resolve-commit.ts';

export interface CheckoutPlan {
  readonly attributes: GitAttributes;
  /** Branch, tag, ref or commit; never empty. */
  readonly ref: string;
  /** The folder to fill: empty. */
  readonly folder: string;
}

/** Lays a commit out in a folder (`gitSourceHandler.checkout`). */
export async function checkOut(repository: GitRepository, plan: CheckoutPlan): Promise<void> {
  const { attributes, ref, folder } = plan;
  const commit = attributes.fetchByCommit && attributes.checksum !== '' ? attributes.checksum : ref;
  const withGitDir = attributes.keepGitDir && attributes.subdir === '';
  // A part of the tree is moved out of the whole once that is there.
  const workTree = attributes.subdir === '' ? folder : fs.mkdtempSync(`${folder}/checkout`);
  let git: Git;
  if (withGitDir) {
    git = await checkOutWithGitDir(repository, plan, commit);
  } else {
    git = repository.git.with({ workTree });
    try {
      await git.run('checkout', '--no-overlay', commit, '--', '.');
    } catch (error) {
      throw prefixed(`failed to checkout remote ${redactUrls(attributes.remote)}`, error);
    }
  }
  if (!attributes.skipSubmodules) {
    try {
      await git.run('submodule', 'update', '--init', '--recursive', '--depth=1');
    } catch (error) {
      throw prefixed(`failed to update submodules for ${redactUrls(attributes.remote)}`, error);
    }
  }
  if (attributes.subdir !== '') moveSubdir(workTree, attributes.subdir, folder);
  if (attributes.mtime === 'commit') setAllTimes(folder, await commitTimeNs(repository.git, commit));
}

/** A repository of its own with that one commit, whose origin is the remote. */
async function checkOutWithGitDir(
  { git: bare, dir }: GitRepository,
  { attributes, ref, folder }: CheckoutPlan,
  commit: string,
): Promise<Git> {
  const gitDir = `${folder}/.git`;
  const git = bare.with({ workTree: folder, gitDir });
  const sha256 = isCommit(commit) && commit.length === 64;
  await git.run('-c', 'init.defaultBranch=master', 'init', ...(sha256 ? ['--object-format=sha256'] : []));
  // By the file protocol: copying a repository directly has been used to read files that are not in it.
  await git.run('remote', 'add', 'origin', `file://${dir}`);
  await git.run('fetch', '-u', '--depth=1', '--', 'origin', await pullSpec(bare, attributes, ref, commit));
  const remote = redactUrls(attributes.remote);
  const step = async (text: string, ...args: readonly string[]) => {
    try {
      await git.run(...args);
    } catch (error) {
      throw prefixed(text, error);
    }
  };
  await step(`failed to checkout remote ${remote}`, 'checkout', 'FETCH_HEAD');
  await step(`failed to set remote origin to ${remote}`, 'remote', 'set-url', 'origin', remote);
  await step(`failed to expire reflog for remote ${remote}`, 'reflog', 'expire', '--all', '--expire=now');
  fs.rmSync(`${gitDir}/FETCH_HEAD`, { force: true });
  return git;
}

/** The refspec to pull from the kept repository: it keeps the ref's name in the new one. */
async function pullSpec(bare: Git, attributes: GitAttributes, ref: string, commit: string): Promise<string> {
  const isTag = (await bare.run('cat-file', '-t', commit)).trim() === 'tag';
  if (isTag) return `${ref}:${ref.startsWith('refs/tags/') ? ref : `refs/tags/${ref}`}`;
  if (attributes.fetchByCommit && ref !== commit) return `${commit}:${ref}`;
  if (!isCommit(ref)) return `${ref}:${ref}`;
  const temporary = `refs/llb-ts/${randomBytes(12).toString('hex')}`;
  await bare.run('update-ref', temporary, ref);
  return temporary;
}

/** Every part of the way must be a real directory. */
function moveSubdir(workTree: string, subdir: string, folder: string): void {
  let from = workTree;
  let shown = '';
  for (const part of bytesOf(subdir).split('/')) {
    from = join(from, part);
    shown = shown === '' ? part : `${shown}/${part}`;
    const stat = lstat(from);
    const fail = (why: string) => stepFailure(`invalid subdir ${subdir}: ${why}`);
    if (!stat) throw fail(`failed to lstat "${shown}": no such file or directory`);
    if (stat.type !== 'dir') throw fail(`git subpath "${subdir}" contains non-directory "${shown}"`);
  }
  for (const name of readdir(from)) {
    fs.renameSync(fsPath(join(from, name)), fsPath(join(folder, name)));
  }
  fs.rmSync(workTree, { recursive: true });
}

async function commitTimeNs(git: Git, commit: string): Promise<bigint> {
  const text = (await git.run('log', '-1', '--format=%ct', `${commit}^{commit}`)).trim();
  if (!/^-?\d+$/.test(text)) throw stepFailure(`failed to parse commit timestamp ${JSON.stringify(text)}`);
  return BigInt(text) * 1_000_000_000n;
}

/** Content before the directory that holds it. */
function setAllTimes(path: string, timeNs: bigint): void {
  if (lstat(path)?.type === 'dir') for (const name of readdir(path)) setAllTimes(join(path, name), timeNs);
  setTimes(path, timeNs, timeNs);
}
