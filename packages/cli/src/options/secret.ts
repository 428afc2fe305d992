import { readFileSync, type Stats, statSync } from 'node:fs';
import { suggestion } from '@llb-ts/llb';
import { usageError } from '../error/cli-error.ts';
import { systemReason } from '../error/system-error.ts';
import { splitPairs } from './csv.ts';

/** Bytes that BuildKit passes on at most (`session/secrets/secretsprovider/secretsprovider.go`). */
const MAX_SECRET_SIZE = 500 * 1024;

type Source =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'env'; readonly name: string };

/**
 * Reads `--secret id=ID[,src=FILE|env=VAR]` and answers for the ids given. Without src and env, the variable of the
 * id's name is taken where it is set, else the file of that name. A file is read when the build asks for it.
 */
export function parseSecrets(
  values: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): (id: string) => Promise<Uint8Array | undefined> {
  const sources = new Map(values.map((value) => parseSecret(value, env)));
  return async (id) => {
    const source = sources.get(id);
    if (!source) return undefined;
    return source.kind === 'env' ? Buffer.from(env[source.name] ?? '') : readFileSync(source.path);
  };
}

function parseSecret(value: string, env: NodeJS.ProcessEnv): readonly [string, Source] {
  let id = '';
  let type = '';
  let path = '';
  let variable = '';
  for (const [key, text] of splitPairs(value, '--secret')) {
    if (key === 'id') id = text;
    else if (key === 'src' || key === 'source') path = text;
    else if (key === 'env') variable = text;
    else if (key === 'type') type = text;
    else
      throw usageError(
        `--secret ${value}: unknown key ${JSON.stringify(key)}`,
        suggestion(key, ['id', 'src', 'env', 'type']),
      );
  }
  if (type !== '' && type !== 'file' && type !== 'env') {
    throw usageError(`--secret ${value}: unknown type ${JSON.stringify(type)}`, 'types: file, env');
  }
  if (type === 'env' && variable === '') {
    variable = path;
    path = '';
  }
  if (id === '')
    throw usageError(`--secret ${value}: the id is missing`, 'as in --secret id=token,src=token.txt');
  if (variable !== '' && env[variable] === undefined) {
    throw usageError(`--secret ${value}: the environment variable ${variable} is not set`);
  }
  if (variable === '' && path === '') {
    if (env[id] !== undefined) variable = id;
    else path = id;
  }
  if (path === '') return [id, { kind: 'env', name: variable }];
  requireReadable(path, value);
  // As in BuildKit a variable wins where both are given.
  return [id, variable === '' ? { kind: 'file', path } : { kind: 'env', name: variable }];
}

function requireReadable(path: string, value: string): void {
  let stats: Stats;
  try {
    stats = statSync(path);
  } catch (cause) {
    throw usageError(`--secret ${value}: cannot read ${path}: ${systemReason(cause)}`);
  }
  if (stats.isDirectory()) throw usageError(`--secret ${value}: ${path} is a directory`);
  if (stats.size > MAX_SECRET_SIZE) {
    throw usageError(
      `--secret ${value}: ${path} is ${stats.size} bytes, at most ${MAX_SECRET_SIZE} are allowed`,
    );
  }
}
