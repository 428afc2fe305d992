// The idea: what a package manager has fetched once it need not fetch again. Its store is a cache mount, a directory that
// stays from build to build and is part of no result. When package.json changes the install runs anew, but what it had
// before comes out of the store.
//
// The root is the Node of this machine: Node itself, the libraries it has loaded, and npm.
import { lstatSync, readlinkSync, realpathSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import {
  AddMount,
  Args,
  AsPersistentCacheDir,
  CacheMountLocked,
  Copy,
  Local,
  Mkdir,
  Scratch,
  type State,
  Tmpfs,
  With,
} from 'llb-ts';

/** The npm that is installed beside Node. */
const npm = join(dirname(process.execPath), '../lib/node_modules/npm');

/** Node can tell which libraries it has loaded. */
const { sharedObjects } = process.report.getReport() as { readonly sharedObjects: readonly string[] };
const libraries = sharedObjects.filter((path) => path.startsWith('/'));

/** Certificates that Node trusts on this machine in addition to its own, if there are any. */
const certificates = process.env.NODE_EXTRA_CA_CERTS;

// Of the whole machine only these files. Where a path leads through links (/lib is one, often), the links come along.
const files = [process.execPath, ...libraries, ...(certificates ? [resolve(certificates)] : [])];
const machine = Local('machine', {
  dir: '/',
  includePatterns: files.flatMap(wayTo).map((path) => path.slice(1)),
});
const root: State = machine
  .File(
    Mkdir('/tmp', 0o1777)
      .Mkdir('/etc', 0o755)
      .Mkfile('/etc/passwd', 0o644, 'root:x:0:0:root:/root:/bin/sh\n')
      .Copy(Local('npm', { dir: realpathSync(npm) }), '/', '/opt/npm', { createDestPath: true }),
  )
  .Dir('/app');

/** The names that lead to a file: each link on the way, and the file itself. */
function wayTo(path: string): readonly string[] {
  const parts = path.slice(1).split('/');
  for (let count = 1; count <= parts.length; count++) {
    const name = `/${parts.slice(0, count).join('/')}`;
    if (!lstatSync(name).isSymbolicLink()) continue;
    return [name, ...wayTo(resolve(dirname(name), readlinkSync(name), ...parts.slice(count)))];
  }
  return [path];
}

/** Arguments of the build: `--arg registry=URL`. */
interface Arguments {
  /** The registry to install from. Default: npm's own. */
  readonly registry?: string;
}

export default function build({ registry }: Arguments) {
  const source = Local('app', { dir: './app' });
  const node = realpathSync(process.execPath);

  // package.json alone: a change of other files does not install again.
  const installed = root.File(Copy(source, '/package.json', '/app/', { createDestPath: true })).Run(
    Args([
      ...[node, '/opt/npm/bin/npm-cli.js', 'install'],
      // Packages in the store are used as they are; the registry is not asked for newer ones.
      ...[
        '--cache=/store',
        '--prefer-offline',
        '--no-package-lock',
        '--no-audit',
        '--no-fund',
        '--no-update-notifier',
      ],
      ...(registry === undefined ? [] : [`--registry=${registry}`]),
    ]),
    // npm's store is for one npm at a time here: who comes second waits.
    AddMount('/store', Scratch(), AsPersistentCacheDir('npm', CacheMountLocked)),
    // Files that npm leaves in its home are no part of the app.
    AddMount('/tmp', Scratch(), Tmpfs()),
    With((state) => {
      const atHome = state.AddEnv('HOME', '/tmp');
      return certificates ? atHome.AddEnv('NODE_EXTRA_CA_CERTS', resolve(certificates)) : atHome;
    }),
  );
  const built = installed
    .Root()
    .File(Copy(source, '/build.mjs', '/app/'))
    .Run(Args([node, 'build.mjs']));

  return {
    default: Scratch().File(Copy(built.Root(), '/site', '/', { copyDirContentsOnly: true })),
    app: built.Root(),
  };
}
