import fs from 'node:fs';
import os from 'node:os';
import { removeTree } from './files.ts';
import { isInUserNamespace } from './in-user-namespace.ts';
import { enterMountNamespace } from './namespace.ts';
import { problemWithOverlay, whileMounted } from './overlay-trial.ts';
import { runTool } from './process.ts';
import { findProgram } from './programs.ts';
import { mknod, setXattr } from './syscalls.ts';
import { needsUserNamespace, ROOTLESS_VARIABLE, rangesOf } from './user-namespace.ts';

/** One thing that a machine can do, or cannot. */
export interface ProbeAnswer {
  readonly id: ProbeId;
  readonly isGood: boolean;
  /** One sentence for people. */
  readonly says: string;
  /** What would help, where it is not good. */
  readonly hint?: string;
}

export type ProbeId =
  | 'rights'
  | 'mount-namespace'
  | 'overlayfs'
  | 'hidden-whiteouts'
  | 'reflink'
  | 'crun'
  | 'runc'
  | 'sandbox'
  | 'control-groups';

/**
 * Finds out by trying what this machine can do for a store in `stateDir`, which must exist. Enters the mount namespace of
 * this process; leaves nothing behind.
 */
export function probeHost(stateDir: string): readonly ProbeAnswer[] {
  const namespace = probeNamespace();
  const folder = fs.mkdtempSync(`${stateDir}/probe-`);
  try {
    return [
      probeRights(),
      namespace,
      ...(namespace.isGood ? [probeOverlay(`${folder}/overlay`), probeWhiteouts(`${folder}/whiteouts`)] : []),
      probeReflink(folder),
      ...probePrograms(),
      probeControlGroups(),
    ];
  } finally {
    removeTree(folder);
  }
}

function probeRights(): ProbeAnswer {
  if (isInUserNamespace())
    return good('rights', `this is a user namespace of user ${process.env[ROOTLESS_VARIABLE] ?? '?'}`);
  if (!needsUserNamespace()) return good('rights', 'this is root');
  const { username, uid } = os.userInfo();
  const count = rangesOf('/etc/subuid', username, uid).reduce((sum, range) => sum + range.count, 0);
  if (count > 0) return good('rights', `the user ${username} may use ${count} further user ids`);
  return bad(
    'rights',
    `the user ${username} has no range of ids in /etc/subuid`,
    `usermod --add-subuids 100000-165535 --add-subgids 100000-165535 ${username}`,
  );
}

function probeNamespace(): ProbeAnswer {
  try {
    enterMountNamespace();
    return good('mount-namespace', 'mounts can be kept to this process');
  } catch (error) {
    return bad(
      'mount-namespace',
      (error as Error).message,
      'run as root, or as a user with ranges in /etc/subuid and /etc/subgid',
    );
  }
}

function probeOverlay(folder: string): ProbeAnswer {
  fs.mkdirSync(`${folder}/target`, { recursive: true });
  const problem = problemWithOverlay(folder, `${folder}/target`);
  return problem === undefined
    ? good('overlayfs', 'overlayfs works on the filesystem of the state directory')
    : bad(
        'overlayfs',
        `overlayfs does not work: ${problem}`,
        'trees are copied instead; another --state-dir (ext4, XFS, btrfs) may do better',
      );
}

/** Whether the `origin` mark hides the names of whiteouts in a directory that merges with nothing (`docs/layers.md`). */
function probeWhiteouts(folder: string): ProbeAnswer {
  const target = `${folder}/target`;
  for (const name of ['empty', 'layer/d', 'target']) fs.mkdirSync(`${folder}/${name}`, { recursive: true });
  try {
    mknod(`${folder}/layer/d/gone`, 'char', 0);
    const origin = isInUserNamespace() ? 'user.overlay.origin' : 'trusted.overlay.origin';
    setXattr(`${folder}/layer/d`, origin, new Uint8Array());
    let names: readonly string[] = [];
    whileMounted({ lowers: [`${folder}/empty`, `${folder}/layer`], target }, () => {
      names = fs.readdirSync(`${target}/d`);
    });
    return names.length === 0
      ? good('hidden-whiteouts', 'whiteouts are invisible wherever a layer is applied')
      : bad(
          'hidden-whiteouts',
          'names of removed files can show in listings of directories that a merge moves',
          'use a newer kernel, or --snapshotter native',
        );
  } catch (error) {
    return bad(
      'hidden-whiteouts',
      `whiteouts could not be tried: ${(error as Error).message}`,
      'use --snapshotter native',
    );
  }
}

function probeReflink(folder: string): ProbeAnswer {
  fs.writeFileSync(`${folder}/original`, 'x'.repeat(4096));
  try {
    fs.copyFileSync(`${folder}/original`, `${folder}/clone`, fs.constants.COPYFILE_FICLONE_FORCE);
    return good('reflink', 'files can be cloned without copying their content');
  } catch {
    return bad(
      'reflink',
      'the filesystem of the state directory does not clone files; copies take their full space',
      'keep it on btrfs or XFS',
    );
  }
}

function probePrograms(): readonly ProbeAnswer[] {
  const runtimes = (['crun', 'runc'] as const).map((name) => {
    const program = findProgram(name);
    const version = program && runTool(program, ['--version']).stdout.split('\n')[0];
    return program
      ? good(name, `${version} (${program})`)
      : bad(name, `${name} is not installed`, 'install it for steps that run as with BuildKit');
  });
  const missing = ['unshare', 'setpriv'].filter((name) => !findProgram(name));
  return [
    ...runtimes,
    missing.length === 0
      ? good('sandbox', 'processes can run in a sandbox of util-linux programs')
      : bad('sandbox', `the sandbox needs ${missing.join(', ')}`, 'install util-linux'),
  ];
}

function probeControlGroups(): ProbeAnswer {
  const root = '/sys/fs/cgroup';
  const version = fs.existsSync(`${root}/cgroup.controllers`)
    ? 2
    : fs.existsSync(`${root}/devices`)
      ? 1
      : undefined;
  const place = version === 1 ? `${root}/devices` : root;
  if (version !== undefined && !isInUserNamespace() && canWrite(place)) {
    return good(
      'control-groups',
      `control groups of version ${version} can be made, so steps can have limits`,
    );
  }
  return bad(
    'control-groups',
    'no control groups can be made: limits of steps are ignored',
    'run as root on a machine with cgroup v2',
  );
}

function canWrite(folder: string): boolean {
  try {
    fs.accessSync(folder, fs.constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function good(id: ProbeId, says: string): ProbeAnswer {
  return { id, isGood: true, says };
}

function bad(id: ProbeId, says: string, hint: string): ProbeAnswer {
  return { id, isGood: false, says, hint };
}
