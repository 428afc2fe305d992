/** Layers that a merge applies to each other: what each kind of entry makes of each, and attributes of directories. */
import { Diff, Merge } from 'llb-ts';
import type { CaseGroup, CaseSource } from '../case.ts';
import { ARCHIVES, type Kind, LINKED_SUBSETS, unpackD, unpackLinked } from '../fixtures.ts';
import { dir, file, layer, on, rm, type Step } from '../vocabulary.ts';

const locals = ARCHIVES;
const first = () => layer(file('/first', 'first'));
const make = (...kinds: readonly Kind[]) => kinds.map((kind) => layer(unpackD(kind)));

const SPECIAL: readonly Kind[] = ['block', 'char', 'fifo'];
const OTHERS: readonly Kind[] = ['empty', 'filled', 'file', 'link', ...SPECIAL];

/**
 * Of layers that no other case has: BuildKit links devices from layer to layer, and a directory over one changes the owner and
 * mode of all.
 */
function applied(about: string, ...kinds: readonly Kind[]): CaseSource {
  const own = file(`/${kinds.join('-')}`, '');
  return { about, locals, build: () => Merge([first(), ...kinds.map((kind) => layer(unpackD(kind), own))]) };
}

/** A diff that is computed, of `/d` from one kind to another, over something else. */
function computed(about: string, under: Kind, ...steps: readonly Step[]): CaseSource {
  const base = () => layer(unpackD(under), file('/k', 'k'));
  return { about, locals, build: () => Merge([first(), Diff(base(), on(on(base(), rm('/k')), ...steps))]) };
}

const pairs = OTHERS.flatMap((under) =>
  OTHERS.filter((over) => SPECIAL.includes(over) !== SPECIAL.includes(under) || over === 'block').map(
    (over) => [`${over}-over-${under}`, applied('one kind of entry over another', under, over)] as const,
  ),
);

const linked = LINKED_SUBSETS.map((names) => {
  const build = () => Diff(layer(unpackLinked(names)), layer(unpackLinked()));
  return [
    `linked-${names.join('-')}`,
    { about: 'names of one file of which some are no change', locals, build },
  ] as const;
});

export const moved: CaseGroup = {
  ...Object.fromEntries(linked),
  'linked-applied': {
    about: 'unchanged names are left out where the upper is a merge on just the lower',
    locals,
    build: () => {
      const lower = layer(unpackLinked(['l/a', 'l/z']));
      return Diff(lower, Merge([lower, layer(unpackLinked(), file('/f', 'f'))]));
    },
  },
  'linked-applied-on-more': {
    about: 'and are there where it is a layer on one',
    locals,
    build: () => {
      const lower = layer(unpackLinked(['l/a', 'l/z']));
      return Diff(lower, on(Merge([lower, layer(unpackLinked(), file('/f', 'f'))]), file('/g', 'g')));
    },
  },
  'linked-and-changed': {
    about: 'a changed mode of one name and its new links',
    locals,
    build: () => {
      const more = [file('/l/0', 'new'), rm('/l/m')];
      return Merge([
        first(),
        Diff(layer(unpackLinked(['l/a', 'l/z'])), on(on(layer(unpackLinked()), file('/f', 'f')), ...more)),
      ]);
    },
  },
  ...Object.fromEntries(pairs),
  'block-alone': applied('a device where nothing is', 'block'),
  'block-first': {
    about: 'what stands in place is not overwritten but hidden',
    locals,
    build: () => Merge([...make('block', 'filled')]),
  },
  'block-between': applied('a file between a device and a directory', 'block', 'file', 'filled'),
  'empty-over-block-then-file': applied('a device that has a mode of a directory', 'block', 'empty', 'file'),
  'empty-over-block-then-filled': applied('is no place for entries', 'block', 'empty', 'filled'),
  'without-first': {
    about: 'from the second on',
    locals,
    build: () => Merge(make('noted', 'block', 'empty')),
  },
  'attributes-add-up': applied('of directories that unite', 'noted', 'marked'),
  'attributes-add-up-reversed': applied('the later value counts', 'marked', 'noted'),
  'attributes-stay': applied('under a directory without', 'noted', 'filled'),
  'attributes-replaced': applied('but not of a directory that was replaced', 'noted', 'file', 'filled'),
  'attributes-of-the-first': {
    about: 'those of what stands in place are hidden',
    locals,
    build: () => Merge(make('noted', 'marked')),
  },
  'attributes-of-the-first-and-more': {
    about: 'and only those that moved add up',
    locals,
    build: () => Merge(make('noted', 'empty', 'marked', 'filled')),
  },
  'attributes-deleted-between': {
    about: 'a deletion between takes them along',
    locals,
    build: () => {
      const noted = layer(unpackD('noted'));
      return Merge([first(), noted, Diff(noted, on(noted, rm('/d'))), layer(unpackD('marked'))]);
    },
  },
  'attributes-deleted-inside': {
    about: 'a deletion of a directory in it, made again later',
    locals,
    build: () => {
      const noted = layer(unpackD('noted'));
      return Merge([
        layer(dir('/d/sub'), file('/d/sub/low', 'low')),
        noted,
        Diff(noted, on(noted, rm('/d/sub'))),
        layer(unpackD('marked')),
      ]);
    },
  },
  'attributes-on-top': {
    about: 'one more layer on the merge',
    locals,
    build: () => on(Merge([first(), ...make('noted', 'marked')]), file('/d/top', 'top')),
  },
  'attributes-diff': {
    about: 'a diff of merges',
    locals,
    build: () =>
      Diff(Merge([first(), ...make('noted')]), Merge([first(), ...make('noted', 'marked', 'filled')])),
  },
  'computed-block': computed('a device in place of a directory', 'filled', rm('/d'), unpackD('block')),
  'computed-directory': computed('a directory in place of a device', 'block', rm('/d'), unpackD('filled')),
  'file-replaced-by-directory': {
    about: 'a directory that replaces a file hides what stands in place',
    locals,
    build: () =>
      Merge([
        layer(dir('/d/sub'), file('/d/low', 'low'), file('/d/sub/low', 'low')),
        ...make('noted', 'file', 'marked'),
      ]),
  },
  'hidden-in-place': {
    about: 'an overlay attribute of users hides nothing on its base',
    locals,
    build: () =>
      on(layer(dir('/d/sub'), file('/d/low', 'low'), file('/d/sub/low', 'low')), unpackD('hidden')),
  },
  'hidden-moved': {
    about: 'but its diff deletes what the base has, and loses the attribute',
    locals,
    build: () => {
      const base = layer(dir('/d/sub'), file('/d/low', 'low'), file('/d/sub/low', 'low'));
      const other = layer(dir('/d/sub'), file('/d/low', 'o'), file('/d/sub/low', 'o'), file('/d/more', 'o'));
      return Merge([other, Diff(base, on(base, unpackD('hidden')))]);
    },
  },
  'hidden-without-base': {
    about: 'without a base it deletes nothing',
    locals,
    build: () => Merge([layer(dir('/d/sub'), file('/d/sub/low', 'o')), ...make('hidden')]),
  },
  'hidden-copied-up': {
    about: 'copied up, it hides again',
    locals,
    build: () => {
      const base = on(layer(unpackD('hidden')), file('/d/low', 'low'));
      return Merge([
        first(),
        layer(dir('/d'), file('/d/low', 'o')),
        Diff(base, on(base, file('/d/new', 'n'))),
      ]);
    },
  },
};
