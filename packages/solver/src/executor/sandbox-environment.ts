import { environmentFailure } from '../error.ts';
import { isFileInRoot } from '../host/root-path.ts';

/** Variables by which the C library loads code or data: helpers with rights must not see a build's. */
const LOADER = /^(LD_|GLIBC_TUNABLES$|GCONV_PATH$|LOCPATH$|MUSL_LOCPATH$|NLSPATH$|MALLOC_)/;

export interface SplitEnvironment {
  readonly plain: Readonly<Record<string, string>>;
  /** `NAME=value` of those that only the step's own process may see. */
  readonly held: readonly string[];
}

export function splitEnvironment(env: readonly string[]): SplitEnvironment {
  const plain: Record<string, string> = {};
  const held: string[] = [];
  for (const entry of env) {
    const cut = entry.indexOf('=');
    if (LOADER.test(entry)) held.push(entry);
    else plain[entry.slice(0, cut)] = entry.slice(cut + 1);
  }
  return { plain, held };
}

/** The root's own `env` to set variables with, when everything else is done. */
export function withRootEnv(root: string, held: readonly string[]): readonly string[] {
  if (held.length === 0) return [];
  const program = ['/usr/bin/env', '/bin/env'].find((path) => isFileInRoot(root, path));
  if (!program) {
    throw environmentFailure(
      `the sandbox cannot set ${held[0]?.split('=')[0]} in a root without an "env" program`,
      {
        hint: 'install crun or runc',
      },
    );
  }
  return [program, ...held];
}
