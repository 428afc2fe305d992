import { canonicalIP } from './ip.ts';

/** A URL as Go's `net/url` reads it. Texts are byte strings: one character for each byte of UTF-8. */
export interface GoURL {
  readonly user: string | undefined;
  /** With port, decoded. */
  readonly host: string;
  /** Decoded. */
  readonly path: string;
  /** Without scheme, query and fragment, as Go writes it: `//host/path`. */
  readonly written: string;
}

/** Characters that a part may have besides letters, digits and `-_.~` without being escaped (`net/url/encoding_table.go`). */
const plain = {
  path: '$&+,/:;=@',
  user: '$&+,;=',
  host: '!"$&\'()*+,:;<=>[]',
} as const;

/**
 * Parses what follows `scheme:` as Go does; undefined where Go refuses it. Unlike the browser's `URL`, Go keeps the bytes
 * of hosts, and so names in any script.
 */
export function parseGoURL(scheme: string, rest: string): GoURL | undefined {
  const [url, fragment = ''] = cut(rest, '#');
  const hasControls = [...url].some((char) => char < ' ' || char === '\x7f');
  if (hasControls || decode(fragment) === undefined) return undefined;
  const [hierarchy, query] = cut(url, '?');
  const slash = hierarchy.indexOf('/', 2);
  const authority = slash < 0 ? hierarchy.slice(2) : hierarchy.slice(2, slash);
  const rawPath = slash < 0 ? '' : hierarchy.slice(slash);
  const at = authority.lastIndexOf('@');
  const host = parseHost(scheme, authority.slice(at + 1));
  const user = at < 0 ? '' : parseUser(authority.slice(0, at));
  const path = decode(rawPath);
  if (host === undefined || user === undefined || path === undefined) return undefined;
  const isEncoded = /^(?:[A-Za-z0-9\-_.~!$&'()*+,/;=:@[\]]|%[0-9A-Fa-f]{2})*$/.test(rawPath);
  const writtenPath = isEncoded ? rawPath : encode(path, plain.path);
  const slashes = host !== '' || path !== '' || at >= 0 ? '//' : '';
  // Go writes the mark of an empty query again, and drops any other query.
  const mark = query === '' ? '?' : '';
  return {
    user: at < 0 ? undefined : user,
    host,
    path,
    written: `${slashes}${at < 0 ? '' : `${user}@`}${encode(host, plain.host)}${writtenPath}${mark}`,
  };
}

/** True if a query is one that Go reads. */
export function isGoQuery(query: string): boolean {
  return query.split('&').every((pair) => !pair.includes(';') && decode(pair) !== undefined);
}

function cut(text: string, mark: string): readonly [string, string?] {
  const at = text.indexOf(mark);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

function parseHost(scheme: string, host: string): string | undefined {
  const open = host.lastIndexOf('[');
  if (open > 0) return undefined;
  if (open === 0) return parseLiteral(host);
  // Several colons are only wrong for http and https.
  const colon = /^https?$/.test(scheme) ? host.indexOf(':') : host.lastIndexOf(':');
  if (colon >= 0 && !/^:\d*$/.test(host.slice(colon))) return undefined;
  return decodeHost(host);
}

function parseLiteral(host: string): string | undefined {
  const close = host.lastIndexOf(']');
  if (close < 0 || !/^(?::\d*)?$/.test(host.slice(close + 1))) return undefined;
  const name = host.slice(1, close);
  const zone = name.indexOf('%25');
  const address = decodeHost(zone < 0 ? name : name.slice(0, zone));
  const suffix = zone < 0 ? '' : decodeZone(name.slice(zone));
  if (address === undefined || suffix === undefined || suffix === '%') return undefined;
  if (!address.includes(':') || canonicalIP(address) === undefined) return undefined;
  return `[${address}${suffix}]${host.slice(close + 1)}`;
}

/** In a host only bytes beyond ASCII may be escaped. */
function decodeHost(host: string): string | undefined {
  if ((host.match(/%[0-7][0-9A-Fa-f]/g) ?? []).some((escaped) => escaped !== '%25')) return undefined;
  return hasHostBytes(host.replaceAll('%', '')) ? decode(host) : undefined;
}

function decodeZone(zone: string): string | undefined {
  const decoded = decode(zone);
  if (decoded === undefined || !hasHostBytes(zone.replaceAll('%', ''))) return undefined;
  for (const [escaped] of zone.matchAll(/%../g)) {
    const byte = decode(escaped) ?? '';
    if (escaped !== '%25' && byte !== ' ' && (byte >= '\x80' || !hasHostBytes(byte))) return undefined;
  }
  return decoded;
}

function hasHostBytes(text: string): boolean {
  return /^[A-Za-z0-9\-_.~!"$&'()*+,:;<=>[\]\x80-\xff]*$/.test(text);
}

function parseUser(raw: string): string | undefined {
  if (!/^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/.test(raw)) return undefined;
  const [rawName, rawPassword] = cut(raw, ':');
  const [name, password] = [decode(rawName), decode(rawPassword ?? '')];
  if (name === undefined || password === undefined) return undefined;
  return encode(name, plain.user) + (rawPassword === undefined ? '' : `:${encode(password, plain.user)}`);
}

function decode(text: string): string | undefined {
  if (/%(?![0-9A-Fa-f]{2})/.test(text)) return undefined;
  return text.replace(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

function encode(text: string, allowed: string): string {
  return text.replace(/[^A-Za-z0-9\-_.~]/g, (char) => {
    if (allowed.includes(char)) return char;
    return `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
  });
}
