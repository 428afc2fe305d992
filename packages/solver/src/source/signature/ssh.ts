import fs from 'node:fs';
import type { SolveFailure } from '@llb-ts/backend';
import { stepFailure } from '../../error/error.ts';
import { runVerifier } from './run-verifier.ts';

export interface SshVerification {
  readonly data: Uint8Array;
  /** Armored, made for the namespace `git`. */
  readonly signature: string;
  /** A line of `authorized_keys`; of several, the first counts. */
  readonly publicKey: string;
  /** A folder for work in progress; not cleaned up here. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

/** Fails with code `step` unless the key made the signature, through `ssh-keygen` (`util/gitutil/gitsign`). */
export async function verifySsh(options: SshVerification): Promise<void> {
  const { folder, signature, data, signal } = options;
  const key = firstKey(options.publicKey);
  if (key === undefined) throw noKey();
  fs.writeFileSync(`${folder}/signers`, `git namespaces="git" ${key}\n`);
  fs.writeFileSync(`${folder}/signature`, signature);
  const files = ['-f', `${folder}/signers`, '-s', `${folder}/signature`];
  const { status, stdout, stderr } = await runVerifier({
    program: 'ssh-keygen',
    args: ['-Y', 'verify', '-I', 'git', '-n', 'git', ...files],
    input: data,
    signal,
  });
  if (status !== 0) throw refusal(`${stderr}\n${stdout}`.trim());
}

/** The error of `ssh-keygen`, in BuildKit's words if it has some. */
function refusal(said: string): SolveFailure {
  if (/namespace does not match/i.test(said)) return stepFailure('unexpected SSH signature namespace');
  if (/signers:\d+: invalid key/.test(said)) return noKey();
  const [line = ''] = said.split('\n');
  const what = line.startsWith('Could not verify signature') ? 'public key does not match' : line.trim();
  return stepFailure(`failed to verify ssh signature${what && `: ${what}`}`);
}

function noKey(): SolveFailure {
  return stepFailure('failed to parse ssh public key: ssh: no key found');
}

/** Type and key, without options before and comment behind, of the first line that has a key. */
function firstKey(text: string): string | undefined {
  for (const line of text.split(/\r?\n/)) {
    if (/^\s*(?:#|$)/.test(line)) continue;
    const [, type, key] =
      /(?:^|\s)((?:ssh|ecdsa|sk)-[a-z0-9@.-]+) ([A-Za-z0-9+/]+={0,2})(?:\s|$)/.exec(line) ?? [];
    if (type !== undefined && key !== undefined && isKeyOf(type, key)) return `${type} ${key}`;
  }
  return undefined;
}

/** A key begins with its type, and the length of that. */
function isKeyOf(type: string, key: string): boolean {
  const bytes = Buffer.from(key, 'base64');
  const end = 4 + type.length;
  return (
    bytes.length > end && bytes.readUInt32BE(0) === type.length && bytes.toString('latin1', 4, end) === type
  );
}
