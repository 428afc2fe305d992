import type { Expression, Graph } from './expression.ts';
import { constraints, copy, flag, imageConfig, made, mode, path, run, value, word } from './options.ts';
import type { Random } from './random.ts';

/** A state bound to a name. What is empty may not be used where the Go client crashes on it. */
interface Known {
  readonly name: string;
  readonly empty: boolean;
}

/** One graph of `size` steps, each on random ones of those before. */
export function randomGraph(random: Random, name: string, size: number): Graph {
  return new Generator(random).graph(name, size);
}

class Generator {
  readonly #random: Random;
  readonly #bindings: (readonly [string, Expression])[] = [
    ['map1', ['NewSourceMap', null, 'build.ts', 'TypeScript', 'export default 1\n']],
    ['map2', ['NewSourceMap', null, 'Dockerfile', 'Dockerfile', { base64: 'RlJPTSBh/w==' }]],
  ];
  readonly #states: Known[] = [];

  constructor(random: Random) {
    this.#random = random;
  }

  graph(name: string, size: number): Graph {
    this.#source();
    const steps = [
      ...repeat(2, () => this.#source()),
      ...repeat(6, () => this.#run()),
      ...repeat(5, () => this.#file()),
      ...repeat(2, () => this.#merge()),
      ...repeat(2, () => this.#diff()),
      ...repeat(3, () => this.#value()),
      () => this.#passthrough(),
      () => this.#build(),
      () => this.#deferred(),
      () => this.#loaded(),
      () => this.#reset(),
    ];
    for (let step = 0; step < size; step++) this.#random.pick(steps)();
    const result = this.#states.at(-1)?.name ?? '';
    return {
      name,
      let: this.#bindings,
      result: ['Merge', [`$${result}`, ...this.#random.some(this.#states, 6).map(({ name }) => `$${name}`)]],
      options: constraints(this.#random),
    };
  }

  #bind(expression: Expression, empty = false): string {
    const name = `s${this.#states.length}`;
    this.#bindings.push([name, expression]);
    this.#states.push({ name, empty });
    return `$${name}`;
  }

  /** A state, rather a recent one. */
  #any(): Known {
    const recent = this.#states.slice(-4);
    return this.#random.pick(this.#random.chance(0.7) ? recent : this.#states);
  }

  #full(): string {
    const state = this.#any();
    return `$${state.empty ? (this.#states.find(({ empty }) => !empty)?.name ?? '') : state.name}`;
  }

  #source(): void {
    const random = this.#random;
    const options = constraints(random);
    const source = random.pick<() => Expression>([
      () => ['Image', random.pick(['alpine', 'busybox:1', 'reg.example.com/a/b']), ...options],
      () => [
        'Image',
        'alpine',
        [random.pick(['ResolveModeForcePull', 'ResolveModePreferLocal'])],
        ...options,
      ],
      () => [
        'Local',
        random.pick(['context', 'src']),
        ['IncludePatterns', random.some(['*.ts', 'a<b'], 2)],
        ...options,
      ],
      () => [
        'HTTP',
        'https://example.com/f',
        ['Filename', word(random)],
        ['Chmod', mode(random)],
        ...options,
      ],
      () => ['Git', 'https://example.com/r.git', random.pick(['', 'main', 'v1:sub']), ...options],
      () => ['OCILayout', 'layout@sha256:aa', ['OCIStore', '', 'store'], ...options],
    ]);
    this.#bind(source());
    if (random.chance(0.2)) this.#bind(['Scratch'], true);
  }

  #run(): void {
    const random = this.#random;
    const targets = ['/m1', '/m2', '/cache', '/a-b', 'rel', '/ü'].filter(() => random.chance(0.3));
    const mounts = targets.map((target) => this.#mount(target));
    const readonlyRoot = random.chance(0.1);
    const base = this.#any();
    const built = this.#bind(
      [
        'State.Run',
        `$${base.name}`,
        random.chance(0.5)
          ? ['Shlex', `make ${word(random).replaceAll("'", '')} x`]
          : ['Args', ['sh', '-c', word(random)]],
        ...mounts.map(({ option }) => option),
        ...run(random),
        ...constraints(random),
        ...(readonlyRoot ? [['ReadonlyRootFS']] : []),
      ],
      readonlyRoot && base.empty,
    );
    for (const { target, kept } of mounts) {
      if (kept && random.chance(0.5)) this.#bind(['ExecState.GetMount', built, target]);
    }
    // Of the first source, which cannot be made of this run: a run that mounts its own result has no end.
    if (random.chance(0.1)) this.#bind(['ExecState.AddMount', built, '/late', `$${this.#states[0]?.name}`]);
  }

  #mount(target: string): { readonly target: string; readonly option: Expression; readonly kept: boolean } {
    const random = this.#random;
    const source = this.#any();
    const from = `$${source.name}`;
    const cache = [
      'ContentCache',
      [random.pick(['MountContentCacheDefault', 'MountContentCacheOn', 'MountContentCacheOff'])],
    ];
    return random.pick([
      { target, option: ['AddMount', target, from], kept: true },
      { target, option: ['AddMount', target, from, ['SourcePath', path(random)], cache], kept: true },
      { target, option: ['AddMount', target, from, ['Readonly']], kept: !source.empty },
      { target, option: ['AddMount', target, from, ['ForceNoOutput']], kept: false },
      {
        target,
        option: ['AddMount', target, ['Scratch'], ['Tmpfs', ['TmpfsSize', random.below(2 ** 31)]]],
        kept: false,
      },
      {
        target,
        option: [
          'AddMount',
          target,
          ['Scratch'],
          [
            'AsPersistentCacheDir',
            word(random),
            [random.pick(['CacheMountShared', 'CacheMountPrivate', 'CacheMountLocked'])],
          ],
        ],
        kept: false,
      },
    ]);
  }

  #file(): void {
    this.#bind([
      'State.File',
      `$${this.#any().name}`,
      this.#actions(1 + this.#random.below(4), 2),
      ...constraints(this.#random),
    ]);
  }

  /** A chain of file actions; copies may come from another chain, `depth` deep. */
  #actions(length: number, depth: number): Expression {
    let chain: Expression | undefined;
    for (let i = 0; i < length; i++) {
      const [name, ...args] = this.#action(depth);
      chain = chain === undefined ? [name, ...args] : [`FileAction.${name}`, chain, ...args];
    }
    return chain ?? null;
  }

  #action(depth: number): readonly [string, ...Expression[]] {
    const random = this.#random;
    return random.pick<() => readonly [string, ...Expression[]]>([
      () => [
        'Mkdir',
        path(random),
        mode(random),
        ...made(random),
        ...(flag(random) ? [['WithParents', true]] : []),
      ],
      () => [
        'Mkfile',
        path(random),
        mode(random),
        random.pick<Expression>([word(random), '', { base64: 'AP8=' }]),
        ...made(random),
      ],
      () => ['Symlink', path(random) || 'x', path(random) || 'y', ...made(random)],
      () => ['Rm', path(random), ['WithAllowNotFound', flag(random)], ['WithAllowWildcard', flag(random)]],
      () => ['Copy', `$${this.#any().name}`, path(random), path(random), ...copy(random)],
      () => ['Copy', this.#copyFrom(depth), path(random), path(random), ...copy(random)],
    ])();
  }

  #copyFrom(depth: number): Expression {
    if (depth === 0) return this.#full();
    return [
      'FileAction.WithState',
      this.#actions(1 + this.#random.below(2), depth - 1),
      `$${this.#any().name}`,
    ];
  }

  #merge(): void {
    const inputs = Array.from({ length: 1 + this.#random.below(5) }, () => this.#any());
    this.#bind(
      ['Merge', inputs.map(({ name }) => `$${name}`), ...constraints(this.#random)],
      inputs.every(({ empty }) => empty),
    );
  }

  #diff(): void {
    const [lower, upper] = [this.#any(), this.#any()];
    this.#bind(
      ['Diff', `$${lower.name}`, `$${upper.name}`, ...constraints(this.#random)],
      lower.empty && upper.empty,
    );
  }

  #value(): void {
    const state = this.#any();
    this.#bind(this.#changed(`$${state.name}`), state.empty);
  }

  #passthrough(): void {
    this.#bind([
      'State.Requires',
      this.#full(),
      word(this.#random),
      ...this.#random.some(this.#states, 3).map(({ name }) => `$${name}`),
    ]);
  }

  #build(): void {
    this.#bind([
      'State.With',
      this.#full(),
      ['llbbuild.Build', ...(flag(this.#random) ? [['llbbuild.WithFilename', word(this.#random)]] : [])],
    ]);
  }

  #deferred(): void {
    this.#bind(['State.Async', this.#full(), { fn: this.#changed('$it') }]);
  }

  /** A state with other values. */
  #changed(state: string): Expression {
    const random = this.#random;
    if (random.chance(0.2)) return ['State.WithImageConfig', state, imageConfig(random)];
    if (random.chance(0.1))
      return ['State.Platform', state, { os: 'linux', architecture: random.pick(['arm', 'x86_64']) }];
    const [name, ...args] = value(random);
    return [`State.${name}`, state, ...args];
  }

  #loaded(): void {
    const marshaled = ['State.Marshal', this.#full(), ['LinuxArm64'], ['LocalUniqueID', 'loaded']];
    this.#bind(['NewState', ['DefinitionOp.Output', ['NewDefinitionOp', ['Definition.ToPB', marshaled]]]]);
  }

  #reset(): void {
    const state = this.#any();
    this.#bind(['State.Reset', `$${state.name}`, `$${this.#any().name}`], state.empty);
  }
}

function repeat<T>(times: number, value: T): T[] {
  return Array.from({ length: times }, () => value);
}
