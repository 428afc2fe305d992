import fc from 'fast-check';
import type { Plan, PlannedAction, PlannedState, PlannedTime } from './plan.ts';
import { repaired } from './repair.ts';
import { avoidsDaemonCrashes } from './safe.ts';

/**
 * Random plans. Names come from a handful, so that states meet; directories and files mostly keep to names of their
 * own, so that most graphs can be solved, but not always. References are any number, taken modulo the states there are:
 * so every smaller plan that fast-check tries while shrinking is a plan too.
 */
export function plans(): fc.Arbitrary<Plan> {
  // One state in a dozen is left to fail if it must.
  const loose = fc.record({ state: looseState(), reckless: fc.nat({ max: 11 }).map((n) => n === 11) });
  return fc.array(loose, { minLength: 2, maxLength: 9 }).map((states) => {
    const plan = states.map(({ state }, at) => bound(state, at));
    return repaired(avoidsDaemonCrashes(plan), (at) => states[at]?.reckless ?? false);
  });
}

function looseState(): fc.Arbitrary<PlannedState> {
  const file = fc.record({
    kind: fc.constant('file' as const),
    base: reference(),
    actions: fc.array(action(), { minLength: 1, maxLength: 4 }),
  });
  const merge = fc.record({
    kind: fc.constant('merge' as const),
    inputs: fc.array(reference(), { minLength: 2, maxLength: 4 }),
  });
  const diff = fc.record({ kind: fc.constant('diff' as const), lower: reference(), upper: reference() });
  return fc.oneof(
    { weight: 5, arbitrary: file },
    { weight: 3, arbitrary: merge },
    { weight: 3, arbitrary: diff },
  );
}

function reference(): fc.Arbitrary<number> {
  return fc.nat({ max: 2519 });
}

/** Replaces references by places of earlier states; one in `at + 1` is scratch. */
function bound(state: PlannedState, at: number): PlannedState {
  const place = (loose: number) => (at === 0 ? -1 : (loose % (at + 1)) - 1);
  // Merges and diffs of scratch are seldom what is interesting.
  const other = (loose: number) => (at === 0 ? -1 : loose % at);
  switch (state.kind) {
    case 'file':
      return {
        ...state,
        base: place(state.base),
        actions: state.actions.map((one) => (one.kind === 'copy' ? { ...one, from: other(one.from) } : one)),
      };
    case 'merge':
      return { ...state, inputs: state.inputs.map(other) };
    case 'diff':
      return { ...state, lower: other(state.lower), upper: other(state.upper) };
  }
}

function action(): fc.Arbitrary<PlannedAction> {
  const mkfile = fc.record(
    {
      kind: fc.constant('mkfile' as const),
      path: filePath(),
      content: fc.constantFrom('x', 'y', 'longer', ''),
      mode: fc.constantFrom(0o644, 0o600),
      time: time(),
      chown: owner(),
    },
    { requiredKeys: ['kind', 'path', 'content', 'mode', 'time'] },
  );
  const mkdir = fc.record(
    {
      kind: fc.constant('mkdir' as const),
      path: directoryPath(),
      mode: fc.constantFrom(0o755, 0o700),
      time: time(),
      chown: owner(),
    },
    { requiredKeys: ['kind', 'path', 'mode', 'time'] },
  );
  const rm = fc.record({
    kind: fc.constant('rm' as const),
    path: fc.oneof(filePath(), directoryPath(), fc.constantFrom('/*', '/d/*', '/f*')),
    allowNotFound: fc.boolean().map((no) => !no),
    allowWildcard: fc.boolean(),
  });
  const symlink = fc.record(
    {
      kind: fc.constant('symlink' as const),
      target: fc.constantFrom('f', '/d', '../e', '/d/e/f', 'nowhere', 'l'),
      path: fc.oneof(
        { weight: 5, arbitrary: fc.constantFrom('/l', '/d/l') },
        { weight: 1, arbitrary: filePath() },
      ),
      chown: owner(),
    },
    { requiredKeys: ['kind', 'target', 'path'] },
  );
  return fc.oneof(
    { weight: 5, arbitrary: mkfile },
    { weight: 3, arbitrary: mkdir },
    { weight: 3, arbitrary: rm },
    { weight: 1, arbitrary: symlink },
    { weight: 3, arbitrary: copyAction() },
  );
}

function copyAction(): fc.Arbitrary<PlannedAction> {
  return fc.record(
    {
      kind: fc.constant('copy' as const),
      from: reference(),
      src: fc.oneof(
        fc.constantFrom('/', '/d', '/*', '/d/*', '/d/', '/d/.', '/d/e/..', '/e/.', '/l*'),
        filePath(),
        directoryPath(),
      ),
      dest: fc.oneof(
        fc.constantFrom('/', '/d', '/d/', '/d/.', '/new', '/new/', '/new/x/y', '/l', '/l/'),
        filePath(),
      ),
      contents: fc.boolean(),
      createDestPath: fc.boolean().map((no) => !no),
      replace: fc.boolean(),
      followSymlinks: fc.boolean(),
      allowWildcard: fc.boolean().map((no) => !no),
      include: fc.constantFrom(['f'], ['**/f', 'd'], ['d/e'], ['*', '!d'], ['e/*'], ['nothing']),
      exclude: fc.constantFrom(['f'], ['d', '!d/f'], ['**/g'], ['*', '!*/f'], ['nothing', '!nothing']),
      required: fc.constantFrom(['/d'], ['/f']),
      allowEmptyWildcard: fc.boolean(),
      mode: fc.constantFrom(0o640, 0o1777, 'u=rwX,go=rX', 'a-w', 'g+s,o='),
      chown: owner(),
      time: time(),
    },
    {
      requiredKeys: [
        'kind',
        'from',
        'src',
        'dest',
        'contents',
        'createDestPath',
        'replace',
        'followSymlinks',
        'allowWildcard',
      ],
    },
  );
}

function owner(): fc.Arbitrary<string> {
  return fc.constantFrom('1:1', '0:5', '7');
}

function time(): fc.Arbitrary<PlannedTime> {
  return fc.constantFrom('second', 'second', 'nanoseconds', 'nanoseconds', 'later', 'now');
}

function filePath(): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom('/f', '/g', '/d/f', '/d/g', '/d/e/f', '/e/f') },
    { weight: 1, arbitrary: fc.constantFrom('/d', '/e', '/l/f', '/d/l/f') },
  );
}

function directoryPath(): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom('/d', '/e', '/d/e', '/d/e/h') },
    { weight: 1, arbitrary: fc.constantFrom('/f', '/g', '/l', '/l/e') },
  );
}
