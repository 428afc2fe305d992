import fs from 'node:fs';
import { stepFailure } from '../../error.ts';
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
  if (key === undefined) throw stepFailure('failed to parse ssh public key: ssh: no key found');
  fs.writeFileSync(`${folder}/signers`, `git namespaces="git" ${key}\n`);
  fs.writeFileSync(`${folder}/signature`, signature);
  const files = ['-f', `${folder}/signers`, '-s', `${folder}/signature`];
  const { status, stdout, stderr } = await runVerifier({
    program: 'ssh-keygen',
    args: ['-Y', 'verify', '-I', 'git', '-n', 'git', ...files],
    input: data,
    signal,
  });
  if (status === 0) return;
  const said = `${stderr}\n${stdout}`.trim().split('\n')[0]?.trim() ?? '';
  throw stepFailure(`failed to verify ssh signature${said && `: ${said}`}`);
}

/** Type and key, without options before and comment behind. */
function firstKey(text: string): string | undefined {
  for (const line of text.split(/\r?\n/)) {
    if (/^\s*(?:#|$)/.test(line)) continue;
    const [, key] = /(?:^|\s)((?:ssh|ecdsa|sk)-[a-z0-9@.-]+ [A-Za-z0-9+/]+={0,2})(?:\s|$)/.exec(line) ?? [];
    if (key !== undefined) return key;
  }
  return undefined;
}
