/**
 * The rules for imports. Both tables read "from → to"; what is not listed is forbidden. Type imports count.
 * docs/architecture.md draws the same picture.
 */

export type PackageName = 'pb' | 'llb' | 'marshal' | 'backend' | 'solver' | 'buildkit' | 'cli';

/** The name each folder under `packages/` is imported by. */
export const FACES: Readonly<Record<PackageName, string>> = {
  pb: '@llb-ts/pb',
  llb: '@llb-ts/llb',
  marshal: '@llb-ts/marshal',
  backend: '@llb-ts/backend',
  solver: '@llb-ts/solver',
  buildkit: '@llb-ts/buildkit',
  cli: 'llb-ts',
};

/** Packages, from the ground up. */
export const PACKAGE_FLOORS: Readonly<Record<PackageName, readonly PackageName[]>> = {
  pb: [],
  llb: [],
  marshal: ['pb', 'llb'],
  backend: ['pb'],
  solver: ['pb', 'backend'],
  buildkit: ['pb', 'backend'],
  cli: ['pb', 'llb', 'marshal', 'backend', 'solver', 'buildkit'],
};

/**
 * The rooms of the packages, from the ground up. A room is a folder directly below `src`; the name '' stands for the files
 * beside them. A room may import the rooms before it in its list, and no other. Packages that are not listed are small.
 */
export const ROOM_FLOORS: Readonly<Partial<Record<PackageName, readonly string[]>>> = {
  llb: [
    'base',
    'value',
    'graph',
    'run',
    'file',
    'state',
    'constraints',
    'run-options',
    'sources',
    'combine',
    'helpers',
    '',
  ],
  marshal: ['base', 'lower', 'write', ''],
  solver: [
    'error',
    'name',
    'host',
    'tree',
    'store',
    'graph',
    'pattern',
    'archive',
    'blob',
    'registry',
    'layer',
    'chain',
    'pack',
    'unpack',
    'cache',
    'snapshot',
    'work',
    'source',
    'exporter',
    'executor',
    'operation',
    'evaluate',
    '',
  ],
  cli: [
    'error',
    'words',
    'terminal',
    'process',
    'output',
    'report',
    'built',
    'credentials',
    'input',
    'config',
    'display',
    'inspect',
    'program',
    'lock',
    'options',
    'backend',
    'api',
    'commands',
    '',
  ],
};

/** Imports that only some paths may make. Each is a promise of docs/architecture.md. */
export const RESERVED_IMPORTS: readonly {
  readonly what: RegExp;
  readonly onlyIn: readonly string[];
  readonly because: string;
}[] = [
  {
    what: /^koffi$/,
    onlyIn: ['packages/solver/src/host/', 'packages/cli/'],
    because: 'only host/ makes system calls',
  },
  {
    what: /^node:child_process$/,
    onlyIn: [
      'packages/solver/src/host/',
      // These know one program each, and stream through its pipes.
      'packages/solver/src/archive/decompress.ts',
      'packages/solver/src/archive/zstd-writer.ts',
      'packages/solver/src/source/git/git-program.ts',
      'packages/buildkit/',
      'packages/cli/',
    ],
    because: 'programs are started by host/, or by the one file that knows the program',
  },
  {
    what: /^protobufjs/,
    onlyIn: ['packages/pb/', 'packages/buildkit/'],
    because: 'the wire format is wrapped by pb (and by buildkit for the control API)',
  },
  {
    what: /^(node:|[a-z@])/,
    onlyIn: ['pb', 'marshal', 'backend', 'solver', 'buildkit', 'cli'].map((name) => `packages/${name}/`),
    because: 'llb is a language: it imports nothing',
  },
];

/** Lines a file may have before it must be split. */
export const LONGEST_FILE = 400;

/** Files that are longer all the same, each with the reason why it still holds one idea. */
export const LONG_FILES: Readonly<Record<string, string>> = {};
