import fs from 'node:fs';
import { redactUrls } from '@llb-ts/backend';
import { stepFailure } from '../../error/error.ts';
import type { Records } from '../../store/records.ts';
import { type GitAttributes, isCommit } from './git-attributes.ts';
import type { Git } from './git-program.ts';
import { withoutPassword } from './git-url.ts';
import { prefixed } from './resolve-commit.ts';

export interface FetchPlan {
  readonly attributes: GitAttributes;
  /** Branch, tag, ref or commit; never empty. */
  readonly ref: string;
  /** The object that must come out. */
  readonly object: string;
  /** URL to fetch from instead of the remote. */
  readonly from?: string | undefined;
}

export interface RepositoryOptions {
  readonly records: Records;
  readonly remote: string;
  /** True if its objects are named by SHA-256. */
  readonly sha256: boolean;
}

/** A bare repository that is kept for a remote, so that what was fetched once is not fetched again. */
export class GitRepository {
  readonly dir: string;
  readonly #git: Git;
  readonly #remote: string;
  readonly #sha256: boolean;
  readonly #records: Records;

  /** @param dir made if it is missing */
  constructor(dir: string, git: Git, { records, remote, sha256 }: RepositoryOptions) {
    this.dir = dir;
    this.#git = git.with({ gitDir: dir });
    this.#remote = remote;
    this.#sha256 = sha256;
    this.#records = records;
  }

  get git(): Git {
    return this.#git;
  }

  /**
   * Makes sure that the planned object is there under the planned ref. Where names of refs have come to collide with
   * older ones, begins anew.
   */
  async fetch(plan: FetchPlan): Promise<void> {
    await this.#initialise();
    try {
      await this.#tryFetch(plan);
    } catch (error) {
      if (!(error instanceof Error) || !collides(error.message)) throw error;
      fs.rmSync(this.dir, { recursive: true });
      await this.#initialise();
      await this.#tryFetch(plan);
    }
    await this.#checkOut(plan);
  }

  async #initialise(): Promise<void> {
    if (this.#records.read(this.#marker, () => true)) return;
    fs.rmSync(this.dir, { recursive: true, force: true });
    fs.mkdirSync(this.dir, { recursive: true });
    const format = this.#sha256 ? ['--object-format=sha256'] : [];
    await this.#git.run('-c', 'init.defaultBranch=master', 'init', '--bare', ...format);
    await this.#git.run('remote', 'add', 'origin', withoutPassword(this.#remote));
    this.#records.write(this.#marker, {});
  }

  /**
   * Says that the repository is whole. Git does not bring all that it writes to the disk, so before each fetch the record is
   * written again, and is on the disk: of a repository that was about to change when the machine went down nothing is believed.
   */
  get #marker(): string {
    // Of another name than it once had: the remotes of repositories from then hold passwords.
    return `${this.dir}/llb-ts-initialised`;
  }

  async #tryFetch({ attributes, ref, object, from = 'origin' }: FetchPlan): Promise<void> {
    const git = this.#git;
    const wanted = attributes.fetchByCommit && attributes.checksum !== '' ? attributes.checksum : ref;
    if (isCommit(wanted) && (await git.succeeds('cat-file', '-e', '--', `${wanted}^{commit}`))) return;
    // Left by a git that was killed.
    fs.rmSync(`${this.dir}/shallow.lock`, { force: true });
    // Local refs are needed so that they are advertised on the next fetch; a branch may have moved anywhere.
    const target = ref.startsWith('refs/tags/') ? ref : `tags/${ref}`;
    this.#records.write(this.#marker, {}, { flush: true });
    const named = attributes.fetchByCommit || !isCommit(wanted);
    // A bundle cannot be made of a history that is cut off.
    const depth = attributes.checkoutBundle ? this.#unshallow() : ['--depth=1'];
    try {
      await git.run(
        'fetch',
        ...(named ? [...depth, '--no-tags'] : ['--tags', ...this.#unshallow()]),
        from,
        ...(isCommit(ref) ? [ref] : ['--force', '--', `${wanted}:${target}`]),
      );
    } catch (error) {
      throw prefixed(`failed to fetch remote ${redactUrls(this.#remote)}`, error);
    }
    const found = (await git.run('rev-parse', wanted)).trim();
    if (found !== object) await this.#forceObject(ref, target, object, from);
  }

  /** The remote has moved the ref since it was resolved: goes back to what it was, if that can still be had. */
  async #forceObject(ref: string, target: string, object: string, from: string): Promise<void> {
    const git = this.#git;
    if (!(await git.succeeds('cat-file', '-e', object))) {
      try {
        await git.run('fetch', '--tags', ...this.#unshallow(), from, object);
      } catch (error) {
        throw prefixed(`failed to fetch remote ${redactUrls(this.#remote)}`, error);
      }
      await git.run('reflog', 'expire', '--all', '--expire=now');
      if (!(await git.succeeds('cat-file', '-e', object))) {
        throw stepFailure(
          `fetched ref ${ref} does not match expected commit ${object} and commit can not be found in the repository`,
        );
      }
    }
    const full = target.startsWith('refs/') ? target : `refs/${target}`;
    await git.run('update-ref', full, object, '--no-deref');
  }

  async #checkOut({ attributes: { checksum, fetchByCommit }, ref }: FetchPlan): Promise<void> {
    if (checksum === '') return;
    const name = fetchByCommit ? checksum : ref;
    let object: string;
    try {
      object = (await this.#git.run('rev-parse', name)).trim();
    } catch (error) {
      throw prefixed(`failed to rev-parse ${name} for ${redactUrls(this.#remote)}`, error);
    }
    if (object.startsWith(checksum)) return;
    const peeled = (await this.#git.run('rev-parse', `${name}^{}`)).trim();
    if (peeled.startsWith(checksum)) return;
    const found = peeled === object ? object : `${object} or ${peeled}`;
    throw stepFailure(`expected checksum to match ${checksum}, got ${found}`);
  }

  #unshallow(): readonly string[] {
    return fs.existsSync(`${this.dir}/shallow`) ? ['--unshallow'] : [];
  }
}

/** A tag that now names something else, or a branch whose name now begins that of another. */
function collides(message: string): boolean {
  if (message.includes('rejected') && message.includes('(would clobber existing tag)')) return true;
  if (!message.includes('some local refs could not be updated;')) return false;
  return message.includes('(unable to update local ref)') || message.includes('refname conflict');
}
