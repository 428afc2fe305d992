/** A rough idea of what a planned state holds: good enough to make plans that mostly work, never used to judge one. */
import { posix } from 'node:path';
import type { PlannedAction, PlannedState, Reference } from './plan.ts';

export type Kind = 'dir' | 'file' | 'link';
/** Clean absolute paths without the root. */
export type Model = ReadonlyMap<string, Kind>;

export function modelOf(state: PlannedState, model: (at: Reference) => Model): Model {
  switch (state.kind) {
    case 'file':
      return state.actions.reduce((tree, action) => after(tree, action, model), model(state.base));
    case 'merge':
      return state.inputs.map(model).reduce(laidOver, new Map());
    case 'diff': {
      const lower = model(state.lower);
      const added = [...model(state.upper)].filter(([path, kind]) => lower.get(path) !== kind);
      return added.reduce<Model>((tree, [path, kind]) => put(tree, path, kind), new Map());
    }
  }
}

/** The tree after one action. */
export function after(tree: Model, action: PlannedAction, model: (at: Reference) => Model): Model {
  switch (action.kind) {
    case 'mkfile':
      return put(tree, action.path, 'file');
    case 'mkdir':
      return put(tree, action.path, 'dir');
    case 'symlink':
      return tree.has(action.path) ? tree : put(tree, action.path, 'link');
    case 'rm':
      return matching(tree, action.path).reduce(without, tree);
    case 'copy': {
      const from = model(action.from);
      const source = sourceOf(action);
      const sources = action.allowWildcard ? matching(from, source) : [source];
      return sources.reduce((now, source) => copied(now, from, source, action), tree);
    }
  }
}

/** Paths that a pattern with one star at its end matches; without a star, the path itself. */
export function matching(tree: Model, pattern: string): readonly string[] {
  if (!pattern.endsWith('*')) return [pattern];
  const start = pattern.slice(0, -1);
  return [...tree.keys()].filter((path) => path.startsWith(start) && !path.slice(start.length).includes('/'));
}

/** The source of a copy without `.`, `..` and slashes at its end. */
export function sourceOf({ src }: PlannedAction & { kind: 'copy' }): string {
  return posix.normalize(src).replace(/(?<=.)\/$/, '');
}

export function parentsOf(path: string): readonly string[] {
  const parts = path.split('/').slice(1, -1);
  return parts.map((_, at) => `/${parts.slice(0, at + 1).join('/')}`);
}

export function without(tree: Model, path: string): Model {
  return new Map([...tree].filter(([other]) => other !== path && !other.startsWith(`${path}/`)));
}

function put(tree: Model, path: string, kind: Kind): Model {
  const cleared = kind === 'dir' ? tree : without(tree, path);
  const parents = parentsOf(path).map((parent) => [parent, tree.get(parent) ?? 'dir'] as const);
  return new Map([...cleared, ...parents, [path, kind]]);
}

function laidOver(lower: Model, upper: Model): Model {
  return [...upper].reduce<Model>((tree, [path, kind]) => put(tree, path, kind), lower);
}

function copied(tree: Model, from: Model, source: string, action: PlannedAction & { kind: 'copy' }): Model {
  const isDirectory = source === '/' || from.get(source) === 'dir';
  const dest = action.dest.replace(/\/\.?$/, '');
  const enters =
    !action.src.endsWith('/.') &&
    (dest === '' || tree.get(dest) === 'dir' || /\/\.?$/.test(action.dest)) &&
    !(isDirectory && action.contents);
  const target = enters ? `${dest}/${source.slice(source.lastIndexOf('/') + 1)}`.replace(/\/$/, '') : dest;
  const start = source === '/' ? '/' : `${source}/`;
  const below = [...from].filter(([path]) => path.startsWith(start));
  const top: [string, Kind][] =
    target === '' ? [] : [[target, isDirectory ? 'dir' : (from.get(source) ?? 'file')]];
  return [
    ...top,
    ...below.map(([path, kind]) => [`${target}/${path.slice(start.length)}`, kind] as const),
  ].reduce<Model>((now, [path, kind]) => put(now, path, kind), tree);
}

/** Looks up the models of the states made so far. */
export class Models {
  readonly #models: Model[] = [];

  readonly of = (at: Reference): Model => this.#models[at] ?? new Map();

  add(state: PlannedState): void {
    this.#models.push(modelOf(state, this.of));
  }
}
