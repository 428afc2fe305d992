// Makes the folders that `root.ts` takes, out of Debian packages: `node fetch.mjs [FOLDER]`, by default `roots` beside
// this file. Any user can run it, on any machine that has apt and has run `apt-get update`; which mirror the packages
// come from is the machine's own setting. No script of a package is run and nothing is installed.
//
//   base/      a small Debian: shell, coreutils, dpkg and what they depend on
//   compiler/  the files of a C compiler and of make, without anything that is in base
//   packages/  two .debs as they come, for a step to install
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const BASE = [
  'base-files',
  'base-passwd',
  'coreutils',
  'dash',
  'diffutils',
  'dpkg',
  'grep',
  'libc-bin',
  'sed',
];
// Named one by one: what libc6-dev depends on beyond these is nothing that a C compiler reads.
const COMPILER = ['tcc', 'libtcc-dev', 'libc6-dev', 'linux-libc-dev', 'make'];
const PACKAGES = ['ed', 'original-awk'];

/** Two thirds of a root that no build looks at. */
const LEFT_OUT = [
  './usr/share/doc',
  './usr/share/man',
  './usr/share/info',
  './usr/share/locale',
  './usr/lib/*/gconv',
];

const folder = resolve(process.argv[2] ?? join(import.meta.dirname, 'roots'));
const work = mkdtempSync(join(tmpdir(), 'debian-root-'));
try {
  const base = closureOf(BASE);
  place('base', (root) => {
    for (const deb of base) unpack(deb, root);
    record(base, root);
  });
  const compiler = download('compiler', COMPILER);
  place('compiler', (root) => {
    for (const deb of compiler) unpack(deb, root);
  });
  place('packages', (to) => {
    // Without its version in the name, so that a build can name it.
    for (const deb of download('packages', PACKAGES)) {
      cpSync(deb, join(to, `${field(deb, 'Package')}.deb`), { preserveTimestamps: true });
    }
  });
} catch (error) {
  const help = 'If apt knows no such packages: `apt-get update`, as root, fetches its lists.';
  process.stderr.write(`${error.message}\n${help}\n`);
  process.exitCode = 1;
} finally {
  rmSync(work, { recursive: true, force: true });
}

/** Downloads packages and all that they depend on, as for a machine on which nothing is installed. */
function closureOf(names) {
  const to = join(work, 'closure');
  mkdirSync(join(to, 'partial'), { recursive: true });
  writeFileSync(join(work, 'status'), '');
  const options = {
    'Dir::State::status': join(work, 'status'),
    'Dir::Cache::archives': to,
    'Dir::Cache::pkgcache': '',
    'Dir::Cache::srcpkgcache': '',
    'Debug::NoLocking': '1',
    'APT::Sandbox::User': '',
  };
  const flags = Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  apt(['install', '--yes', '--download-only', '--no-install-recommends', ...flags, ...names], work);
  return debsIn(to);
}

/** Downloads these packages alone. */
function download(what, names) {
  const to = join(work, what);
  mkdirSync(to);
  apt(['download', '-o', 'APT::Sandbox::User=', ...names], to);
  return debsIn(to);
}

function apt(args, cwd) {
  execFileSync('apt-get', ['--quiet=2', ...args], { cwd, stdio: ['ignore', 'ignore', 'inherit'] });
}

function debsIn(place) {
  const names = readdirSync(place).filter((name) => name.endsWith('.deb'));
  return names.sort().map((name) => join(place, name));
}

/** Fills a folder beside its place and renames it: it is whole or not there. */
function place(name, fill) {
  const staged = join(folder, `.${name}.new`);
  rmSync(staged, { recursive: true, force: true });
  mkdirSync(staged, { recursive: true });
  fill(staged);
  rmSync(join(folder, name), { recursive: true, force: true });
  renameSync(staged, join(folder, name));
}

/** Unpacks the files of a package, into /usr where it still has them in /bin or /lib. */
function unpack(deb, root) {
  for (const name of ['bin', 'lib', 'lib64', 'sbin']) {
    mkdirSync(join(root, 'usr', name), { recursive: true });
    try {
      symlinkSync(`usr/${name}`, join(root, name));
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
  }
  const files = execFileSync('dpkg-deb', ['--fsys-tarfile', deb], { maxBuffer: 1 << 30 });
  const flags = ['--keep-directory-symlink', '--no-same-owner', '--preserve-permissions'];
  execFileSync('tar', ['-x', '-C', root, ...flags, ...LEFT_OUT.map((path) => `--exclude=${path}`)], {
    input: files,
  });
}

/** Writes the database of dpkg as if it had installed the packages, so that it can install others on top. */
function record(debs, root) {
  const database = join(root, 'var/lib/dpkg');
  mkdirSync(join(work, 'control'));
  for (const name of ['info', 'updates', 'triggers', 'alternatives'])
    mkdirSync(join(database, name), { recursive: true });
  const paragraphs = debs.map((deb) => {
    const isPerArchitecture = field(deb, 'Multi-Arch') === 'same';
    const name = field(deb, 'Package') + (isPerArchitecture ? `:${field(deb, 'Architecture')}` : '');
    const tar = execFileSync('dpkg-deb', ['--fsys-tarfile', deb], { maxBuffer: 1 << 30 });
    const paths = execFileSync('tar', ['-t'], { input: tar, encoding: 'utf8', maxBuffer: 1 << 30 });
    const list = paths
      .replaceAll(/^\.\/?/gm, '/')
      .replaceAll(/(?<=.)\/$/gm, '')
      .replace(/^\/$/m, '/.');
    writeFileSync(join(database, 'info', `${name}.list`), list);
    const scripts = join(work, 'control', name);
    execFileSync('dpkg-deb', ['--control', deb, scripts]);
    if (existsSync(join(scripts, 'md5sums'))) {
      cpSync(join(scripts, 'md5sums'), join(database, 'info', `${name}.md5sums`));
    }
    const control = execFileSync('dpkg-deb', ['--field', deb], { encoding: 'utf8' });
    return `${control.trimEnd()}\nStatus: install ok installed\n`;
  });
  writeFileSync(join(database, 'status'), paragraphs.join('\n'));
}

function field(deb, name) {
  return execFileSync('dpkg-deb', ['--field', deb, name], { encoding: 'utf8' }).trim();
}
