import { after, type Model, Models, matching, parentsOf, sourceOf } from './model.ts';
import type { Plan, PlannedAction, PlannedState } from './plan.ts';

/**
 * Makes most actions of a plan possible: missing parents are made, what is in the way is removed, sources that are not
 * there are replaced by the whole tree. Random actions on random trees would nearly all fail, and a graph that fails
 * compares little. States for which `reckless` says so stay as they are.
 */
export function repaired(plan: Plan, reckless: (at: number) => boolean): Plan {
  const models = new Models();
  return plan.map((state, at) => {
    const mended =
      state.kind === 'file' && !reckless(at) ? { ...state, actions: mend(state, models) } : state;
    models.add(mended);
    return mended;
  });
}

function mend(state: PlannedState & { kind: 'file' }, models: Models): readonly PlannedAction[] {
  const done: PlannedAction[] = [];
  let tree = models.of(state.base);
  const add = (action: PlannedAction): void => {
    done.push(action);
    tree = after(tree, action, models.of);
  };
  for (const action of state.actions) {
    if (action.kind === 'rm') {
      add(mendRemoval(action, tree));
      continue;
    }
    const mended = action.kind === 'copy' ? mendSource(action, models.of(action.from)) : action;
    const path = mended.kind === 'copy' ? mended.dest.replace(/\/\.?$/, '') : mended.path;
    for (const parent of parentsOf(path)) if (tree.get(parent) === 'file') add(remove(parent));
    if (isInTheWay(mended, path, tree)) add(remove(path));
    const parent = parentsOf(path).at(-1);
    if (parent !== undefined && !tree.has(parent))
      add({ kind: 'mkdir', path: parent, mode: 0o755, time: 'second' });
    add(mended);
  }
  return done;
}

function isInTheWay(action: PlannedAction, path: string, tree: Model): boolean {
  const there = tree.get(path);
  if (there === undefined) return false;
  switch (action.kind) {
    case 'mkfile':
      return there === 'dir';
    case 'mkdir':
      return there === 'file';
    case 'symlink':
      return true;
    case 'copy':
      return there === 'file';
    case 'rm':
      return false;
  }
}

function mendSource(action: PlannedAction & { kind: 'copy' }, from: Model): PlannedAction & { kind: 'copy' } {
  const source = sourceOf(action);
  const isThere =
    source === '/' || (source.endsWith('*') ? matching(from, source).length > 0 : from.has(source));
  const isGlob = source.endsWith('*');
  const isLinked =
    parentsOf(source).some((parent) => from.get(parent) === 'link') || from.get(source) === 'link';
  const src = isThere && !(isLinked && action.followSymlinks) ? action.src : '/';
  return {
    ...action,
    src,
    allowWildcard: isGlob,
    createDestPath: true,
    replace: action.replace || src === '/',
  };
}

function mendRemoval(action: PlannedAction & { kind: 'rm' }, tree: Model): PlannedAction {
  if (action.path.endsWith('*')) {
    const base = action.path.slice(0, action.path.lastIndexOf('/'));
    return {
      ...action,
      path: base === '' || tree.get(base) === 'dir' ? action.path : '/f*',
      allowWildcard: true,
    };
  }
  const isBelowFile = parentsOf(action.path).some((parent) => tree.get(parent) === 'file');
  const path = isBelowFile ? '/g' : action.path;
  return { ...action, path, allowNotFound: action.allowNotFound || tree.get(path) !== 'file' };
}

function remove(path: string): PlannedAction {
  return { kind: 'rm', path, allowNotFound: true, allowWildcard: false };
}
