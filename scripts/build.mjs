// Builds everything that is published: each package's dist with tsc, and the CLI, bundled with esbuild.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
// In the order of the floors: declarations of a package are read by those above it.
const packages = ['pb', 'llb', 'backend', 'marshal', 'solver', 'buildkit'];
const only = process.argv.slice(2);

for (const name of packages) {
  if (only.length === 0 || only.includes(name)) buildPackage(name);
}
if (only.length === 0 || only.includes('cli')) await buildCli();

function buildPackage(name) {
  const folder = join(root, 'packages', name);
  rmSync(join(folder, 'dist'), { recursive: true, force: true });
  const { status } = spawnSync(join(root, 'node_modules/.bin/tsc'), ['-p', folder], { stdio: 'inherit' });
  if (status !== 0) {
    process.stderr.write(`error: packages/${name} does not compile\n`);
    process.exit(1);
  }
}

async function buildCli() {
  const folder = join(root, 'packages/cli');
  const dist = join(folder, 'dist');
  // Made beside its place, so that a CLI that runs meanwhile is whole.
  const draft = join(folder, `dist.${process.pid}.tmp`);
  const common = {
    absWorkingDir: root,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    conditions: ['llb-ts-source'],
    charset: 'utf8',
    legalComments: 'none',
    logLevel: 'warning',
  };
  try {
    // The language is a module of its own: build files import it, and the CLI must see the same one. Its functions
    // keep their names, because messages use them.
    await build({
      ...common,
      entryPoints: [join(root, 'packages/llb/src/index.ts')],
      outfile: join(draft, 'index.js'),
      keepNames: true,
    });
    // One entry that is tiny, and chunks that are loaded when a command needs them.
    await build({
      ...common,
      entryPoints: [join(folder, 'src/main.ts')],
      outdir: draft,
      splitting: true,
      chunkNames: '[name]-[hash]',
      external: ['esbuild', 'ts-morph', 'koffi'],
      // Bundled CommonJS packages ask for Node's modules with require.
      banner: {
        js: "import { createRequire as __createRequire } from 'node:module';\nconst require = __createRequire(import.meta.url);",
      },
      plugins: [
        {
          name: 'language',
          setup({ onResolve }) {
            onResolve({ filter: /^@llb-ts\/llb$/ }, () => ({ path: './index.js', external: true }));
          },
        },
      ],
    });
    mkdirSync(join(draft, 'llb'), { recursive: true });
    cpSync(join(root, 'packages/llb/dist'), join(draft, 'llb'), {
      recursive: true,
      filter: (path) => !/\.(?:js|map)$/.test(path),
    });
    writeFileSync(join(draft, 'index.d.ts'), "export * from './llb/index.js';\n");
    const old = join(folder, `dist.${process.pid}.old`);
    if (existsSync(dist)) renameSync(dist, old);
    renameSync(draft, dist);
    rmSync(old, { recursive: true, force: true });
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}
