// Builds everything that is published: each package's dist with tsc, and the CLI, bundled with esbuild.
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { noticesOf } from './notices.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
// In the order of the floors: declarations of a package are read by those above it.
const packages = ['pb', 'llb', 'backend', 'marshal', 'solver', 'buildkit'];
/** Packages that declarations of the face refer to. */
const FACED = ['llb', 'pb', 'marshal', 'backend'];
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
  const draft = join(folder, `node_modules/.dist-${process.pid}`);
  const common = {
    absWorkingDir: root,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    conditions: ['llb-ts-source'],
    charset: 'utf8',
    legalComments: 'none',
    sourcemap: true,
    metafile: true,
    logLevel: 'warning',
  };
  try {
    // The language is a module of its own: build files and the CLI must see the same one, whoever loads it first.
    // Messages name the function that was called, so names are kept where bundling renames what they belong to.
    const language = await build({
      ...common,
      entryPoints: [join(root, 'packages/llb/src/index.ts')],
      outfile: join(draft, 'language.js'),
      keepNames: true,
    });
    // The face and the program; what they share, and what a command needs only when it runs, becomes chunks.
    const program = await build({
      ...common,
      entryPoints: [join(folder, 'src/index.ts'), join(folder, 'src/main.ts')],
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
            onResolve({ filter: /^@llb-ts\/llb$/ }, () => ({ path: './language.js', external: true }));
          },
        },
      ],
    });
    writeTypes(draft, folder);
    writeNotices(draft, [language, program]);
    writePapers(folder);
    const old = `${draft}.old`;
    if (existsSync(dist)) renameSync(dist, old);
    renameSync(draft, dist);
    rmSync(old, { recursive: true, force: true });
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

/** Writes the notices that the licenses of bundled packages require. */
function writeNotices(draft, results) {
  const files = results.flatMap(({ metafile }) => Object.keys(metafile.inputs));
  writeFileSync(join(draft, 'THIRD-PARTY-NOTICES.txt'), noticesOf(files, root));
}

/** README and license beside the manifest, where npm looks for them; links lead to the repository. */
function writePapers(folder) {
  const { repository } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const home = `${repository.url.replace(/^git\+|\.git$/g, '')}/blob/main/`;
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  writeFileSync(join(folder, 'README.md'), readme.replace(/\]\((?!https?:|#)/g, `](${home}`));
  copyFileSync(join(root, 'LICENSE'), join(folder, 'LICENSE'));
}

/** The declarations of the face and of what it names, with those of the packages behind it beside them. */
function writeTypes(draft, folder) {
  const types = join(draft, 'types');
  for (const name of FACED) copyTypes(join(root, 'packages', name, 'dist'), join(types, name), types);
  // Of the backend a user meets events and failures; the rest speaks of Node's streams, whose types nobody has to have.
  writeFileSync(
    join(types, 'backend/index.d.ts'),
    "export * from './failure.js';\nexport * from './progress.js';\n",
  );
  for (const file of readdirSync(join(types, 'backend'))) {
    if (!['index.d.ts', 'failure.d.ts', 'progress.d.ts'].includes(file)) rmSync(join(types, 'backend', file));
  }
  const all = join(draft, 'all-types');
  const flags = ['--declaration', '--emitDeclarationOnly', '--sourceMap', 'false', '--outDir', all];
  const tsc = spawnSync(join(root, 'node_modules/.bin/tsc'), ['-p', folder, ...flags], { stdio: 'inherit' });
  if (tsc.status !== 0) throw new Error('packages/cli does not compile');
  for (const file of reachable(all, 'index.d.ts')) {
    const into = join(draft, file);
    mkdirSync(dirname(into), { recursive: true });
    writeFileSync(
      into,
      withoutWorkspace(readFileSync(join(all, file), 'utf8'), relative(dirname(into), types)),
    );
  }
  rmSync(all, { recursive: true });
}

function copyTypes(from, into, types) {
  for (const file of readdirSync(from, { recursive: true })) {
    if (!file.endsWith('.d.ts')) continue;
    const path = join(into, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(
      path,
      withoutWorkspace(readFileSync(join(from, file), 'utf8'), relative(dirname(path), types)),
    );
  }
}

/** `types` is the way from the file to the folder with a folder for each package. */
function withoutWorkspace(text, types) {
  const way = types.startsWith('.') ? types : `./${types}`;
  return text.replace(
    /(['"])@llb-ts\/(llb|pb|marshal|backend)\1/g,
    (_, quote, name) => `${quote}${way}/${name}/index.js${quote}`,
  );
}

/** A declaration file and those that it leads to. */
function reachable(folder, first) {
  const found = new Set([first]);
  for (const file of found) {
    const text = readFileSync(join(folder, file), 'utf8');
    for (const [, path] of text.matchAll(/(?:from|import\()\s*['"](\.[^'"]+)\.[tj]s['"]/g)) {
      found.add(`${join(dirname(file), path)}.d.ts`);
    }
  }
  return found;
}
