import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, cpSync, mkdirSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A user of this machine who is not root and has a range of ids to map, as a build without root needs it. */
export interface OrdinaryUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

/** The first such user; undefined: there is none. */
export function ordinaryUser(): OrdinaryUser | undefined {
  const groups = new Set(fields('/etc/subgid').map(([name]) => name));
  const names = fields('/etc/subuid').flatMap(([name]) => (name && groups.has(name) ? [name] : []));
  const users = fields('/etc/passwd').map(([name = '', , uid, gid, , home = '/']) => ({
    name,
    uid: Number(uid),
    gid: Number(gid),
    home,
  }));
  return users.find((user) => user.uid > 0 && names.includes(user.name));
}

/** Why no build can be run as an ordinary user; undefined: one can. */
export function whyNoOrdinaryUser(): string | undefined {
  const user = ordinaryUser();
  if (!user) return 'no user has a range of ids in /etc/subuid and /etc/subgid';
  const [program = '', ...args] = commandAs(user, ['unshare', '--user', 'true']);
  return spawnSync(program, args).status === 0 ? undefined : `${user.name} cannot make a user namespace`;
}

/** The command line that runs another as `user`. To be called as root. */
export function commandAs({ name, uid, gid }: OrdinaryUser, command: readonly string[]): readonly string[] {
  return [
    'setpriv',
    `--reuid=${uid}`,
    `--regid=${gid}`,
    name === '' ? '--clear-groups' : '--init-groups',
    '--',
    ...command,
  ];
}

/** Gives a folder to `user`. */
export function give(folder: string, { uid, gid }: OrdinaryUser): void {
  chownSync(folder, uid, gid);
}

/**
 * The built CLI below `folder`, where everybody may read it, with the packages it needs to solve; the repository may lie
 * where only root looks. Returns the path of its program.
 */
export function copyCliFor(folder: string): string {
  const cli = join(import.meta.dirname, '../../packages/cli');
  const copy = join(folder, 'node_modules/llb-ts');
  mkdirSync(copy, { recursive: true });
  for (const part of ['bin', 'dist', 'package.json'])
    cpSync(join(cli, part), join(copy, part), { recursive: true });
  for (const name of ['koffi', 'esbuild']) {
    // A package with its own dependencies, which are its neighbours.
    const neighbours = dirname(realpathSync(join(cli, 'node_modules', name)));
    cpSync(neighbours, join(folder, 'node_modules'), { recursive: true, dereference: true });
  }
  chmodSync(folder, 0o755);
  return join(copy, 'bin/llb-ts.mjs');
}

function fields(file: string): readonly (readonly string[])[] {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .map((line) => line.split(':'));
  } catch {
    return [];
  }
}
