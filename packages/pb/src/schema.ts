/**
 * The LLB wire contract as one table: message → field → number and type.
 *
 * The order of fields is the order of bytes: ascending numbers, except that the members of a oneof come last, as Go's
 * deterministic encoder writes them (docs/buildkit-semantics.md#encoding-of-ops). `codec.ts` reads this table and nothing else; `messages.ts` holds the same
 * shapes as TypeScript types.
 */

/** How one value is written. `int64` is a `number` within ±2^53; `bigint64` and `biguint64` are `bigint`. */
export type Scalar =
  | 'string'
  | 'bytes'
  | 'bool'
  | 'int32'
  | 'uint32'
  | 'enum'
  | 'int64'
  | 'bigint64'
  | 'biguint64';

export type FieldType =
  | { readonly scalar: Scalar }
  | { readonly message: MessageName }
  | { readonly repeated: Scalar }
  | { readonly repeatedMessage: MessageName }
  | { readonly mapOf: Scalar }
  | { readonly mapOfMessage: MessageName };

export interface Field {
  readonly name: string;
  readonly number: number;
  readonly type: FieldType;
}

/** Members of a oneof. The value under `name` is `{ kind: member, … }`; a scalar member is `{ kind, value }`. */
export interface OneOf {
  readonly name: string;
  readonly members: readonly Field[];
}

export interface MessageSchema {
  readonly fields: readonly Field[];
  readonly oneOf?: OneOf;
}

const field = (name: string, number: number, type: FieldType): Field => ({ name, number, type });
const string = (name: string, number: number) => field(name, number, { scalar: 'string' });
const bytes = (name: string, number: number) => field(name, number, { scalar: 'bytes' });
const bool = (name: string, number: number) => field(name, number, { scalar: 'bool' });
const int32 = (name: string, number: number) => field(name, number, { scalar: 'int32' });
const uint32 = (name: string, number: number) => field(name, number, { scalar: 'uint32' });
const enumeration = (name: string, number: number) => field(name, number, { scalar: 'enum' });
const int64 = (name: string, number: number) => field(name, number, { scalar: 'int64' });
const bigint64 = (name: string, number: number) => field(name, number, { scalar: 'bigint64' });
const biguint64 = (name: string, number: number) => field(name, number, { scalar: 'biguint64' });
const message = (name: string, number: number, of: MessageName) => field(name, number, { message: of });
const strings = (name: string, number: number) => field(name, number, { repeated: 'string' });
const many = (name: string, number: number, of: MessageName) => field(name, number, { repeatedMessage: of });
const stringMap = (name: string, number: number) => field(name, number, { mapOf: 'string' });
const messageMap = (name: string, number: number, of: MessageName) =>
  field(name, number, { mapOfMessage: of });

/** A message of the wire contract. */
export type MessageName =
  | 'Op'
  | 'Input'
  | 'Platform'
  | 'WorkerConstraints'
  | 'ExecOp'
  | 'Meta'
  | 'HostIP'
  | 'Ulimit'
  | 'ProxyEnv'
  | 'SecretEnv'
  | 'CDIDevice'
  | 'Mount'
  | 'TmpfsOpt'
  | 'CacheOpt'
  | 'SecretOpt'
  | 'SourceOp'
  | 'BuildOp'
  | 'BuildInput'
  | 'FileOp'
  | 'FileAction'
  | 'FileActionCopy'
  | 'FileActionMkFile'
  | 'FileActionMkDir'
  | 'FileActionRm'
  | 'FileActionSymlink'
  | 'ChownOpt'
  | 'UserOpt'
  | 'NamedUserOpt'
  | 'MergeOp'
  | 'MergeInput'
  | 'DiffOp'
  | 'DiffInput'
  | 'PassthroughOp'
  | 'OpMetadata'
  | 'ExportCache'
  | 'ProgressGroup'
  | 'LinuxResources'
  | 'Definition'
  | 'Source'
  | 'SourceInfo'
  | 'Locations'
  | 'Location'
  | 'Range'
  | 'Position';

