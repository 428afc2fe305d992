/** Definitions that differ from each other in one place. */
import fc from 'fast-check';
import { type CopyInfo, Local, Merge, Scratch, type State } from 'llb-ts';
import type { FolderEntry } from '../../support/folder.ts';
import { chain, copy, dir, file, link, type Step } from '../vocabulary.ts';

/** One or two copies from a folder, in one op. */
export interface NearDefinition {
  /** The entries of the folder, by path. */
  readonly folder: Readonly<Record<string, Omit<FolderEntry, 'path'>>>;
  /** The folder as it is, or as a layer on another one. */
  readonly through: 'folder' | 'merge';
  readonly base: 'scratch' | 'directory' | 'file' | 'link';
  readonly copies: readonly NearCopy[];
}

export interface NearCopy {
  readonly src: string;
  readonly dest: string;
  readonly options: CopyInfo;
}

/** Replaces one thing in a definition. */
export type Mutation = (definition: NearDefinition) => NearDefinition;

const ENTRIES: readonly Omit<FolderEntry, 'path'>[] = [
  { content: 'one' },
  { content: 'another' },
  { content: 'one', mode: 0o600 },
  { content: 'root:x:7:8::/:\nuser:x:9:9::/:\n' },
  { type: 'dir' },
  { type: 'dir', mode: 0o700 },
  { type: 'symlink', target: 'f' },
  { type: 'symlink', target: '/e' },
  { type: 'symlink', target: '../g/f' },
  { type: 'hardlink', target: 'a/f' },
];

const PATHS = ['a', 'a/f', 'a/g', 'a/d/f', 'e', 'e/f', 'e/a/f', 'g/f', 'l', 'etc/passwd', 'a/l'];
const SOURCES = [
  ...[
    '/a',
    '/a/',
    '/a/.',
    '/a/./f',
    '/a/f',
    '/e/a',
    '/e/a/.',
    '/l',
    '/l/',
    '/l/.',
    '/l/f',
    '/',
    '/.',
    '.',
    '',
  ],
  ...['/a/d/..', '/a/*', '/*/f', '/*', '/[ae]', '/a/[f]', '/l*', '/l/*', '/none*', '/a/l', '/a/l/f'],
];
const DESTINATIONS = ['/', '/t', '/t/', '/t/.', '/t/f', '/new', '/new/', '/new/x', '/t/../new'];
const PATTERNS = [[], ['f'], ['**/f'], ['*', '!f'], ['d', '!d/f'], ['a'], ['nothing'], ['*'], ['!f']];

const entry = fc.constantFrom(...ENTRIES);
const flag = fc.boolean();
const OPTIONS: { readonly [K in keyof CopyInfo]?: fc.Arbitrary<CopyInfo[K]> } = {
  followSymlinks: flag,
  copyDirContentsOnly: flag,
  attemptUnpack: flag,
  createDestPath: fc.constantFrom(true, true, false),
  allowWildcard: flag,
  allowEmptyWildcard: flag,
  alwaysReplaceExistingDestPaths: flag,
  includePatterns: fc.constantFrom(...PATTERNS),
  excludePatterns: fc.constantFrom(...PATTERNS),
  requiredPaths: fc.constantFrom([], ['/a'], ['/a/f']),
  mode: fc.constantFrom(0o640, 'u=rw,go=', 'a+X'),
  chown: fc.constantFrom('3:4', 'user', 'root:5'),
};

const option = fc.constantFrom(...Object.keys(OPTIONS)).chain((name) => {
  const values = OPTIONS[name as keyof CopyInfo] as fc.Arbitrary<unknown>;
  return values.map((value): CopyInfo => ({ [name]: value }));
});

const aCopy: fc.Arbitrary<NearCopy> = fc
  .record({
    src: fc.constantFrom(...SOURCES),
    dest: fc.constantFrom(...DESTINATIONS),
    options: fc
      .array(option, { maxLength: 3 })
      .map((some) => Object.assign({ createDestPath: true }, ...some)),
    wild: fc.nat({ max: 5 }),
  })
  .map(({ wild, ...one }) =>
    wild === 0 ? one : { ...one, options: { allowWildcard: true, ...one.options } },
  );

