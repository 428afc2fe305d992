import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/** Runs the Go tool in the reference module, with its output shown or returned. */
export function go(args: readonly string[], output: 'shown' | 'returned' = 'shown') {
  return spawnSync('go', args, {
    cwd: join(import.meta.dirname, 'reference'),
    // An older Go fetches the toolchain that go.mod asks for as a module.
    env: { ...process.env, GOFLAGS: '-mod=readonly', GOTOOLCHAIN: process.env.GOTOOLCHAIN ?? 'auto' },
    stdio: output === 'shown' ? 'inherit' : ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
  });
}
