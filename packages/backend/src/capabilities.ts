/**
 * Things of the client that a solve may use. A backend asks for one when a step needs it, and never for
 * more. On this machine they are folders, files and sockets; a remote backend sends them, a server receives them.
 */
export interface Capabilities {
  /** Local sources, by name. */
  readonly folders: FolderSource;
  /** OCI layouts, by store id. */
  readonly layouts: FolderSource;
  readonly secrets: SecretSource;
  /** SSH agents; undefined: none is forwarded. */
  readonly agents: AgentSource | undefined;
  readonly credentials: CredentialSource;
}

/** Finds a folder by name; undefined when there is none of that name. */
export type FolderSource = (name: string) => Promise<Folder | undefined>;

/** A directory of this machine. `path` is absolute. */
export interface Folder {
  readonly kind: 'directory';
  readonly path: string;
}

/** Finds a secret by id; undefined when there is none of that id. Asked once per id and build. */
export type SecretSource = (id: string) => Promise<Uint8Array | undefined>;

/** Finds an SSH agent by id; undefined when none was forwarded under that id. */
export type AgentSource = (id: string) => Promise<Agent | undefined>;

/** The socket of an agent on this machine. `path` is absolute. */
export interface Agent {
  readonly kind: 'socket';
  readonly path: string;
}

/** Credentials for registries, by host. */
export interface CredentialSource {
  /** The place where they come from, for messages. */
  readonly description: string;
  get(host: string): Promise<Credentials>;
}

/** Empty texts mean an anonymous user. Without a user, `secret` is an identity token. */
export interface Credentials {
  readonly username: string;
  readonly secret: string;
  /** A bearer token to be used as it is. */
  readonly registryToken?: string;
}

export const ANONYMOUS: Credentials = Object.freeze({ username: '', secret: '' });

/** Every host is asked as an anonymous user. */
export const NO_CREDENTIALS: CredentialSource = Object.freeze({
  description: 'no credentials',
  get: async () => ANONYMOUS,
});

/** Nothing at all: what a request has by default. */
export const NO_CAPABILITIES: Capabilities = Object.freeze({
  folders: async () => undefined,
  layouts: async () => undefined,
  secrets: async () => undefined,
  agents: undefined,
  credentials: NO_CREDENTIALS,
});

/** Folders of this machine: name → absolute path. */
export function directories(paths: Readonly<Record<string, string>>): FolderSource {
  return async (name) => {
    const path = Object.hasOwn(paths, name) ? paths[name] : undefined;
    return path === undefined ? undefined : { kind: 'directory', path };
  };
}

/** Agents of this machine, id → absolute path of a socket; undefined when there are none. */
export function agentSockets(paths: Readonly<Record<string, string>>): AgentSource | undefined {
  if (Object.keys(paths).length === 0) return undefined;
  return async (id) => {
    const path = Object.hasOwn(paths, id) ? paths[id] : undefined;
    return path === undefined ? undefined : { kind: 'socket', path };
  };
}
