import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

// Packages resolve to their source (see `exports` in each package.json), so no build is needed before a test.
const resolve = {
  conditions: ['llb-ts-source'],
  // The package that is published names only what is in it.
  alias: [{ find: /^llb-ts$/, replacement: join(import.meta.dirname, 'packages/cli/src/index.ts') }],
};
const setupFiles = ['./test/support/clean-up.ts'];
const ssr = {
  resolve: { conditions: ['llb-ts-source', 'node'], externalConditions: ['llb-ts-source', 'node'] },
};

/** Tests beside the code that start git, gpg, a runtime or a registry: too slow to run before every commit. */
const PROGRAMS = 'packages/*/src/**/*.programs.test.ts';

export default defineConfig({
  test: {
    globalSetup: './test/support/run-folder.ts',
    projects: [
      {
        resolve,
        ssr,
        test: {
          name: 'unit',
          setupFiles,
          include: ['packages/*/src/**/*.test.ts', 'test/{architecture,support}/**/*.test.ts'],
          exclude: [PROGRAMS],
          // One process for many files: starting one and loading the program anew takes longer than most files do.
          isolate: false,
          maxWorkers: '100%',
          sequence: { groupOrder: 0 },
          // A busy machine is no failure.
          testTimeout: 30_000,
        },
      },
      {
        resolve,
        ssr,
        test: {
          name: 'programs',
          setupFiles,
          include: [PROGRAMS],
          testTimeout: 30_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        resolve,
        ssr,
        test: {
          name: 'golden',
          setupFiles,
          include: ['test/golden/**/*.test.ts'],
          testTimeout: 120_000,
          sequence: { groupOrder: 2 },
        },
      },
      {
        resolve,
        ssr,
        test: {
          name: 'system',
          setupFiles,
          include: ['test/{e2e,conformance,reference}/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 3 },
          fileParallelism: false,
        },
      },
    ],
  },
});
