import type { Caller } from '../base/call-site.ts';
import { fileMode, show, text, unicode } from '../base/check.ts';
import { invalid } from '../base/error.ts';
import { requireOwn, requireState } from '../graph/brand.ts';
import type { BoundActions, CopyStep, FileStep, HasState } from '../graph/graph.ts';
import { type NoOption, settings } from '../graph/option.ts';
import {
  type CopyOption,
  copyChecks,
  type MkdirOption,
  type MkfileOption,
  mkdirChecks,
  mkfileChecks,
  type RmOption,
  rmChecks,
  type SymlinkOption,
} from './options.ts';

/** A source of a copy: a State, or actions on a State whose result is used without being a step of its own. */
export type CopyInput = HasState | FileActionWithState;

/**
 * Changes of files to make one after the other, as one step. Immutable: a chain can be used for several states.
 *
 * ```ts
 * Scratch().File(Mkdir('/etc', 0o755).Mkfile('/etc/motd', 0o644, 'hello\n'))
 * ```
 */
export class FileAction {
  readonly #step: FileStep;
  readonly #before: FileAction | undefined;

  /** @internal Use {@link Mkdir}, {@link Mkfile}, {@link Copy}, {@link Symlink} or {@link Rm}. */
  constructor(step: FileStep, before?: FileAction) {
    this.#step = Object.freeze(step);
    this.#before = before;
  }

  /** Then makes a directory; see {@link Mkdir}. */
  Mkdir(path: string, mode: number, ...options: readonly (MkdirOption | NoOption)[]): FileAction {
    return new FileAction(mkdir(this.Mkdir, { path, mode }, options), this);
  }

  /** Then makes a file; see {@link Mkfile}. */
  Mkfile(
    path: string,
    mode: number,
    data: string | Uint8Array,
    ...options: readonly (MkfileOption | NoOption)[]
  ): FileAction {
    return new FileAction(mkfile(this.Mkfile, { path, mode, data }, options), this);
  }

  /** Then makes a symbolic link; see {@link Symlink}. */
  Symlink(oldpath: string, newpath: string, ...options: readonly (SymlinkOption | NoOption)[]): FileAction {
    return new FileAction(symlink(this.Symlink, { oldpath, newpath }, options), this);
  }

  /** Then removes; see {@link Rm}. */
  Rm(path: string, ...options: readonly (RmOption | NoOption)[]): FileAction {
    return new FileAction(rm(this.Rm, { path }, options), this);
  }

  /** Then copies; see {@link Copy}. */
  Copy(
    input: CopyInput,
    src: string,
    dest: string,
    ...options: readonly (CopyOption | NoOption)[]
  ): FileAction {
    return new FileAction(copy(this.Copy, { input, src, dest }, options), this);
  }

  /** These actions on `state`, to copy from. `Copy(Mkdir('/a', 0o755).WithState(Scratch()), '/a', '/b')` */
  WithState(state: HasState): FileActionWithState {
    requireState(this.WithState, 'the state', state);
    return new FileActionWithState(this.steps(), state);
  }

  /** The actions, first → last. */
  steps(): readonly FileStep[] {
    const steps: FileStep[] = [];
    for (let action: FileAction | undefined = this; action; action = action.#before) steps.push(action.#step);
    return Object.freeze(steps.reverse());
  }
}

/** Actions on a state of their own; see {@link FileAction.WithState}. */
export class FileActionWithState implements BoundActions {
  /** The actions, first → last. */
  readonly steps: readonly FileStep[];
  /** The state that they act on. */
  readonly state: HasState;

