import { isGoQuery, parseGoURL } from './go-url.ts';

/** A Git remote without the parts that BuildKit keeps elsewhere (query and fragment). */
export interface GitRemote {
  readonly scheme: 'http' | 'https' | 'ssh' | 'git';
  /** With port, without user. */
  readonly host: string;
  /** Decoded. */
  readonly path: string;
  /** The remote that Git is called with. */
  readonly remote: string;
}

export type GitRemoteResult = GitRemote | { readonly problem: string };

const schemes = ['http', 'https', 'ssh', 'git'] as const;
const scpStyle = /^([a-zA-Z0-9-_]+)@([a-zA-Z0-9-.]+):([^\n]*?)(?:\?([^\n]*?))?(?:#([^\n]*))?$/;

/**
 * Reads a remote as BuildKit does (`util/gitutil/git_url.go`): a URL, `user@host:path`, or a URL without its scheme, which
 * is then https. Spelling follows Go's `net/url`, since it ends up in the definition.
 */
export function parseGitRemote(text: string): GitRemoteResult {
  const scheme = /^([a-zA-Z0-9]+):\/\//.exec(text)?.[1]?.toLowerCase();
  if (scheme !== undefined) {
    const known = schemes.find((name) => name === scheme);
    return known ? parseURL(known, text) : { problem: `invalid protocol ${scheme}` };
  }
  const scp = scpStyle.exec(text);
  if (scp && isGoQuery(scp[4] ?? '')) {
    const [, user = '', host = '', path = ''] = scp;
    return { scheme: 'ssh', host, path, remote: `${user}@${host}:${path}` };
  }
  return parseURL('https', `https://${text}`);
}

function parseURL(scheme: GitRemote['scheme'], text: string): GitRemoteResult {
  const url = parseGoURL(scheme, toBytes(text.slice(text.indexOf(':') + 1)));
  if (!url) return { problem: 'its host, port, user or a %-escape is malformed' };
  const [host, path] = [toText(url.host), toText(url.path)];
  if (host === undefined || path === undefined) return { problem: 'what it escapes is not UTF-8' };
  return { scheme, host, path, remote: `${scheme}:${toText(url.written)}` };
}

function toBytes(text: string): string {
  let bytes = '';
  for (const byte of new TextEncoder().encode(text)) bytes += String.fromCharCode(byte);
  return bytes;
}

function toText(bytes: string): string | undefined {
  try {
    const list = Uint8Array.from(bytes, (char) => char.charCodeAt(0));
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(list);
  } catch {
    return undefined;
  }
}
