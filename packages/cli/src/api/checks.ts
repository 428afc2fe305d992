import type { Output } from '@llb-ts/backend';
import { usageError } from '../error/cli-error.ts';
import { absoluteFolders, requireDeclared } from '../options/folders.ts';
import { parseOutputs } from '../options/output.ts';
import type { SolveOutput } from './options.ts';

export { DockerCredentials } from '../credentials/docker-config.ts';
export { parseAllow as allowed } from '../options/allow.ts';

export function checkJobs(jobs: number | undefined): void {
  if (jobs === undefined || (Number.isInteger(jobs) && jobs > 0)) return;
  throw usageError(`jobs ${jobs}: expected a whole number above 0`);
}

/** Name → absolute path of a folder that exists. */
export function folders(
  given: Readonly<Record<string, string>> | undefined,
  option: string,
): Readonly<Record<string, string>> {
  return absoluteFolders(given ?? {}, (name, path) => `${option}.${name}, ${path}`);
}

/** The folders that a State names, where no option takes their place. */
export function requireFolders(
  declared: Readonly<Record<string, string>>,
  given: Readonly<Record<string, string>>,
): void {
  requireDeclared(declared, given, (path) => path);
}

/** As `--output` reads it, so that both know the same. Standard output is not for functions. */
export function outputOf({ type, dest, attrs = {}, ...rest }: SolveOutput): Output {
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined)
    throw usageError(`an output has no ${unknown}`, `did you mean attrs: { ${unknown}: … }?`);
  if (type !== 'image' && (dest === undefined || dest === '' || dest === '-')) {
    throw usageError(`the output ${type} needs a dest: a folder or a file`);
  }
  const pairs = Object.entries({ type, ...(dest !== undefined && { dest }), ...attrs });
  const text = pairs.map(([key, value]) => `"${`${key}=${value}`.replaceAll('"', '""')}"`).join(',');
  const [output] = parseOutputs([text], { stream: process.stdout, isTerminal: true });
  return output as Output;
}
