import { readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, extname, join, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Plugin } from 'esbuild';

const RESOLVING = Symbol('resolving');

/**
 * Leaves npm packages to Node, by the file that they resolve to from build.ts: so native addons, `import.meta.url` and
 * one instance per package work as ever. Bundled all the same is what Node cannot load from where it is: TypeScript,
 * packages linked from a workspace, and packages that import `llb-ts`, which must be the one that runs.
 */
export function packageModules(): Plugin {
  return {
    name: 'package-modules',
    setup(build) {
      build.onResolve({ filter: /^[^./]/ }, async ({ path, kind, importer, resolveDir, pluginData }) => {
        if (pluginData === RESOLVING || kind === 'entry-point' || path.includes(':') || isBuiltin(path)) {
          return undefined;
        }
        const found = await build.resolve(path, { kind, importer, resolveDir, pluginData: RESOLVING });
        if (found.errors.length > 0) return { errors: found.errors };
        if (!canRunAsItIs(found.path)) return found;
        const isRequire = kind === 'require-call' || kind === 'require-resolve';
        return { path: isRequire ? found.path : pathToFileURL(found.path).href, external: true };
      });
    },
  };
}

function canRunAsItIs(path: string): boolean {
  return (
    path.includes(`${sep}node_modules${sep}`) &&
    ['.js', '.mjs', '.cjs', '.node'].includes(extname(path)) &&
    !usesLlbTs(dirname(path))
  );
}

/** True if the package that `folder` belongs to depends on llb-ts. */
function usesLlbTs(folder: string): boolean {
  for (let at = folder; dirname(at) !== at; at = dirname(at)) {
    const manifest = readManifest(join(at, 'package.json'));
    // A package.json without a name only says how to read the files beside it.
    if (manifest?.name === undefined) continue;
    return [manifest.dependencies, manifest.peerDependencies].some((list) => list?.['llb-ts'] !== undefined);
  }
  return false;
}

interface Manifest {
  readonly name?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

function readManifest(path: string): Manifest | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Manifest;
  } catch {
    return undefined;
  }
}
