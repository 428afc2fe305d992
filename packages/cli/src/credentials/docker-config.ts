/** Credentials for registries as Docker keeps them: `config.json`, credential helpers, `DOCKER_AUTH_CONFIG`. */
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { ANONYMOUS, type CredentialSource, type Credentials, SolveFailure } from '@llb-ts/backend';
import { hasCode } from '../error/system-error.ts';

interface AuthEntry {
  readonly auth?: string;
  readonly username?: string;
  readonly password?: string;
  readonly identitytoken?: string;
  readonly registrytoken?: string;
}

interface ConfigFile {
  readonly auths?: Readonly<Record<string, AuthEntry>>;
  readonly credsStore?: string;
  readonly credHelpers?: Readonly<Record<string, string>>;
}

/** Docker Hub's credentials stand under this name, whatever its host. */
const DOCKER_HUB_KEY = 'https://index.docker.io/v1/';
const HELPER_TIMEOUT = 60_000;

/** Docker's own configuration. A helper is asked once per host. */
export class DockerCredentials implements CredentialSource {
  readonly #file: string;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #known = new Map<string, Promise<Credentials>>();

  constructor(environment: NodeJS.ProcessEnv = process.env) {
    const folder = environment.DOCKER_CONFIG || path.join(environment.HOME || os.homedir(), '.docker');
    this.#file = path.join(folder, 'config.json');
    this.#environment = environment;
  }

  get description(): string {
    return this.#file;
  }

  get(host: string): Promise<Credentials> {
    const key =
      host === 'registry-1.docker.io' || host === 'docker.io' || host === 'index.docker.io'
        ? DOCKER_HUB_KEY
        : host;
    let known = this.#known.get(key);
    if (!known) {
      known = this.#look(key);
      this.#known.set(key, known);
    }
    return known;
  }

  async #look(key: string): Promise<Credentials> {
    const fromEnvironment = this.#environment.DOCKER_AUTH_CONFIG;
    if (fromEnvironment) {
      const entry = find(parse(fromEnvironment, 'DOCKER_AUTH_CONFIG').auths, key);
      if (entry) return credentialsOf(entry, 'DOCKER_AUTH_CONFIG');
    }
    const config = this.#read();
    const entry = find(config.auths, key);
    const helper = config.credHelpers?.[key] ?? config.credsStore;
    if (helper) {
      const found = await askHelper(helper, key);
      return { ...found, ...(entry?.registrytoken && { registryToken: entry.registrytoken }) };
    }
    return entry ? credentialsOf(entry, this.#file) : ANONYMOUS;
  }

  #read(): ConfigFile {
    let text: string;
    try {
      text = fs.readFileSync(this.#file, 'utf8');
    } catch (error) {
      if (hasCode(error, 'ENOENT', 'ENOTDIR', 'EACCES')) return {};
      throw error;
    }
    return text.trim() === '' ? {} : parse(text, this.#file);
  }
}

function parse(text: string, where: string): ConfigFile {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value;
  } catch (error) {
    throw new SolveFailure('environment', `${where} is not valid JSON`, { cause: error });
  }
  throw new SolveFailure('environment', `${where} is no JSON object`);
}

/** By name; else, as old versions wrote them, by the host of a URL. */
function find(auths: ConfigFile['auths'], key: string): AuthEntry | undefined {
  if (!auths) return undefined;
  if (Object.hasOwn(auths, key)) return auths[key];
  return Object.entries(auths).find(([name]) => hostOf(name) === key)?.[1];
}

function hostOf(name: string): string {
  return name.replace(/^[a-z]+:\/\//i, '').replace(/\/.*$/s, '');
}

function credentialsOf(entry: AuthEntry, where: string): Credentials {
  const token = entry.registrytoken ? { registryToken: entry.registrytoken } : {};
  if (entry.identitytoken) return { username: '', secret: entry.identitytoken, ...token };
  if (!entry.auth) return { username: entry.username ?? '', secret: entry.password ?? '', ...token };
  const decoded = Buffer.from(entry.auth, 'base64').toString('utf8');
  const cut = decoded.indexOf(':');
  if (cut <= 0) throw new SolveFailure('environment', `invalid auth configuration file: ${where}`);
  const secret = decoded.slice(cut + 1).replace(/^\0+|\0+$/g, '');
  return { username: decoded.slice(0, cut), secret, ...token };
}

/** Runs `docker-credential-NAME get`, as Docker does. */
async function askHelper(name: string, key: string): Promise<Credentials> {
  const program = `docker-credential-${name}`;
  const { output, failed } = await run(program, key);
  if (failed !== undefined) {
    if (output.includes('credentials not found in native keychain')) return ANONYMOUS;
    throw new SolveFailure(
      'environment',
      `error getting credentials - err: ${failed}, out: \`${output.trim()}\``,
      {
        hint: `the credential helper ${program} is named in Docker's config.json for ${key}`,
      },
    );
  }
  const { Username = '', Secret = '' } = parse(output, program) as { Username?: string; Secret?: string };
  return { username: Username === '<token>' ? '' : Username, secret: Secret };
}

function run(program: string, input: string): Promise<{ output: string; failed: string | undefined }> {
  return new Promise((resolve) => {
    const child = execFile(program, ['get'], { timeout: HELPER_TIMEOUT }, (error, stdout, stderr) => {
      if (!error) return resolve({ output: stdout, failed: undefined });
      // Folders of PATH that are closed to this user hold nothing for them.
      const missing = hasCode(error, 'ENOENT', 'EACCES');
      const failed = missing
        ? `exec: "${program}": executable file not found in $PATH`
        : `exit status ${String(error.code ?? 1)}`;
      resolve({ output: stdout || stderr, failed });
    });
    // A helper that ends without reading is judged by its exit code.
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
  });
}