export const definition: fc.Arbitrary<NearDefinition> = fc.record({
  folder: fc.dictionary(fc.constantFrom(...PATHS), entry, { minKeys: 4 }).map(withF),
  through: fc.constantFrom('folder', 'merge'),
  base: fc.constantFrom('scratch', 'scratch', 'directory', 'directory', 'link', 'file'),
  copies: fc.array(aCopy, { minLength: 1, maxLength: 2 }),
});

/** Adds the entries that nearly every source names. */
function withF(folder: NearDefinition['folder']): NearDefinition['folder'] {
  // Two directories are equal but for their names.
  return {
    'a/f': { content: 'one' },
    'e/f': { content: 'one' },
    'g/f': { content: 'three' },
    l: { type: 'symlink', target: 'a' },
    ...folder,
  };
}

const copyMutation = (change: fc.Arbitrary<(before: NearCopy) => NearCopy>): fc.Arbitrary<Mutation> =>
  fc.record({ at: fc.nat({ max: 1 }), change }).map(({ at, change }) => (before) => ({
    ...before,
    copies: before.copies.map((one, i) => (i === at % before.copies.length ? change(one) : one)),
  }));

export const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  {
    weight: 4,
    arbitrary: copyMutation(fc.constantFrom(...SOURCES).map((src) => (one) => ({ ...one, src }))),
  },
  {
    weight: 2,
    arbitrary: copyMutation(fc.constantFrom(...DESTINATIONS).map((dest) => (one) => ({ ...one, dest }))),
  },
  {
    weight: 4,
    arbitrary: copyMutation(
      option.map((more) => (one) => ({ ...one, options: { ...one.options, ...more } })),
    ),
  },
  {
    weight: 6,
    arbitrary: fc.record({ path: fc.constantFrom(...PATHS), made: entry }).map(
      ({ path, made }): Mutation =>
        (before) => ({ ...before, folder: { ...before.folder, [path]: made } }),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constant<Mutation>((before) => ({ ...before, copies: before.copies.toReversed() })),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('scratch', 'directory', 'file', 'link').map(
      (base): Mutation =>
        (before) => ({ ...before, base: base as NearDefinition['base'] }),
    ),
  },
);

/** The entries of the folder that can be made: nothing lies below what is no directory. */
export function entriesOf({ folder }: NearDefinition): readonly FolderEntry[] {
  const made = Object.entries(folder).map(([path, rest]): FolderEntry => ({ path, ...rest }));
  const isBelow = ({ path }: FolderEntry) =>
    made.some((other) => other.type !== 'dir' && path.startsWith(`${other.path}/`));
  const kept = made.filter((one) => !isBelow(one));
  const isFile = (path: string) => kept.some((one) => one.path === path && one.type === undefined);
  // Hard links last, and only to what is there.
  const links = kept.filter(
    ({ type, target, path }) => type === 'hardlink' && target !== path && isFile(target!),
  );
  return [...kept.filter(({ type }) => type !== 'hardlink'), ...links];
}

const BASES: Readonly<Record<Exclude<NearDefinition['base'], 'scratch'>, readonly Step[]>> = {
  directory: [dir('/t/f'), file('/t/g', 'base')],
  file: [file('/t', 'base')],
  link: [dir('/e'), link('e', '/t')],
};

export function stateOf(near: NearDefinition): State {
  const folder = Local('folder');
  const from =
    near.through === 'folder' ? folder : Merge([Scratch().File(chain([file('/under', 'x')])), folder]);
  const base = near.base === 'scratch' ? Scratch() : Scratch().File(chain(BASES[near.base]));
  return base.File(chain(near.copies.map(({ src, dest, options }) => copy(from, src, dest, options))));
}
