import { redactUrls, SolveFailure } from '@llb-ts/backend';
import { stepFailure } from '../../error/error.ts';
import { type GitAttributes, isCommit } from './git-attributes.ts';
import type { Git } from './git-program.ts';

/** The commit that a git source op resolves to. */
export interface ResolvedCommit {
  /** Full name of the ref, or the commit where that was asked for. */
  readonly ref: string;
  /** The object that the ref names: a commit, or an annotated tag. */
  readonly object: string;
  /** The commit behind an annotated tag; empty where `object` is what counts. */
  readonly peeled: string;
}

/** The commit, if no request is needed to know it: the ref is a commit, or a commit is fetched by its id. */
export function pinnedCommit({ ref, checksum, fetchByCommit }: GitAttributes): ResolvedCommit | undefined {
  if (checksum !== '' && !/^[0-9a-fA-F]+$/.test(checksum)) {
    throw stepFailure(`invalid checksum ${checksum} for Git URL, expected hex commit hash`);
  }
  if (isCommit(ref)) {
    if (!ref.startsWith(checksum)) throw stepFailure(`expected checksum to match ${checksum}, got ${ref}`);
    return { ref, object: ref, peeled: '' };
  }
  if (!fetchByCommit) return undefined;
  if (checksum === '') throw stepFailure('fetch-by-commit requires a checksum or a commit SHA ref');
  if (!isCommit(checksum)) {
    throw stepFailure(`fetch-by-commit requires a full commit SHA checksum, got "${checksum}"`);
  }
  const full = ref === '' ? checksum : ref.startsWith('refs/') ? ref : `refs/heads/${ref}`;
  return { ref: full, object: checksum, peeled: '' };
}

/** Asks a remote what a ref names; branches count more than tags, as in git itself. */
export async function resolveRef(git: Git, url: string, wanted: string): Promise<ResolvedCommit> {
  const ref = wanted === '' ? await defaultBranch(git, url) : wanted;
  let output: string;
  try {
    output = await git.run('ls-remote', '--', url, ref, `${ref}^{}`);
  } catch (error) {
    throw prefixed(`failed to fetch remote ${redactUrls(url)}`, error);
  }
  const objects = new Map(
    output.split('\n').map((line): [string, string] => {
      const [object = '', name = ''] = line.split('\t');
      return [name, object];
    }),
  );
  const under = (prefix: string) => prefix + (ref.startsWith(prefix) ? ref.slice(prefix.length) : ref);
  const tag = under('refs/tags/');
  for (const name of [under('refs/'), under('refs/heads/'), tag]) {
    const object = objects.get(name);
    if (object === undefined) continue;
    if (!isCommit(object)) throw stepFailure(`invalid commit sha ${JSON.stringify(object)}`);
    return { ref: name, object, peeled: name === tag ? (objects.get(`${tag}^{}`) ?? '') : '' };
  }
  throw stepFailure(`repository does not contain ref ${ref}, output: ${JSON.stringify(output)}`);
}

/** The name of the branch that a remote's HEAD points at. */
export async function defaultBranch(git: Git, url: string): Promise<string> {
  let output: string;
  try {
    output = await git.run('ls-remote', '--symref', url, 'HEAD');
  } catch (error) {
    throw prefixed(`error fetching default branch for repository ${redactUrls(url)}`, error);
  }
  const branch = /refs\/heads\/(\S+)/.exec(output)?.[1];
  if (branch === undefined) {
    throw stepFailure(`could not find default branch for repository: ${redactUrls(url)}`);
  }
  if (branch.startsWith('-')) throw stepFailure(`invalid git ref ${JSON.stringify(branch)}`);
  return branch;
}

/** Compares with the checksum that was asked for; of an annotated tag, either object may be meant. */
export function checkCommit({ object, peeled }: ResolvedCommit, checksum: string): void {
  if (object.startsWith(checksum) || (peeled !== '' && peeled.startsWith(checksum))) return;
  const found = peeled === '' ? object : `${object} or ${peeled}`;
  throw stepFailure(`expected checksum to match ${checksum}, got ${found}`);
}

/** The same failure with words in front. */
export function prefixed(text: string, error: unknown): unknown {
  return error instanceof SolveFailure
    ? new SolveFailure(error.code, `${text}: ${error.message}`, error.details)
    : error;
}
