/**
 * Asks the reference BuildKit what every case comes to. A build for several platforms is driven by the client, which
 * `buildctl` cannot do: a program of the reference module (`cmd/platforms`) does it. Needs Go.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runLlbTs } from '../../support/solvers.ts';
import { withTemporaryFolder } from '../../support/temporary.ts';
import { BUILD, cases, type PlatformCase } from './cases.ts';
import { EXPECTED } from './expected.ts';
import { failureText, type PlatformOutcome, placeOf, readOutcome } from './outcome.ts';

interface Part {
  readonly ID: string;
  readonly Platform: { readonly os: string; readonly architecture: string; readonly variant?: string };
  readonly Definition: string;
  readonly Config: unknown;
}

/** Platforms of each target, in order, with the name that its entrypoint is told; none: no config of its own. */
const PLATFORMS: Readonly<Record<string, readonly (readonly [id: string, name?: string])[]>> = {
  two: [
    ['linux/arm64', 'arm64'],
    ['linux/amd64', 'amd64'],
  ],
  one: [['linux/arm/v7', 'arm']],
  merged: [['linux/amd64'], ['linux/riscv64'], ['linux/386']],
  apart: [['linux/amd64'], ['linux/arm64']],
};

/** Writes `expected.json` anew, by the BuildKit at `address`. */
export async function updatePlatformCases(address: string): Promise<void> {
  const outcomes: Record<string, PlatformOutcome> = {};
  await withTemporaryFolder(async (folder) => {
    const program = join(folder, 'platforms');
    const built = spawnSync('go', ['build', '-o', program, './cmd/platforms'], {
      cwd: join(import.meta.dirname, '../../golden/reference'),
      env: { ...process.env, GOFLAGS: '-mod=readonly', GOTOOLCHAIN: process.env.GOTOOLCHAIN ?? 'auto' },
      stdio: 'inherit',
    });
    if (built.status !== 0) throw new Error('cmd/platforms could not be built');
    for (const one of cases) outcomes[one.name] = await outcomeOf(one, program, address);
  });
  writeFileSync(EXPECTED, `${JSON.stringify(outcomes, null, 2)}\n`);
  console.log(`platforms: ${cases.length} cases`);
}

function outcomeOf(one: PlatformCase, program: string, address: string): Promise<PlatformOutcome> {
  return withTemporaryFolder(async (folder) => {
    const dest = placeOf(one, folder);
    const parts = [];
    for (const [id, name] of PLATFORMS[one.target] ?? []) parts.push(await partOf(one.target, id, name));
    const request = {
      Address: address,
      Parts: parts,
      Export: { Type: one.type, Attrs: one.attrs, Dest: dest },
    };
    const solved = spawnSync(program, { input: JSON.stringify(request), encoding: 'utf8' });
    if (solved.status === 0) return readOutcome(one, dest);
    return { error: failureText(solved.stderr.trim().replace(/^platforms: /, '')) };
  });
}

async function partOf(target: string, id: string, name: string | undefined): Promise<Part> {
  const marshaled = await runLlbTs(['marshal', BUILD, target, '--platform', id]);
  if (marshaled.status !== 0) throw new Error(marshaled.stderr);
  const [os = '', architecture = '', variant] = id.split('/');
  const platform = { architecture, os, ...(variant && { variant }) };
  const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  const config = name
    ? { Env: [path, `FOR=${name}`], Entrypoint: ['/app/name'], WorkingDir: '/' }
    : { Env: [path], WorkingDir: '/' };
  return {
    ID: id,
    Platform: platform,
    Definition: marshaled.stdout.toString('base64'),
    Config: { ...platform, config, rootfs: { type: 'layers' } },
  };
}
