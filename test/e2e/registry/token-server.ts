import { createSign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { TOKEN_NAMES } from '../export/registry.ts';
import type { KeyPair } from './certificates.ts';
import { type Server, serve } from './servers.ts';

/** Gives `user` with `secret` what they ask for, and others nothing but pulls. */
export interface TokenServer extends Server {
  readonly realm: string;
  /** Path and query of every request for a token. */
  readonly asked: readonly string[];
  /** How many tokens from now on are too old when they are given out, which nobody is told. */
  stale: number;
}

const LIFE = 300;

/** Answers as the token specification of Docker's registry has it, signing with the key of a pair. */
export async function startTokenServer(signer: KeyPair): Promise<TokenServer> {
  const asked: string[] = [];
  const user = `Basic ${Buffer.from('user:secret').toString('base64')}`;
  const server = await serve((request, response) => {
    asked.push(request.url ?? '');
    const { authorization } = request.headers;
    // By POST come those whose password was refused, to try it as a form.
    if (request.method === 'POST' || (authorization !== undefined && authorization !== user)) {
      response.writeHead(401).end('{"details":"wrong password"}');
      return;
    }
    const age = tokens.stale > 0 ? 2 * LIFE : 0;
    tokens.stale = Math.max(0, tokens.stale - 1);
    const scopes = new URL(request.url ?? '', 'http://localhost').searchParams.getAll('scope');
    const access = scopes.map((scope) => accessOf(scope, authorization !== undefined));
    response.end(JSON.stringify({ token: sign(access, age, signer), expires_in: LIFE }));
  });
  const tokens: TokenServer = { ...server, realm: `http://${server.host}/token`, asked, stale: 0 };
  return tokens;
}

function accessOf(scope: string, all: boolean) {
  const [, type = '', name = '', actions = ''] = /^([^:]*):(.*):([^:]*)$/.exec(scope) ?? [];
  return { type, name, actions: actions.split(',').filter((action) => all || action === 'pull') };
}

function sign(access: readonly object[], age: number, { certificate, key }: KeyPair): string {
  const now = Math.floor(Date.now() / 1_000) - age;
  const der = readFileSync(certificate, 'utf8').replace(/-----[^-]+-----|\s/g, '');
  const parts = [
    { typ: 'JWT', alg: 'RS256', x5c: [der] },
    {
      iss: TOKEN_NAMES.issuer,
      aud: TOKEN_NAMES.service,
      sub: 'user',
      iat: now,
      nbf: now - 10,
      exp: now + LIFE,
      jti: String(Math.random()),
      access,
    },
  ];
  const text = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  return `${text}.${createSign('sha256').update(text).sign(readFileSync(key), 'base64url')}`;
}
