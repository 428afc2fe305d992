import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type RunResult, run } from '../../support/run.ts';
import { llbTsProgram } from '../../support/solvers.ts';
import { withTemporaryFolder } from '../../support/temporary.ts';

export interface CallOptions {
  readonly input?: Uint8Array | string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Relative to the rig's folder. Default: the folder. */
  readonly cwd?: string;
}

export interface CallResult {
  readonly status: number;
  readonly stdout: string;
  /** Standard output as it came. */
  readonly bytes: Buffer;
  readonly stderr: string;
}

/** The built CLI in a folder of its own. */
export interface Rig {
  readonly folder: string;
  /** Writes files, by path relative to the folder. */
  write(files: Readonly<Record<string, string | Uint8Array>>): void;
  /** Runs `llb-ts` there, with a store of the rig's own. */
  call(args: readonly string[], options?: CallOptions): Promise<CallResult>;
}

/** Runs `use` with a rig that is gone afterwards. */
export function withRig<T>(
  files: Readonly<Record<string, string | Uint8Array>>,
  use: (rig: Rig) => Promise<T>,
): Promise<T> {
  return withTemporaryFolder((top) => {
    const folder = join(top, 'work');
    const rig: Rig = {
      folder,
      write: (more) => {
        for (const [path, content] of Object.entries(more)) {
          mkdirSync(dirname(join(folder, path)), { recursive: true });
          writeFileSync(join(folder, path), content);
        }
      },
      call: async (args, { input, env, cwd = '.' } = {}) => {
        const result: RunResult = await run(process.execPath, [llbTsProgram(), ...args], {
          cwd: join(folder, cwd),
          env: { LLB_TS_STATE_DIR: join(top, 'state'), NO_COLOR: '1', ...env },
          ...(input !== undefined && { input: Buffer.from(input) }),
        });
        return { ...result, stdout: result.stdout.toString(), bytes: result.stdout };
      },
    };
    mkdirSync(folder, { recursive: true });
    rig.write(files);
    return use(rig);
  });
}

/** The environment of a CLI that a test starts by itself. */
export function environmentOf(rig: Rig): NodeJS.ProcessEnv {
  return { ...process.env, NO_COLOR: '1', CI: '', LLB_TS_STATE_DIR: join(rig.folder, '../state') };
}