  /** @internal */
  constructor(steps: readonly FileStep[], state: HasState) {
    this.steps = steps;
    this.state = state;
    Object.freeze(this);
  }
}

/** The actions of a `File` call on the state that it was made on. */
export function bindActions(at: Caller, action: unknown, state: HasState): BoundActions {
  if (!(action instanceof FileAction)) {
    throw invalid(
      at,
      'action is required',
      `pass Mkdir(…), Mkfile(…), Copy(…), Symlink(…) or Rm(…), not ${show(action)}`,
    );
  }
  return Object.freeze({ steps: action.steps(), state });
}

/**
 * Makes a directory. Relative paths are below the directory of the state. `Scratch().File(Mkdir('/app', 0o755))`
 *
 * @param mode permission bits; setuid, setgid and sticky are dropped
 */
export function Mkdir(
  path: string,
  mode: number,
  ...options: readonly (MkdirOption | NoOption)[]
): FileAction {
  return new FileAction(mkdir(Mkdir, { path, mode }, options));
}

/**
 * Makes a file with this content, or replaces one. `Scratch().File(Mkfile('/motd', 0o644, 'hello\n'))`
 *
 * @param mode permission bits; setuid, setgid and sticky are dropped
 * @param data text is written as UTF-8
 */
export function Mkfile(
  path: string,
  mode: number,
  data: string | Uint8Array,
  ...options: readonly (MkfileOption | NoOption)[]
): FileAction {
  return new FileAction(mkfile(Mkfile, { path, mode, data }, options));
}

/**
 * Makes a symbolic link at `newpath` that says `oldpath`. Both are taken as they are: a relative `newpath` is below `/`,
 * whatever the directory of the state. `Scratch().File(Symlink('/usr/bin/node', '/bin/node'))`
 */
export function Symlink(
  oldpath: string,
  newpath: string,
  ...options: readonly (SymlinkOption | NoOption)[]
): FileAction {
  return new FileAction(symlink(Symlink, { oldpath, newpath }, options));
}

/** Removes a file or a directory with all that is in it. `base.File(Rm('/var/cache', { allowNotFound: true }))` */
export function Rm(path: string, ...options: readonly (RmOption | NoOption)[]): FileAction {
  return new FileAction(rm(Rm, { path }, options));
}

/**
 * Copies a file or directory from another state. A directory is copied into an existing destination unless
 * `copyDirContentsOnly`. `Scratch().File(Copy(src, '/dist', '/app', { createDestPath: true }))`
 */
export function Copy(
  input: CopyInput,
  src: string,
  dest: string,
  ...options: readonly (CopyOption | NoOption)[]
): FileAction {
  return new FileAction(copy(Copy, { input, src, dest }, options));
}

/** Arguments of a verb, before they are checked. */
type Args<Name extends string> = { readonly [_ in Name]: unknown };

function mkdir(at: Caller, { path, mode }: Args<'path' | 'mode'>, options: readonly unknown[]): FileStep {
  const info = settings(at, { of: 'Mkdir', checks: mkdirChecks }, options);
  return {
    kind: 'mkdir',
    path: text(at, 'the path', path),
    mode: fileMode(at, 'mode', mode),
    makeParents: info.makeParents ?? false,
    owner: info.chown,
    createdTime: info.createdTime,
  };
}

function mkfile(
  at: Caller,
  { path, mode, data }: Args<'path' | 'mode' | 'data'>,
  options: readonly unknown[],
): FileStep {
  const info = settings(at, { of: 'Mkfile', checks: mkfileChecks }, options);
  return {
    kind: 'mkfile',
    path: text(at, 'the path', path),
    mode: fileMode(at, 'mode', mode),
    data: content(at, data),
    owner: info.chown,
    createdTime: info.createdTime,
  };
}

const utf8 = new TextEncoder();

function content(at: Caller, data: unknown): Uint8Array {
  if (typeof data === 'string') return utf8.encode(unicode(at, 'the content', data));
  if (data instanceof Uint8Array) return Uint8Array.from(data);
  throw invalid(at, `the content must be a string or a Uint8Array, got ${show(data)}`);
}

function symlink(
  at: Caller,
  { oldpath, newpath }: Args<'oldpath' | 'newpath'>,
  options: readonly unknown[],
): FileStep {
  const info = settings(at, { of: 'Symlink', checks: mkfileChecks }, options);
  return {
    kind: 'symlink',
    oldpath: text(at, 'the target', oldpath),
    newpath: text(at, 'the path', newpath),
    owner: info.chown,
    createdTime: info.createdTime,
  };
}

function rm(at: Caller, { path }: Args<'path'>, options: readonly unknown[]): FileStep {
  const { allowNotFound = false, allowWildcard = false } = settings(
    at,
    { of: 'Rm', checks: rmChecks },
    options,
  );
  return { kind: 'rm', path: text(at, 'the path', path), allowNotFound, allowWildcard };
}

function copy(
  at: Caller,
  { input, src, dest }: Args<'input' | 'src' | 'dest'>,
  options: readonly unknown[],
): FileStep {
  const info = settings(at, { of: 'Copy', checks: copyChecks }, options);
  return {
    kind: 'copy',
    from: copySource(at, input),
    src: text(at, 'the source path', src),
    dest: text(at, 'the destination path', dest),
    mode: info.mode,
    followSymlinks: info.followSymlinks ?? false,
    copyDirContentsOnly: info.copyDirContentsOnly ?? false,
    includePatterns: info.includePatterns ?? [],
    excludePatterns: info.excludePatterns ?? [],
    requiredPaths: info.requiredPaths ?? [],
    attemptUnpack: info.attemptUnpack ?? false,
    createDestPath: info.createDestPath ?? false,
    allowWildcard: info.allowWildcard ?? false,
    allowEmptyWildcard: info.allowEmptyWildcard ?? false,
    alwaysReplaceExistingDestPaths: info.alwaysReplaceExistingDestPaths ?? false,
    owner: info.chown,
    createdTime: info.createdTime,
  };
}

function copySource(at: Caller, input: unknown): CopyStep['from'] {
  if (input instanceof FileActionWithState) return { kind: 'actions', actions: input };
  if (input === undefined || input === null) {
    throw invalid(at, 'invalid empty source for copy', 'pass a State, such as Local("src")');
  }
  if (input instanceof FileAction) {
    throw invalid(
      at,
      'invalid input type FileAction for copy',
      'bind the actions first: actions.WithState(state)',
    );
  }
  requireOwn(at, 'the source (invalid input type for copy)', input);
  return { kind: 'state', state: requireState(at, 'the source', input) };
}
