import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { CliError } from '../error/cli-error.ts';
import { hasCode, systemReason } from '../error/system-error.ts';
import { shownPath } from '../words/shown-path.ts';

export interface ConfigFile {
  readonly path: string;
  readonly text: string;
}

/**
 * The configuration files that there are, the weaker first: the system's, the user's; or the one that `LLB_TS_CONFIG` names
 * instead of both, which must be there.
 */
export function readConfigFiles(
  env: NodeJS.ProcessEnv = process.env,
  system = '/etc/llb-ts/config.toml',
): readonly ConfigFile[] {
  const named = env.LLB_TS_CONFIG;
  if (named) {
    const file = readConfigFile(resolve(named));
    if (file) return [file];
    throw new CliError('config', `LLB_TS_CONFIG names ${shownPath(named)}, which does not exist`);
  }
  const user = join(env.XDG_CONFIG_HOME || join(homedir(), '.config'), 'llb-ts/config.toml');
  return [system, user].flatMap((path) => readConfigFile(path) ?? []);
}

function readConfigFile(path: string): ConfigFile | undefined {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    // XDG_CONFIG_HOME=/dev/null is how some say that there is none.
    if (hasCode(cause, 'ENOENT', 'ENOTDIR')) return undefined;
    throw new CliError(
      'environment',
      `cannot read the configuration ${shownPath(path)}: ${systemReason(cause)}`,
      { help: 'LLB_TS_CONFIG=/dev/null goes without any', cause },
    );
  }
  try {
    return { path, text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch (cause) {
    throw new CliError('config', `the configuration ${shownPath(path)} is not UTF-8`, { cause });
  }
}
