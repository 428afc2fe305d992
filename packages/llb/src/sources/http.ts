import type { Caller } from '../base/call-site.ts';
import { nonEmpty, record, show, text } from '../base/check.ts';
import { invalid } from '../base/error.ts';
import { type Checks, type ConstraintsOpt, collect, given, type NoOption } from '../graph/option.ts';
import type { HTTPSource } from '../graph/source-spec.ts';
import { NewState, type State } from '../state/state.ts';
import { type FileInfo, fileInfoChecks, fileSettings } from './file-info.ts';
import { checkDigest, sourceOutput } from './source.ts';

/** Headers of the request. */
export interface HTTPHeader {
  /** Default: none. */
  readonly accept?: string;
  /** Default: BuildKit's. */
  readonly userAgent?: string;
}

/** A detached OpenPGP signature and the key that made it, both in armored text. */
export interface HTTPSignatureInfo {
  readonly pubKey?: string;
  readonly signature?: string;
}

/** Settings of `HTTP`. */
export interface HTTPInfo extends FileInfo {
  /** Digest that the content must have. Default: any. */
  readonly checksum?: string;
  /** Secret that holds the `Authorization` header. Default: none. */
  readonly authHeaderSecret?: string;
  readonly header?: HTTPHeader;
  readonly signature?: HTTPSignatureInfo;
}
/** An option of `HTTP`. */
export type HTTPOption = HTTPInfo | ConstraintsOpt;

const checks = {
  ...fileInfoChecks,
  checksum: checkDigest,
  authHeaderSecret: text,
  header: (at: Caller, what: string, value: unknown) => {
    const { accept = '', userAgent = '' } = words(at, what, ['accept', 'userAgent'], value);
    return { accept, userAgent };
  },
  signature: (at: Caller, what: string, value: unknown) => {
    const { pubKey = '', signature = '' } = words(at, what, ['pubKey', 'signature'], value);
    return { pubKey, signature };
  },
} satisfies Checks<HTTPInfo>;

function words(
  at: Caller,
  what: string,
  names: readonly string[],
  value: unknown,
): Readonly<Record<string, string>> {
  const entries = Object.entries(record(at, what, names, value)).filter(([, item]) => item !== undefined);
  return Object.fromEntries(entries.map(([name, item]) => [name, text(at, `${what}.${name}`, item)]));
}

/**
 * One downloaded file. `HTTP('https://example.com/tool', Checksum('sha256:…'), Chmod(0o755))`
 */
export function HTTP(url: string, ...options: readonly (HTTPOption | NoOption)[]): State {
  const at: Caller = HTTP;
  if (!/^https?:\/\//i.test(nonEmpty(at, 'the URL', url))) {
    throw invalid(at, `${show(url)} is no http or https URL`);
  }
  const { info, constraints } = collect(at, { of: 'HTTP', checks }, options);
  const source: HTTPSource = {
    type: 'http',
    url,
    checksum: info.checksum ?? '',
    file: fileSettings(info),
    authHeaderSecret: info.authHeaderSecret ?? '',
    ...(info.header && { header: info.header }),
    ...(info.signature && { signature: info.signature }),
  };
  return NewState(sourceOutput(at, source, constraints));
}

/** Digest that a download must have. `HTTP('https://example.com/tool', Checksum('sha256:…'))` */
export function Checksum(digest: string): { readonly checksum: string } {
  return given(Checksum, { checksum: digest });
}

/** Headers of a download's request. `HTTP('https://example.com/api', Header({ accept: 'application/json' }))` */
export function Header(header: HTTPHeader): { readonly header: HTTPHeader } {
  return given(Header, { header });
}

/** Fails unless a download has this signature. `HTTP(url, VerifyPGPSignature({ pubKey, signature }))` */
export function VerifyPGPSignature(signature: HTTPSignatureInfo): { readonly signature: HTTPSignatureInfo } {
  return given(VerifyPGPSignature, { signature });
}

/** Secret with the `Authorization` header, for `HTTP` and `Git`. `HTTP(url, AuthHeaderSecret('auth'))` */
export function AuthHeaderSecret(name: string): { readonly authHeaderSecret: string } {
  return given(AuthHeaderSecret, { authHeaderSecret: name });
}
