import { agentSockets, type Capabilities, directories, type SolveRequest } from '@llb-ts/backend';
import type { Built } from '../built/built.ts';
import { DockerCredentials } from '../credentials/docker-config.ts';
import { shownPath } from '../words/shown-path.ts';
import { parseAllow } from './allow.ts';
import { namedFolders, requireDeclared } from './folders.ts';
import { parseSecrets } from './secret.ts';
import { parseSsh } from './ssh.ts';

/** Flags for what a build may have of this machine. */
export interface InputFlags {
  readonly local: readonly string[];
  readonly ociLayout: readonly string[];
  readonly secret: readonly string[];
  readonly ssh: readonly string[];
  readonly allow: readonly string[];
}

/** Things of this machine that a build may have. */
export interface Inputs extends Omit<Capabilities, 'folders'>, Pick<SolveRequest, 'allow'> {
  /** Folders for local sources: name → absolute path. */
  readonly locals: Readonly<Record<string, string>>;
}

/** Reads the flags; fails with a usage error where one names something that is not there. */
export function parseInputs({ local, ociLayout, secret, ssh, allow }: InputFlags): Inputs {
  return {
    locals: namedFolders(local, '--local'),
    layouts: directories(namedFolders(ociLayout, '--oci-layout')),
    secrets: parseSecrets(secret),
    agents: agentSockets(parseSsh(ssh)),
    credentials: new DockerCredentials(),
    allow: parseAllow(allow),
  };
}

/** With the folders that build files declare; they are checked only where no flag takes their place. */
export function withDeclaredFolders(
  { locals, ...inputs }: Inputs,
  builds: readonly Built[],
): Capabilities & Pick<SolveRequest, 'allow'> {
  const declared: Readonly<Record<string, string>> = Object.assign(
    {},
    ...builds.map((built) => built.locals),
  );
  requireDeclared(declared, locals, shownPath);
  return { ...inputs, folders: directories({ ...declared, ...locals }) };
}
