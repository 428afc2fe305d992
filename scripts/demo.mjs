// `npm run demo`: solves examples/merge-trees with nothing but Node and npm, twice: the second time nothing runs.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { prepare, ROOT, say } from './prepare.mjs';

prepare();

const folder = join(ROOT, '.llb-ts', 'demo');
const build = join('examples', 'merge-trees', 'build.ts');
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });

say(`the build: ${build}`);
llbTs('inspect', build, 'default');

say('solving it, with an empty store');
solve('default', 'site');

say('what came out');
drawTree(join(folder, 'site'));

say('solving it again: nothing has changed, so nothing runs');
solve('default', 'site-again');

say('another target of the same build: what the site has that bootstrap alone has not');
solve('changes', 'changes');
drawTree(join(folder, 'changes'));

console.log(
  `\nThe results are in ${join('.llb-ts', 'demo')}. Next: README.md, and the other builds in examples/.`,
);

function solve(target, output) {
  const args = [build, target, '--output', join(folder, output), '--state-dir', join(folder, 'state')];
  llbTs('solve', ...args, '--progress', 'plain');
}

function llbTs(...args) {
  console.log(`$ llb-ts ${args.join(' ').replaceAll(ROOT, '')}`);
  const { status, error } = spawnSync(process.execPath, ['packages/cli/bin/llb-ts.mjs', ...args], {
    cwd: ROOT,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
}

/** Folders with what is in them, three deep; long ones are cut. */
function drawTree(root, indent = '  ', depth = 3) {
  if (!existsSync(root)) return;
  const entries = readdirSync(root, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries.slice(0, 8)) {
    const kind = entry.isDirectory() ? '/' : entry.isSymbolicLink() ? '@' : '';
    console.log(`${indent}${entry.name}${kind}`);
    if (entry.isDirectory() && depth > 0) drawTree(join(root, entry.name), `${indent}  `, depth - 1);
  }
  if (entries.length > 8) console.log(`${indent}… and ${entries.length - 8} more`);
}
