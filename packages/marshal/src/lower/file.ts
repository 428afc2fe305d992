import { posix } from 'node:path';
import {
  type BoundActions,
  type CopyStep,
  type FileStep,
  type FileVertex,
  type HasState,
  type Owner,
  resolveEnvironment,
} from '@llb-ts/llb';
import {
  type ChownOpt,
  EMPTY_INPUT,
  type FileAction,
  type FileActionKind,
  SKIP_OUTPUT,
  type UserOpt,
} from '@llb-ts/pb';
import { type Context, Inputs, type Lowered } from './lowered.ts';

/** An action with the numbers that the op knows it by. Input numbers at or above the op's inputs are actions. */
interface Numbered {
  readonly step: FileStep;
  readonly state: HasState;
  /** Op input of the state it acts on, also for owners by name; -1 for scratch. */
  readonly base: number;
  /** The action before it in its chain. */
  readonly before: number | undefined;
  readonly source: { readonly input: number } | { readonly action: number } | undefined;
}

/** A chain of file actions, those it copies from included (`client/llb/fileop.go`, docs/buildkit-semantics.md#encoding-of-file-actions). */
export function lowerFile({ actions }: FileVertex, context: Context): Lowered {
  const inputs = new Inputs();
  const numbered = numberActions(actions, inputs, context);
  const relative = (action: number) => inputs.list.length + action;
  const written = numbered.map((entry, i): FileAction => {
    const { base, before, source } = entry;
    return {
      input: before === undefined ? base : relative(before),
      secondaryInput: !source ? EMPTY_INPUT : 'input' in source ? source.input : relative(source.action),
      output: i === numbered.length - 1 ? 0 : SKIP_OUTPUT,
      action: lowerStep(entry),
    };
  });
  return {
    op: { kind: 'file', actions: written },
    inputs: inputs.list,
    platform: undefined,
    caps: ['file.base'],
  };
}

/**
 * The states that a chain needs, in the order in which Go's client visits them: from the last action backwards, the
 * state acted on before what is copied from.
 */
export function fileStates({ actions }: FileVertex): readonly HasState[] {
  const states: HasState[] = [];
  const pending: (BoundActions | HasState)[] = [actions];
  for (let next = pending.pop(); next; next = pending.pop()) {
    if (!('steps' in next)) {
      states.push(next);
      continue;
    }
    for (const step of next.steps) {
      if (step.kind === 'copy')
        pending.push(step.from.kind === 'state' ? step.from.state : step.from.actions);
    }
    // Every action of a chain acts on the same state: naming it once is enough.
    pending.push(next.state);
  }
  return states;
}

/** Numbers actions as they are done: a chain's own in order, those that one copies from just before it. */
function numberActions(root: BoundActions, inputs: Inputs, context: Context): readonly Numbered[] {
  const done: Numbered[] = [];
  const lastOf = new Map<BoundActions, number>();
  const inputOf = (state: HasState) => {
    const output = state.Output();
    return output ? inputs.number(context.input(output)) : EMPTY_INPUT;
  };
  const chains = [{ chain: root, next: 0, before: undefined as number | undefined, base: EMPTY_INPUT }];
  while (chains.length > 0) {
    const current = chains[chains.length - 1];
    if (!current) break;
    const { chain } = current;
    const step = chain.steps[current.next];
    if (!step) {
      if (current.before !== undefined) lastOf.set(chain, current.before);
      chains.pop();
      continue;
    }
    current.base = inputOf(chain.state);
    let source: Numbered['source'];
    if (step.kind === 'copy' && step.from.kind === 'actions') {
      const action = lastOf.get(step.from.actions);
      if (action === undefined) {
        chains.push({ chain: step.from.actions, next: 0, before: undefined, base: EMPTY_INPUT });
        continue;
      }
      source = { action };
    } else if (step.kind === 'copy' && step.from.kind === 'state') {
      source = { input: inputOf(step.from.state) };
    }
    done.push({ step, state: chain.state, base: current.base, before: current.before, source });
    current.before = done.length - 1;
    current.next++;
  }
  return done;
}

