/**
 * OpenPGP signatures, through GnuPG, by the rules of `util/pgpsign`: which algorithms count, that a key which has expired
 * may have signed before, that a revoked one never has.
 */
import fs from 'node:fs';
import { stepFailure } from '../../error/error.ts';
import { runVerifier } from './run-verifier.ts';

export interface PgpVerification {
  /** The file that was signed. */
  readonly file: string;
  /** Armored. */
  readonly signature: string;
  /** One or more armored blocks. */
  readonly publicKeys: string;
  /** True if key and signature must be valid now. Default: validity at the time of signing is enough. */
  readonly rejectExpired: boolean;
  /** A folder for work in progress; not cleaned up here. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

/** Fails with code `step` unless one of the keys made the signature. */
export async function verifyPgp(options: PgpVerification): Promise<void> {
  const { signature, publicKeys, folder, rejectExpired } = options;
  if (!signature.includes('-----BEGIN PGP ')) throw stepFailure('failed to decode armored signature: EOF');
  checkKeyBlocks(publicKeys);
  const home = `${folder}/gnupg`;
  fs.mkdirSync(home, { mode: 0o700 });
  fs.writeFileSync(`${folder}/keys`, publicKeys);
  fs.writeFileSync(`${folder}/signature`, signature);
  const gpg = (...args: readonly string[]) => runGpg(home, args, options.signal);

  const imported = await gpg('--import', `${folder}/keys`);
  if (!imported.some(({ word }) => word === 'IMPORT_OK')) {
    throw stepFailure('failed to read armored public key: no usable key found');
  }
  const verify = (...more: readonly string[]) =>
    gpg(...more, '--verify', '--', `${folder}/signature`, options.file);
  const found = await verify();
  const valid = validSignature(found);
  checkAlgorithms(valid);
  await checkKeys(home, valid, options.signal);
  if (found.some(({ word }) => word === 'EXPKEYSIG' || word === 'EXPSIG')) {
    const what = found.some(({ word }) => word === 'EXPSIG') ? 'signature' : 'key';
    if (rejectExpired) throw signedBy(valid.key, `openpgp: ${what} expired`);
    const then = await verify('--faked-system-time', `${valid.time}!`);
    if (!then.some(({ word }) => word === 'GOODSIG')) throw signedBy(valid.key, `openpgp: ${what} expired`);
  } else if (!found.some(({ word }) => word === 'GOODSIG')) {
    throw signedBy(valid.key, isRevoked(found) ? REVOKED : 'openpgp: invalid signature');
  }
  const now = Date.now() / 1_000;
  if (rejectExpired && valid.time > now) throw signedBy(valid.key, 'openpgp: signature expired');
  if (valid.time > now + CLOCKS_DIFFER) {
    throw stepFailure(`signature creation time is in the future: ${goTime(valid.time)}`);
  }
}

/** Seconds. */
const CLOCKS_DIFFER = 300;
const REVOKED = 'openpgp: signature made by revoked key';

function checkKeyBlocks(publicKeys: string): void {
  const types = [...publicKeys.matchAll(/^-----BEGIN (PGP [A-Z ]+)-----/gm)].map(([, type]) => type);
  if (types.length === 0) throw stepFailure('failed to read armored public key: no armored data found');
  const other = types.find((type) => type !== 'PGP PUBLIC KEY BLOCK');
  if (other !== undefined) throw stepFailure(`expected public key block, got: ${other}`);
}

/** A line that gpg writes for programs (`doc/DETAILS` of GnuPG). */
interface Status {
  readonly word: string;
  readonly fields: readonly string[];
}

async function runGpg(
  home: string,
  args: readonly string[],
  signal: AbortSignal,
): Promise<readonly Status[]> {
  const { stdout } = await runVerifier({
    program: 'gpg',
    args: [
      ...['--homedir', home, '--no-options', '--batch', '--no-tty', '--quiet', '--no-autostart'],
      ...['--no-auto-key-retrieve', '--no-auto-key-locate', '--trust-model', 'always', '--status-fd', '1'],
      ...args,
    ],
    signal,
  });
  return stdout.split('\n').flatMap((line): Status[] => {
    const [, word, rest = ''] = /^\[GNUPG:\] (\S+) ?(.*)$/.exec(line) ?? [];
    return word === undefined ? [] : [{ word, fields: rest.split(' ') }];
  });
}

interface ValidSignature {
  /** Fingerprints of the key that signed, and of the key that it belongs to. */
  readonly key: string;
  readonly primary: string;
  /** Seconds since 1970. */
  readonly time: number;
  /** Numbers of RFC 4880. */
  readonly keyAlgorithm: number;
  readonly hash: number;
}

/** The one signature; several are one too many to say which of them counts. */
function validSignature(found: readonly Status[]): ValidSignature {
  const of = (name: string) => found.filter(({ word }) => word === name);
  const [bad] = of('BADSIG');
  if (bad) throw signedBy(bad.fields[0] ?? '', 'openpgp: invalid signature');
  const [failed] = of('ERRSIG');
  if (failed) {
    const isUnknown = failed.fields[5] === '9';
    throw signedBy(
      failed.fields[0] ?? '',
      isUnknown ? 'openpgp: signature made by unknown entity' : 'openpgp: the signature cannot be checked',
    );
  }
  const [valid, second] = of('VALIDSIG');
  if (!valid || second) {
    throw stepFailure(second ? 'openpgp: there is more than one signature' : 'no signature packet found');
  }
  const { fields } = valid;
  return {
    key: fields[0] ?? '',
    primary: fields[9] ?? '',
    time: Number(fields[2]),
    keyAlgorithm: Number(fields[6]),
    hash: Number(fields[7]),
  };
}

/** SHA-256, SHA-384, SHA-512. */
const HASHES = [8, 9, 10];
const OTHER_HASHES: Readonly<Record<number, string>> = {
  1: 'MD5',
  2: 'SHA-1',
  3: 'RIPEMD-160',
  11: 'SHA-224',
};
/** RSA, RSA only to sign, ECDSA, EdDSA. */
const KEY_ALGORITHMS = [1, 3, 19, 22];

function checkAlgorithms({ hash, keyAlgorithm }: ValidSignature): void {
  if (!HASHES.includes(hash)) {
    throw stepFailure(`rejecting weak/unknown hash: ${OTHER_HASHES[hash] ?? hash}`);
  }
  if (!KEY_ALGORITHMS.includes(keyAlgorithm)) {
    throw stepFailure(`rejecting unsupported pubkey algorithm: ${keyAlgorithm}`);
  }
}

function isRevoked(found: readonly Status[]): boolean {
  return found.some(({ word }) => word === 'REVKEYSIG');
}

/** That a key was revoked does not show where it has expired too, and nothing says how long it is. */
async function checkKeys(home: string, { key, primary }: ValidSignature, signal: AbortSignal): Promise<void> {
  const args = ['--homedir', home, '--no-options', '--batch', '--no-autostart', '--with-colons'];
  const { stdout } = await runVerifier({
    program: 'gpg',
    args: [...args, '--with-subkey-fingerprint', '--list-keys', primary],
    signal,
  });
  let record: readonly string[] = [];
  for (const line of stdout.split('\n')) {
    const fields = line.split(':');
    if (fields[0] === 'pub' || fields[0] === 'sub') record = fields;
    if (fields[0] !== 'fpr' || (fields[9] !== key && fields[9] !== primary)) continue;
    const [, validity, bits, algorithm] = record;
    if (validity === 'r') throw signedBy(key, REVOKED);
    if (record[0] === 'pub' && (algorithm === '1' || algorithm === '3') && Number(bits) < 2048) {
      throw stepFailure(`RSA key too short: ${bits} bits`);
    }
  }
}

/** A time as Go prints it. */
function goTime(seconds: number): string {
  return `${new Date(seconds * 1_000).toISOString().slice(0, 19).replace('T', ' ')} +0000 UTC`;
}

function signedBy(key: string, what: string) {
  return stepFailure(`signature by ${key.slice(-16)}: ${what}`);
}
