import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Backend, SolveRequest } from '@llb-ts/backend';
import { Definition, PbError } from '@llb-ts/pb';
import type { ReadMade } from '../built/built.ts';
import { CliError } from '../error/cli-error.ts';
import { MADE } from '../lock/made-definitions.ts';

/** Reads definitions that steps make by solving for them. */
export function readMade(backend: Backend, request: Omit<SolveRequest, 'target' | 'outputs'>): ReadMade {
  return async (definition) => {
    const folder = await mkdtemp(join(tmpdir(), 'llb-ts-made-'));
    try {
      const sink = { kind: 'directory', path: folder } as const;
      const target = { kind: 'one', definition } as const;
      await backend.solve({ ...request, target, outputs: [{ type: 'local', attrs: {}, sink }] });
      return Definition.read(await readFile(join(folder, MADE)));
    } catch (cause) {
      if (!(cause instanceof PbError)) throw cause;
      throw new CliError('definition', `a step makes what is no definition: ${cause.message}`, { cause });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  };
}