export const schema: Readonly<Record<MessageName, MessageSchema>> = {
  Op: {
    fields: [
      many('inputs', 1, 'Input'),
      message('platform', 10, 'Platform'),
      message('constraints', 11, 'WorkerConstraints'),
    ],
    oneOf: {
      name: 'op',
      members: [
        message('exec', 2, 'ExecOp'),
        message('source', 3, 'SourceOp'),
        message('file', 4, 'FileOp'),
        message('build', 5, 'BuildOp'),
        message('merge', 6, 'MergeOp'),
        message('diff', 7, 'DiffOp'),
        message('passthrough', 8, 'PassthroughOp'),
      ],
    },
  },
  Input: { fields: [string('digest', 1), int64('index', 2)] },
  Platform: {
    fields: [
      string('architecture', 1),
      string('os', 2),
      string('variant', 3),
      string('osVersion', 4),
      strings('osFeatures', 5),
    ],
  },
  WorkerConstraints: { fields: [strings('filter', 1)] },

  ExecOp: {
    fields: [
      message('meta', 1, 'Meta'),
      many('mounts', 2, 'Mount'),
      enumeration('network', 3),
      enumeration('security', 4),
      many('secretenv', 5, 'SecretEnv'),
      many('cdiDevices', 6, 'CDIDevice'),
    ],
  },
  Meta: {
    fields: [
      strings('args', 1),
      strings('env', 2),
      string('cwd', 3),
      string('user', 4),
      message('proxyEnv', 5, 'ProxyEnv'),
      many('extraHosts', 6, 'HostIP'),
      string('hostname', 7),
      many('ulimit', 9, 'Ulimit'),
      string('cgroupParent', 10),
      bool('removeMountStubsRecursive', 11),
      field('validExitCodes', 12, { repeated: 'int32' }),
    ],
  },
  HostIP: { fields: [string('host', 1), string('ip', 2)] },
  Ulimit: { fields: [string('name', 1), bigint64('soft', 2), bigint64('hard', 3)] },
  ProxyEnv: {
    fields: [
      string('httpProxy', 1),
      string('httpsProxy', 2),
      string('ftpProxy', 3),
      string('noProxy', 4),
      string('allProxy', 5),
    ],
  },
  SecretEnv: { fields: [string('id', 1), string('name', 2), bool('optional', 3)] },
  CDIDevice: { fields: [string('name', 1), bool('optional', 2)] },
  Mount: {
    fields: [
      int64('input', 1),
      string('selector', 2),
      string('dest', 3),
      int64('output', 4),
      bool('readonly', 5),
      enumeration('mountType', 6),
      message('tmpfsOpt', 19, 'TmpfsOpt'),
      message('cacheOpt', 20, 'CacheOpt'),
      message('secretOpt', 21, 'SecretOpt'),
      message('sshOpt', 22, 'SecretOpt'),
      string('resultID', 23),
      enumeration('contentCache', 24),
    ],
  },
  TmpfsOpt: { fields: [int64('size', 1)] },
  CacheOpt: { fields: [string('id', 1), enumeration('sharing', 2)] },
  // SSHOpt has the same fields.
  SecretOpt: {
    fields: [string('id', 1), uint32('uid', 2), uint32('gid', 3), uint32('mode', 4), bool('optional', 5)],
  },

  SourceOp: { fields: [string('identifier', 1), stringMap('attrs', 2)] },
  BuildOp: {
    fields: [
      int64('builder', 1),
      messageMap('inputs', 2, 'BuildInput'),
      message('def', 3, 'Definition'),
      stringMap('attrs', 4),
    ],
  },
  BuildInput: { fields: [int64('input', 1)] },

  FileOp: { fields: [many('actions', 2, 'FileAction')] },
  FileAction: {
    fields: [int64('input', 1), int64('secondaryInput', 2), int64('output', 3)],
    oneOf: {
      name: 'action',
      members: [
        message('copy', 4, 'FileActionCopy'),
        message('mkfile', 5, 'FileActionMkFile'),
        message('mkdir', 6, 'FileActionMkDir'),
        message('rm', 7, 'FileActionRm'),
        message('symlink', 8, 'FileActionSymlink'),
      ],
    },
  },
  FileActionCopy: {
    fields: [
      string('src', 1),
      string('dest', 2),
      message('owner', 3, 'ChownOpt'),
      int32('mode', 4),
      bool('followSymlink', 5),
      bool('dirCopyContents', 6),
      bool('attemptUnpackDockerCompatibility', 7),
      bool('createDestPath', 8),
      bool('allowWildcard', 9),
      bool('allowEmptyWildcard', 10),
      bigint64('timestamp', 11),
      strings('includePatterns', 12),
      strings('excludePatterns', 13),
      bool('alwaysReplaceExistingDestPaths', 14),
      string('modeStr', 15),
      strings('requiredPaths', 16),
    ],
  },
  FileActionMkFile: {
    fields: [
      string('path', 1),
      int32('mode', 2),
      bytes('data', 3),
      message('owner', 4, 'ChownOpt'),
      bigint64('timestamp', 5),
    ],
  },
  FileActionMkDir: {
    fields: [
      string('path', 1),
      int32('mode', 2),
      bool('makeParents', 3),
      message('owner', 4, 'ChownOpt'),
      bigint64('timestamp', 5),
    ],
  },
  FileActionRm: { fields: [string('path', 1), bool('allowNotFound', 2), bool('allowWildcard', 3)] },
  FileActionSymlink: {
    fields: [
      string('oldpath', 1),
      string('newpath', 2),
      message('owner', 3, 'ChownOpt'),
      bigint64('timestamp', 4),
    ],
  },
  ChownOpt: { fields: [message('user', 1, 'UserOpt'), message('group', 2, 'UserOpt')] },
  UserOpt: {
    fields: [],
    oneOf: { name: 'user', members: [message('byName', 1, 'NamedUserOpt'), uint32('byID', 2)] },
  },
  NamedUserOpt: { fields: [string('name', 1), int64('input', 2)] },

  MergeOp: { fields: [many('inputs', 1, 'MergeInput')] },
  MergeInput: { fields: [int64('input', 1)] },
  DiffOp: { fields: [message('lower', 1, 'DiffInput'), message('upper', 2, 'DiffInput')] },
  DiffInput: { fields: [int64('input', 1)] },
  PassthroughOp: { fields: [string('id', 1), field('outputs', 2, { repeated: 'int64' })] },

  OpMetadata: {
    fields: [
      bool('ignoreCache', 1),
      stringMap('description', 2),
      message('exportCache', 4, 'ExportCache'),
      field('caps', 5, { mapOf: 'bool' }),
      message('progressGroup', 6, 'ProgressGroup'),
      message('linuxResources', 7, 'LinuxResources'),
    ],
  },
  ExportCache: { fields: [bool('value', 1)] },
  ProgressGroup: { fields: [string('id', 1), string('name', 2), bool('weak', 3)] },
  LinuxResources: {
    fields: [
      bigint64('memory', 1),
      bigint64('memorySwap', 2),
      biguint64('cpuShares', 3),
      biguint64('cpuPeriod', 4),
      bigint64('cpuQuota', 5),
      string('cpusetCpus', 6),
      string('cpusetMems', 7),
    ],
  },

  Definition: {
    fields: [
      field('def', 1, { repeated: 'bytes' }),
      messageMap('metadata', 2, 'OpMetadata'),
      message('source', 3, 'Source'),
    ],
  },
  Source: { fields: [messageMap('locations', 1, 'Locations'), many('infos', 2, 'SourceInfo')] },
  SourceInfo: {
    fields: [
      string('filename', 1),
      bytes('data', 2),
      message('definition', 3, 'Definition'),
      string('language', 4),
    ],
  },
  Locations: { fields: [many('locations', 1, 'Location')] },
  Location: { fields: [int32('sourceIndex', 1), many('ranges', 2, 'Range')] },
  Range: { fields: [message('start', 1, 'Position'), message('end', 2, 'Position')] },
  Position: { fields: [int32('line', 1), int32('character', 2)] },
};