function lowerStep({ step, state, base }: Numbered): FileActionKind {
  switch (step.kind) {
    case 'mkdir':
      return {
        kind: 'mkdir',
        path: below(state, step.path),
        mode: step.mode & 0o777,
        makeParents: step.makeParents,
        ...ownerAndTime(step, base),
      };
    case 'mkfile':
      return {
        kind: 'mkfile',
        path: below(state, step.path),
        mode: step.mode & 0o777,
        data: step.data,
        ...ownerAndTime(step, base),
      };
    case 'symlink':
      return {
        kind: 'symlink',
        oldpath: step.oldpath,
        newpath: step.newpath,
        ...ownerAndTime(step, base),
      };
    case 'rm':
      return {
        kind: 'rm',
        path: below(state, step.path),
        allowNotFound: step.allowNotFound,
        allowWildcard: step.allowWildcard,
      };
    case 'copy':
      return { kind: 'copy', ...lowerCopy(step, state), ...ownerAndTime(step, base) };
  }
}

function lowerCopy(step: CopyStep, state: HasState) {
  const from = step.from.kind === 'state' ? step.from.state : step.from.actions.state;
  return {
    src: sourcePath(from, step.src),
    dest: keepEnding(step.dest, below(state, step.dest)),
    mode: step.mode === undefined ? -1 : typeof step.mode === 'number' ? step.mode : 0,
    modeStr: typeof step.mode === 'string' ? step.mode : '',
    followSymlink: step.followSymlinks,
    dirCopyContents: step.copyDirContentsOnly,
    attemptUnpackDockerCompatibility: step.attemptUnpack,
    createDestPath: step.createDestPath,
    allowWildcard: step.allowWildcard,
    allowEmptyWildcard: step.allowEmptyWildcard,
    includePatterns: step.includePatterns,
    excludePatterns: step.excludePatterns,
    requiredPaths: step.requiredPaths,
    alwaysReplaceExistingDestPaths: step.alwaysReplaceExistingDestPaths,
  };
}

function ownerAndTime(
  { owner, createdTime }: { readonly owner: Owner | undefined; readonly createdTime: bigint | undefined },
  base: number,
): { readonly owner?: ChownOpt; readonly timestamp: bigint } {
  return { ...(owner && { owner: lowerOwner(owner, base) }), timestamp: createdTime ?? -1n };
}

function lowerOwner({ user, group }: Owner, base: number): ChownOpt {
  const lower = (who: NonNullable<Owner['user']>): UserOpt =>
    'name' in who
      ? { user: { kind: 'byName', name: who.name, input: base } }
      : { user: { kind: 'byID', value: who.uid } };
  return { ...(user && { user: lower(user) }), ...(group && { group: lower(group) }) };
}

function clean(path: string): string {
  const normal = posix.normalize(path);
  return normal.length > 1 && normal.endsWith('/') ? normal.slice(0, -1) : normal;
}

/** An absolute path; a relative one is below the directory of the state. */
function below(state: HasState, path: string): string {
  const cleaned = clean(path);
  if (cleaned.startsWith('/')) return cleaned;
  return clean(`/${resolveEnvironment(state.environment).dir ?? ''}/${cleaned}`);
}

/** A state whose directory was never set gives a relative path here, as in Go. */
function sourcePath(from: HasState, path: string): string {
  const cleaned = clean(path);
  if (cleaned.startsWith('/')) return cleaned;
  const { dir = '' } = resolveEnvironment(from.environment);
  return clean(dir === '' ? cleaned : `${dir}/${cleaned}`);
}

/** A slash or `/.` at the end of a destination has a meaning, so it is kept. */
function keepEnding(given: string, path: string): string {
  if (given.endsWith('/') && !path.endsWith('/')) return `${path}/`;
  if (given.endsWith('/.')) return path === '/' ? '/.' : `${path}/.`;
  return path;
}
