import * as llb from '@llb-ts/llb';
import { type Call, octal } from './call.ts';

const options = (c: Call, from: number): readonly never[] => c.rest<never>(from);
const chain = (c: Call): llb.FileAction => c.arg<llb.FileAction>(0);

interface GoUser {
  readonly UID?: number;
  readonly Name?: string;
}

interface GoChown {
  readonly User?: GoUser;
  readonly Group?: GoUser;
}

interface GoChmod {
  readonly Mode?: string;
  readonly ModeStr?: string;
}

interface GoInfo extends Readonly<Record<string, unknown>> {
  readonly ChownOpt?: GoChown;
  readonly CreatedTime?: string;
  readonly Mode?: GoChmod;
}

function user({ UID, Name }: GoUser): llb.UserOpt {
  return Name ? { name: Name } : { uid: UID ?? 0 };
}

function chown({ User, Group }: GoChown): llb.ChownOpt {
  return { ...(User && { user: user(User) }), ...(Group && { group: user(Group) }) };
}

function chmod({ Mode, ModeStr }: GoChmod): number | string {
  return ModeStr || octal(Mode ?? '0');
}

/** The fields of a Go info struct under their names here: the same, beginning with a small letter. */
function info(given: GoInfo): Readonly<Record<string, unknown>> {
  const { ChownOpt, CreatedTime, Mode, ...rest } = given;
  return {
    ...Object.fromEntries(
      Object.entries(rest).map(([name, value]) => [name[0]?.toLowerCase() + name.slice(1), value]),
    ),
    ...(ChownOpt && { chown: chown(ChownOpt) }),
    ...(CreatedTime && { createdTime: BigInt(CreatedTime) }),
    ...(Mode && { mode: chmod(Mode) }),
  };
}

/** A Go info struct replaces what was set before it, where a record of llb-ts would add to it. */
const replacesAll = new WeakSet<object>();

function replacing(given: GoInfo): object {
  const record = info(given);
  replacesAll.add(record);
  return record;
}

function afterReplacing(given: readonly never[]): readonly never[] {
  const last = given.findLastIndex((option: object) => replacesAll.has(option));
  return given.slice(Math.max(last, 0));
}

const infoOptions = (c: Call, from: number): readonly never[] => afterReplacing(options(c, from));

/** File actions, alone and chained on another action, and their options. */
export const files: Readonly<Record<string, (call: Call) => unknown>> = {
  'State.File': (c) => c.state(0).File(c.arg<llb.FileAction>(1), ...options(c, 2)),

  Mkdir: (c) => llb.Mkdir(c.text(0), c.mode(1), ...infoOptions(c, 2)),
  Mkfile: (c) => llb.Mkfile(c.text(0), c.mode(1), c.bytes(2), ...infoOptions(c, 3)),
  Rm: (c) => llb.Rm(c.text(0), ...infoOptions(c, 1)),
  Symlink: (c) => llb.Symlink(c.text(0), c.text(1), ...infoOptions(c, 2)),
  Copy: (c) => llb.Copy(c.arg<llb.CopyInput>(0), c.text(1), c.text(2), ...infoOptions(c, 3)),

  'FileAction.Mkdir': (c) => chain(c).Mkdir(c.text(1), c.mode(2), ...infoOptions(c, 3)),
  'FileAction.Mkfile': (c) => chain(c).Mkfile(c.text(1), c.mode(2), c.bytes(3), ...infoOptions(c, 4)),
  'FileAction.Rm': (c) => chain(c).Rm(c.text(1), ...infoOptions(c, 2)),
  'FileAction.Symlink': (c) => chain(c).Symlink(c.text(1), c.text(2), ...infoOptions(c, 3)),
  'FileAction.Copy': (c) =>
    chain(c).Copy(c.arg<llb.CopyInput>(1), c.text(2), c.text(3), ...infoOptions(c, 4)),
  'FileAction.WithState': (c) => chain(c).WithState(c.state(1)),

  WithParents: (c) => llb.WithParents(c.flag(0)),
  WithUser: (c) => llb.WithUser(c.text(0)),
  WithUIDGID: (c) => llb.WithUIDGID(c.number(0), c.number(1)),
  WithCreatedTime: (c) => llb.WithCreatedTime(c.long(0)),
  WithAllowNotFound: (c) => llb.WithAllowNotFound(c.flag(0)),
  WithAllowWildcard: (c) => llb.WithAllowWildcard(c.flag(0)),
  WithExcludePatterns: (c) => llb.WithExcludePatterns(c.texts(0)),
  ChownOpt: (c) => ({ chown: chown(c.record(0)) }),
  ChmodOpt: (c) => ({ mode: chmod(c.record(0)) }),
  MkdirInfo: (c) => replacing(c.record(0)),
  MkfileInfo: (c) => replacing(c.record(0)),
  SymlinkInfo: (c) => replacing(c.record(0)),
  RmInfo: (c) => replacing(c.record(0)),
  CopyInfo: (c) => replacing(c.record(0)),
};
