import { safeFileName } from '../contract/file-name.ts';

/** The name of a downloaded file: as the user wants it, as the server says, or as the URL ends. */
export function responseName(wanted: string, url: string, disposition: string | undefined): string {
  if (wanted !== '') return safeFileName(wanted);
  const said = disposition === undefined ? undefined : dispositionName(disposition);
  if (said !== undefined && said !== '' && !said.endsWith('/')) return safeFileName(said);
  return safeFileName(nameInUrl(url));
}

function nameInUrl(url: string): string {
  const last = new URL(url).pathname.split('/').findLast((part) => part !== '') ?? '';
  try {
    return decodeURIComponent(last);
  } catch {
    return last;
  }
}

const PARAMETER = /;\s*([^\s=;]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;]*))/g;

/** The `filename` of a `Content-Disposition`; the extended form (RFC 5987) counts more. */
function dispositionName(header: string): string | undefined {
  const parameters = new Map<string, string>();
  for (const [, name = '', quoted, plain = ''] of header.matchAll(PARAMETER)) {
    parameters.set(name.toLowerCase(), quoted?.replace(/\\(.)/gs, '$1') ?? plain.trim());
  }
  return decodeExtended(parameters.get('filename*')) ?? parameters.get('filename');
}

function decodeExtended(value: string | undefined): string | undefined {
  const [, encoded] = /^(?:utf-8|us-ascii)'[^']*'(.*)$/is.exec(value ?? '') ?? [];
  if (encoded === undefined) return undefined;
  try {
    return decodeURIComponent(encoded);
  } catch {
    return undefined;
  }
}
