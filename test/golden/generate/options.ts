import type { Expression } from './expression.ts';
import type { Random } from './random.ts';

export const paths = [
  '/',
  '/a',
  '/a/b',
  '/etc/conf d',
  '/ü/𝄞',
  'rel',
  './x/../y',
  '../up',
  'dir/',
  '.',
  '',
] as const;
const words = ['alpha', 'b c', 'ünï', '"quoted"', "it's", 'x=y', '<&>', '\n', '0'] as const;
const users = ['root', '1000', 'app', 'app:staff', '1:2', 'root:0', ':grp', 'u:'] as const;
const platforms = ['LinuxAmd64', 'LinuxArm64', 'LinuxArmel', 'LinuxS390x', 'Windows', 'Darwin'] as const;
const modes = ['0644', '0755', '0600', '04755', '0'] as const;

export const word = (random: Random): string => random.pick(words);
export const path = (random: Random): string => random.pick(paths);
export const mode = (random: Random): string => random.pick(modes);
export const flag = (random: Random): boolean => random.chance(0.5);

/** Options that every verb takes. */
export function constraints(random: Random): Expression[] {
  return random
    .some<() => Expression>(
      [
        () => [random.pick(platforms)],
        () => [
          'Platform',
          {
            os: 'Linux',
            architecture: random.pick(['arm64', 'AMD64', 'arm']),
            variant: random.pick(['', 'v1', 'v8', '7']),
          },
        ],
        () => ['WithCustomName', word(random)],
        () => ['WithDescription', { [word(random)]: word(random), k: word(random) }],
        () => ['IgnoreCache'],
        () => [random.pick(['WithExportCache', 'WithoutExportCache', 'WithoutDefaultExportCache'])],
        () => ['ProgressGroup', word(random), word(random), flag(random)],
        () => ['Require', ...random.some(words, 2)],
        () => ['MemoryLimit', random.below(2 ** 31)],
        () => ['CPUShares', random.below(4096)],
        () => ['CpusetCpus', random.pick(['0', '0-3', ''])],
        () => [
          'SourceMap.Location',
          random.pick(['$map1', '$map2']),
          [[random.below(99), 0, random.below(99), random.below(80)]],
        ],
      ],
      2,
    )
    .map((option) => option());
}

/** Options of what makes a file: owner and time. */
export function made(random: Random): Expression[] {
  return random
    .some<() => Expression>(
      [
        () => ['WithUser', random.pick(users)],
        () => ['WithUIDGID', random.below(3), random.below(70000)],
        () => ['WithCreatedTime', String(random.below(2 ** 31)) + String(random.below(1e9)).padStart(9, '0')],
      ],
      2,
    )
    .map((option) => option());
}

/** Values of a state: as verbs of a state (`State.Dir`) and as options of a run (`Dir`). */
export function value(random: Random): readonly [string, ...Expression[]] {
  return random.pick<() => readonly [string, ...Expression[]]>([
    () => ['AddEnv', random.pick(['A', 'B', 'PATH', 'SSH_AUTH_SOCK', 'ü']), word(random)],
    () => ['AddEnv', random.pick(['A', 'B', 'C']), ''],
    () => ['Dir', path(random)],
    () => ['User', random.pick(users)],
    () => ['Hostname', random.pick(['h', 'host-1'])],
    () => ['Network', [random.pick(['NetModeSandbox', 'NetModeHost', 'NetModeNone'])]],
    () => ['Security', [random.pick(['SecurityModeSandbox', 'SecurityModeInsecure'])]],
    () => ['AddExtraHost', random.pick(['h', 'i']), random.pick(['10.0.0.1', 'fe80::1', '0:0:0:0:0:0:0:1'])],
    () => [
      'AddUlimit',
      [random.pick(['UlimitNofile', 'UlimitStack', 'UlimitCPU'])],
      random.below(1024),
      4096 + random.below(9),
    ],
    () => ['WithCgroupParent', random.pick(['/cg', 'x/y'])],
  ])();
}

/** The config of an image. */
export function imageConfig(random: Random): Expression {
  return {
    ...(random.chance(0.5) ? { os: 'linux', architecture: random.pick(['amd64', 'arm64', 'aarch64']) } : {}),
    config: {
      Env: random.some(['A=1', 'B=x=y', 'PATH=/bin', 'BARE', '=skipped', ''], 4),
      WorkingDir: path(random),
    },
  };
}

/** Options of a run besides its command, mounts and values. */
export function run(random: Random): Expression[] {
  return random
    .some<() => Expression>(
      [
        () => [
          'AddSecret',
          path(random) || '/s',
          ...random.some<Expression>(
            [['SecretID', 'id'], ['SecretOptional'], ['SecretFileOpt', 1, 2, '0440']],
            2,
          ),
        ],
        () => ['AddSecret', 'TOKEN', ['SecretAsEnv', true]],
        () => ['AddSecretWithDest', 'id', random.pick([null, '/dest']), ['SecretAsEnvName', 'E']],
        () => [
          'AddSSHSocket',
          ...random.some<Expression>(
            [
              ['SSHID', 'id'],
              ['SSHOptional'],
              ['SSHSocketTarget', '/sock'],
              ['SSHSocketOpt', '/s', 1, 2, '0666'],
            ],
            2,
          ),
        ],
        () => ['ValidExitCodes', ...random.some([0, 1, 77, 255], 3)],
        () => ['WithProxy', { HTTPProxy: word(random), NoProxy: word(random) }],
        () => [
          'AddCDIDevice',
          ['CDIDeviceName', 'vendor.com/class=one'],
          ...random.some<Expression>([['CDIDeviceOptional']], 1),
        ],
        () => [...value(random)],
      ],
      4,
    )
    .map((option) => option());
}

/** Settings of a copy. */
export function copy(random: Random): Expression[] {
  const info = Object.fromEntries(
    random
      .some(
        [
          'FollowSymlinks',
          'CopyDirContentsOnly',
          'AttemptUnpack',
          'CreateDestPath',
          'AllowWildcard',
          'AllowEmptyWildcard',
          'AlwaysReplaceExistingDestPaths',
        ],
        3,
      )
      .map((name) => [name, true]),
  );
  const lists = Object.fromEntries(
    random
      .some(['IncludePatterns', 'ExcludePatterns', 'RequiredPaths'], 2)
      .map((name) => [name, random.some(words, 2)]),
  );
  return [
    ...(random.chance(0.6) ? [['CopyInfo', { ...info, ...lists }]] : []),
    ...(random.chance(0.3)
      ? [['ChmodOpt', random.chance(0.5) ? { Mode: mode(random) } : { ModeStr: 'u+rwX' }]]
      : []),
    ...(random.chance(0.3) ? [['WithExcludePatterns', random.some(words, 2)]] : []),
    ...made(random),
  ];
}
