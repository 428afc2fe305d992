import { resolve } from 'node:path';
import { usageError } from '../error/cli-error.ts';
import { requireWritableFile } from '../options/output.ts';
import { standardOutput } from '../output/console.ts';
import { writeData, writeFileWhole } from '../output/write-data.ts';
import { type BuildOptions, build } from './build.ts';

export interface MarshalOptions extends BuildOptions {
  readonly output: string | undefined;
}

/** `llb-ts marshal`: the definition as bytes, to a file or to standard output. */
export async function marshal(
  file: string | undefined,
  target: string | undefined,
  options: MarshalOptions,
): Promise<void> {
  const path = options.output === undefined || options.output === '-' ? undefined : options.output;
  if (path !== undefined) requireWritableFile(resolve(path), path);
  else if (standardOutput.isTTY) {
    throw usageError(
      'refusing to write a binary definition to the terminal',
      'pipe it on (| buildctl build …), write it with -o FILE, or look at it with llb-ts inspect',
    );
  }
  const { definition } = await build(file, target, options, 'marshal');
  const bytes = definition.write();
  if (path !== undefined) await writeFileWhole(resolve(path), bytes);
  else if (!(await writeData(standardOutput, bytes))) process.exitCode = 1;
}
