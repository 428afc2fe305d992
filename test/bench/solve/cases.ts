import { join } from 'node:path';
import { Copy, Diff, Local, Merge, Mkdir, Mkfile, Scratch, type State } from 'llb-ts';
import { changeFiles, writeFiles } from './data.ts';

/** A build to measure. */
export interface BenchCase {
  readonly name: string;
  readonly about: string;
  /** Kinds of the ops whose time is the point, summed up: of `file` ops only the last, which is the first use. */
  readonly measured: readonly ('merge' | 'diff' | 'source' | 'file')[];
  /** Makes the folders below `folder`. */
  readonly prepare: (folder: string) => Prepared;
}

export interface Prepared {
  readonly state: State;
  readonly locals: Readonly<Record<string, string>>;
  /** Changes one file of one folder. */
  readonly changeOneFile: () => void;
}

export const cases: readonly BenchCase[] = [
  merge('merge-10x2000', 10, 2_000),
  merge('merge-100x200', 100, 200),
  merge('merge-10x20000', 10, 20_000),
  {
    name: 'diff-strangers',
    about: 'diff of two imported trees of 20,000 files that differ in 10, and its use',
    measured: ['diff', 'file'],
    prepare: (folder) => {
      const locals = folders(folder, ['old', 'new'], (path) => writeFiles(path, 'tree', 20_000));
      changeFiles(join(folder, 'new'), 'tree', 20_000, 10);
      return prepared(locals, 'tree', (states) => used(Diff(states[0]!, states[1]!)));
    },
  },
  {
    name: 'diff-cousins',
    about: 'diff of two states that change 10 of the same 20,000 files each, and its use',
    measured: ['diff', 'file'],
    prepare: (folder) => {
      const locals = folders(folder, ['base'], (path) => writeFiles(path, 'tree', 20_000));
      return prepared(locals, 'tree', ([base]) =>
        used(Diff(tenChanged(base!, 'left'), tenChanged(base!, 'right'))),
      );
    },
  },
  {
    name: 'copy-20000',
    about: 'copy of a tree of 20,000 files',
    measured: ['file'],
    prepare: (folder) => {
      const locals = folders(folder, ['base'], (path) => writeFiles(path, 'tree', 20_000));
      return prepared(locals, 'tree', ([base]) =>
        Scratch().File(Copy(base!, '/', '/copy', { createDestPath: true })),
      );
    },
  },
  {
    name: 'import-20000',
    about: 'a local folder of 20,000 files',
    measured: ['source'],
    prepare: (folder) => {
      const locals = folders(folder, ['base'], (path) => writeFiles(path, 'tree', 20_000));
      return prepared(locals, 'tree', ([base]) => base!);
    },
  },
];

function merge(name: string, states: number, files: number): BenchCase {
  return {
    name,
    about: `merge of ${states} states of ${files.toLocaleString('en')} files each, and its use`,
    measured: ['merge', 'file'],
    prepare: (folder) => {
      const names = Array.from({ length: states }, (_, at) => `part-${at}`);
      const locals = folders(folder, names, (path, part) => writeFiles(path, part, files));
      return prepared(locals, 'part-0', (parts) => used(Merge(parts)));
    },
  };
}

/** The first thing that needs the tree: BuildKit does the work of a merge or diff only then. */
function used(state: State): State {
  return state.File(Mkdir('/used', 0o755).Mkfile('/used/it', 0o644, 'the first use\n'));
}

function tenChanged(base: State, by: string): State {
  const [first, ...others] = Array.from({ length: 10 }, (_, at) => `/tree-${at}/${at}-${by}.txt`);
  return base.File(
    others.reduce((action, path) => action.Mkfile(path, 0o644, by), Mkfile(first!, 0o644, by)),
  );
}

function folders(
  folder: string,
  names: readonly string[],
  fill: (path: string, name: string) => void,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    names.map((name) => {
      fill(join(folder, name), name);
      return [name, join(folder, name)];
    }),
  );
}

function prepared(
  locals: Readonly<Record<string, string>>,
  files: string,
  build: (states: readonly State[]) => State,
): Prepared {
  let changes = 0;
  return {
    locals,
    state: build(Object.keys(locals).map((name) => Local(name))),
    changeOneFile: () =>
      changeFiles(Object.values(locals)[0]!, files, 1, 1, 'changed again'.padEnd(14 + ++changes, '!')),
  };
}
