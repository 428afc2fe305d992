/** A Git remote without the parts that BuildKit keeps elsewhere (query and fragment). */
export interface GitRemote {
  readonly scheme: 'http' | 'https' | 'ssh' | 'git';
  /** With port, without user. */
  readonly host: string;
  /** Decoded. */
  readonly path: string;
  /** What Git is called with. */
  readonly remote: string;
}

export type GitRemoteResult = GitRemote | { readonly problem: string };

const schemes = ['http', 'https', 'ssh', 'git'] as const;
const scpStyle = /^([a-zA-Z0-9-_]+)@([a-zA-Z0-9-.]+):(.*?)(?:\?(.*?))?(?:#(.*))?$/;

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
  if (scp) {
    const [, user = '', host = '', path = ''] = scp;
    return { scheme: 'ssh', host, path, remote: `${user}@${host}:${path}` };
  }
  return parseURL('https', `https://${text}`);
}

function parseURL(scheme: GitRemote['scheme'], text: string): GitRemoteResult {
  if ([...text].some((char) => char < ' ' || char === '\x7f'))
    return { problem: 'a control character in the URL' };
  const start = text.indexOf('://') + 3;
  const hash = text.indexOf('#', start);
  const whole = hash < 0 ? text.slice(start) : text.slice(start, hash);
  const question = whole.indexOf('?');
  const rest = question < 0 ? whole : whole.slice(0, question);
  // Go writes the mark of an empty query again, and drops any other query.
  const mark = question >= 0 && question === whole.length - 1 ? '?' : '';
  const slash = rest.indexOf('/');
  const authority = slash < 0 ? rest : rest.slice(0, slash);
  const rawPath = slash < 0 ? '' : rest.slice(slash);
  const at = authority.lastIndexOf('@');
  const host = authority.slice(at + 1);
  if (!isHost(host)) return { problem: `invalid host ${JSON.stringify(host)}` };
  const user = at < 0 ? '' : userInfo(authority.slice(0, at));
  const path = decode(rawPath);
  if (user === undefined || path === undefined) return { problem: 'an invalid %-escape in the URL' };
  const written = isEncodedPath(rawPath) ? rawPath : encode(path, /[A-Za-z0-9\-_.~$&+,/:;=@]/);
  return { scheme, host, path, remote: `${scheme}://${user}${host}${written}${mark}` };
}

function isHost(host: string): boolean {
  return /^(?:[A-Za-z0-9\-_.~!$&'()*+,;=<>"]*|\[[0-9A-Fa-f:.]+\])(?::\d*)?$/.test(host);
}

function isEncodedPath(path: string): boolean {
  return /^(?:[A-Za-z0-9\-_.~!$&'()*+,/;=:@[\]]|%[0-9A-Fa-f]{2})*$/.test(path);
}

function userInfo(raw: string): string | undefined {
  if (!/^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/.test(raw)) return undefined;
  const [name, password] = raw.split(/:(.*)/s).map(decode);
  if (name === undefined || (raw.includes(':') && password === undefined)) return undefined;
  const plain = /[A-Za-z0-9\-_.~$&+,;=]/;
  return `${encode(name, plain)}${password === undefined ? '' : `:${encode(password, plain)}`}@`;
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function encode(text: string, plain: RegExp): string {
  let out = '';
  for (const byte of new TextEncoder().encode(text)) {
    const char = String.fromCharCode(byte);
    out += byte < 0x80 && plain.test(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return out;
}
