// The first step of both commands of the README: dependencies of the lockfile, and a build. Needs Node and npm only.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Installs the dependencies, unless what is installed is already what the lockfile asks for, and builds. */
export function prepare() {
  checkNode();
  if (!isInstalled()) {
    const { packageManager } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8'));
    say(`installing dependencies with ${packageManager}`);
    // Through npm, so that nobody needs pnpm or corepack; --yes because there may be nobody to answer.
    must('npm', ['exec', '--yes', '--', packageManager, 'install', '--frozen-lockfile', '--prefer-offline']);
  }
  say('building');
  must(process.execPath, ['scripts/build.mjs']);
}

/** Runs a program in the repository with its output shown; returns its exit code. */
export function show(program, args, env = {}) {
  const { status, error } = spawnSync(program, args, {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (error) throw error;
  return status ?? 1;
}

export function say(text) {
  console.log(`\n> ${text}`);
}

function must(program, args) {
  const status = show(program, args);
  if (status !== 0) {
    console.error(`\n${program} ${args.join(' ')} ended with exit code ${status}`);
    process.exit(status);
  }
}

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  console.error(`llb-ts needs Node 20.19 or newer; this is ${process.version}`);
  process.exit(3);
}

/** pnpm leaves a copy of the lockfile that it installed. */
function isInstalled() {
  const read = (path) => {
    try {
      return readFileSync(`${ROOT}${path}`, 'utf8');
    } catch (error) {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    }
  };
  return read('pnpm-lock.yaml') === read('node_modules/.pnpm/lock.yaml');
}
