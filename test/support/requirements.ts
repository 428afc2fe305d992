import { spawnSync } from 'node:child_process';
import { accessSync, appendFileSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, test } from 'vitest';
import { whyNoOrdinaryUser } from './ordinary-user.ts';

/**
 * Requirements of tests beyond Node and npm. A test names its needs with {@link requires}; where one is missing the
 * test is skipped, and `npm test` lists it at the end with the reason. With `LLB_TS_REQUIRE=all` (as `.ci/run` sets it)
 * or `LLB_TS_REQUIRE=git,crun` a missing component is a failure instead.
 */
export type Component =
  | 'root'
  | 'ordinary-user'
  | 'overlay'
  | 'ext4-image'
  | 'git'
  | 'gpg'
  | 'ssh-keygen'
  | 'go'
  | 'runc'
  | 'crun'
  | 'docker-registry'
  | 'openssl'
  | 'skopeo'
  | 'umoci'
  | 'containerd'
  | 'docker'
  | 'zstd'
  | 'xz'
  | 'strace'
  | 'busybox'
  | 'apt'
  | 'buildctl'
  | 'reference-buildkit'
  | 'reference-daemon';

/** For each component: undefined when it is there, else what is missing, in words. */
const missing: Readonly<Record<Component, () => string | undefined>> = {
  root: () =>
    process.getuid?.() === 0 && !process.env.LLB_TS_ROOTLESS_UID ? undefined : 'the tests do not run as root',
  'ordinary-user': () => missing.root() ?? missingProgram('newuidmap') ?? whyNoOrdinaryUser(),
  overlay: missingOverlay,
  'ext4-image': missingImage,
  git: () => missingProgram('git'),
  gpg: () => missingProgram('gpg'),
  'ssh-keygen': () => missingProgram('ssh-keygen'),
  go: () => missingProgram('go'),
  runc: () => missingProgram('runc'),
  crun: () => missingProgram('crun'),
  'docker-registry': () => missingProgram('docker-registry'),
  openssl: () => missingProgram('openssl'),
  skopeo: () => missingProgram('skopeo'),
  umoci: () => missingProgram('umoci'),
  containerd: () => missing.root() ?? missingProgram('containerd') ?? missingProgram('ctr'),
  docker: () => missing.containerd() ?? missingProgram('dockerd') ?? missingProgram('docker'),
  zstd: () => missingProgram('zstd'),
  xz: () => missingProgram('xz'),
  strace: missingTracer,
  busybox: () => (existsSync('/bin/busybox') ? undefined : 'there is no /bin/busybox'),
  apt: missingPackages,
  buildctl: () => missingProgram('buildctl'),
  'reference-buildkit': missingReference,
  'reference-daemon': () =>
    missing.root() ?? missing.runc() ?? missingProgram('buildkitd') ?? missingProgram('buildctl'),
};

const answers = new Map<Component, string | undefined>();

/** Why `component` cannot be used here; undefined when it can. Asked once a process. */
export function whyMissing(component: Component): string | undefined {
  if (!answers.has(component)) answers.set(component, missing[component]());
  return answers.get(component);
}

/**
 * `describe`, for tests that need components:
 *
 * ```ts
 * requires('reference-buildkit')('the same tree as BuildKit', () => { test(...) })
 * ```
 */
export function requires(...components: readonly Component[]): (name: string, tests: () => void) => void {
  const reasons = components.flatMap((component) => {
    const reason = whyMissing(component);
    return reason === undefined ? [] : [`${component}: ${reason}`];
  });
  if (reasons.length === 0) return describe;
  const demanded = components.filter(
    (component) => whyMissing(component) !== undefined && isDemanded(component),
  );
  if (demanded.length > 0) {
    return (name) =>
      describe(name, () => {
        test(`has ${demanded.join(', ')}`, () => {
          throw new Error(`LLB_TS_REQUIRE asks for what is not here: ${reasons.join('; ')}`);
        });
      });
  }
  return (name, tests) => {
    for (const reason of reasons) noteSkip(name, reason);
    describe.skip(name, tests);
  };
}

/** Path of a program; folders outside a user's PATH are searched, too. */
export function findProgram(name: string): string | undefined {
  const folders = [
    ...(process.env.LLB_TS_REFERENCE_BIN ? [process.env.LLB_TS_REFERENCE_BIN] : []),
    join(import.meta.dirname, '../golden/reference/bin'),
    ...(process.env.PATH ?? '').split(delimiter),
    '/usr/local/sbin',
    '/usr/sbin',
    '/sbin',
  ];
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function isDemanded(component: Component): boolean {
  const demanded = process.env.LLB_TS_REQUIRE ?? '';
  return demanded === 'all' || demanded.split(',').includes(component);
}

/** `npm test` names a file to collect the reasons in; without it they are only seen as skipped tests. */
function noteSkip(suite: string, reason: string): void {
  const file = process.env.LLB_TS_SKIP_LOG;
  if (file) appendFileSync(file, `${JSON.stringify({ suite, reason })}\n`);
}

function missingProgram(name: string): string | undefined {
  return findProgram(name) ? undefined : `no program ${name} was found`;
}

/** One that every list of Debian's packages has, and that few machines have installed. */
const A_PACKAGE = 'original-awk';

function missingPackages(): string | undefined {
  for (const name of ['apt-get', 'apt-cache', 'dpkg-deb']) {
    const reason = missingProgram(name);
    if (reason !== undefined) return reason;
  }
  const asked = spawnSync('apt-cache', ['show', A_PACKAGE], { stdio: 'ignore' });
  return asked.status === 0 ? undefined : 'apt has no list of packages (apt-get update fetches it)';
}

function missingReference(): string | undefined {
  const address = process.env.BUILDKIT_HOST;
  if (!address) return 'BUILDKIT_HOST names no BuildKit';
  const buildctl = findProgram('buildctl');
  if (!buildctl) return 'no program buildctl was found';
  const asked = spawnSync(buildctl, ['--addr', address, 'debug', 'workers'], { timeout: 15_000 });
  return asked.status === 0 ? undefined : `no BuildKit answers at BUILDKIT_HOST (${address})`;
}

/** A file that holds a filesystem, to be mounted and cut off. */
function missingImage(): string | undefined {
  const reason = missing.root() ?? missingProgram('mkfs.ext4') ?? missingProgram('perl');
  if (reason !== undefined) return reason;
  const script =
    'd=$(mktemp -d) && truncate -s 4M $d/image && mkfs.ext4 -q -F $d/image && mkdir $d/on && mount -o loop $d/image $d/on && umount $d/on; e=$?; rm -rf $d; exit $e';
  return spawnSync('sh', ['-c', script]).status === 0 ? undefined : 'no ext4 image can be mounted';
}

/** The program alone does not help where processes may not be traced. */
function missingTracer(): string | undefined {
  const reason = missingProgram('strace');
  if (reason !== undefined) return reason;
  const inject = ['-f', '-qq', '-o', '/dev/null', '-e', 'inject=chdir:error=EIO', 'true'];
  return spawnSync('strace', inject).status === 0 ? undefined : 'strace cannot trace a process';
}

function missingOverlay(): string | undefined {
  if (!existsSync('/proc/filesystems')) return 'this is no Linux';
  const script =
    'mount -t tmpfs none /mnt && cd /mnt && mkdir a b c d && mount -t overlay none -o lowerdir=a,upperdir=b,workdir=c d';
  const tried = spawnSync('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', script]);
  return tried.status === 0 ? undefined : 'overlayfs cannot be mounted';
}
