/** Words that most cases use. Times are explicit everywhere, so that two runs make the same tree. */
import {
  Copy,
  type CopyInfo,
  type CopyInput,
  type FileAction,
  Mkdir,
  Mkfile,
  Rm,
  Scratch,
  type State,
  Symlink,
} from 'llb-ts';

/** 2001-09-09, a whole second. With whole seconds BuildKit compares contents. */
export const SECOND = 1_000_000_000_000_000_000n;
/** The same second and some nanoseconds: then equal times stand for equal contents. */
export const WITH_NANOSECONDS = SECOND + 123_456_789n;
export const LATER = SECOND + 60_000_000_000n;

/** One action, to be put after the ones before it in the same op. */
export type Step = (before: FileAction | undefined) => FileAction;

export interface MakeOptions {
  readonly mode?: number;
  /** Default: {@link SECOND}. */
  readonly time?: bigint | 'now';
  readonly chown?: string;
}

/** A file with its content, 0644 and at {@link SECOND} unless said otherwise. */
export function file(path: string, content: string | Uint8Array, options: MakeOptions = {}): Step {
  const { mode = 0o644, time = SECOND, chown } = options;
  const more = { ...made(time), ...(chown !== undefined && { chown }) };
  return (before) => (before ? before.Mkfile(path, mode, content, more) : Mkfile(path, mode, content, more));
}

/** A directory with its parents, 0755. */
export function dir(path: string, options: MakeOptions & { readonly makeParents?: boolean } = {}): Step {
  const { mode = 0o755, time = SECOND, chown, makeParents = true } = options;
  const more = { makeParents, ...made(time), ...(chown !== undefined && { chown }) };
  return (before) => (before ? before.Mkdir(path, mode, more) : Mkdir(path, mode, more));
}

export function link(target: string, path: string, options: MakeOptions = {}): Step {
  const { time = SECOND, chown } = options;
  const more = { ...made(time), ...(chown !== undefined && { chown }) };
  return (before) => (before ? before.Symlink(target, path, more) : Symlink(target, path, more));
}

/** Removes what must be there, unless `allowNotFound` says otherwise. */
export function rm(path: string, options: { allowNotFound?: boolean; allowWildcard?: boolean } = {}): Step {
  return (before) => (before ? before.Rm(path, options) : Rm(path, options));
}

export function copy(from: CopyInput, src: string, dest: string, options: CopyInfo = {}): Step {
  return (before) => (before ? before.Copy(from, src, dest, options) : Copy(from, src, dest, options));
}

/** One layer of these actions on scratch. */
export function layer(...steps: readonly Step[]): State {
  return on(Scratch(), ...steps);
}

/** One more layer on `base`. */
export function on(base: State, ...steps: readonly Step[]): State {
  return base.File(chain(steps));
}

/** Actions one after the other in one op. */
export function chain(steps: readonly Step[]): FileAction {
  const action = steps.reduce<FileAction | undefined>((before, step) => step(before), undefined);
  if (action === undefined) throw new Error('a chain of no actions');
  return action;
}

function made(time: bigint | 'now'): { readonly createdTime?: bigint } {
  return time === 'now' ? {} : { createdTime: time };
}
