import { createHash } from 'node:crypto';
import { stepFailure } from '../../error/error.ts';

/** A commit or tag, taken apart for the sake of its signature (`util/gitutil/gitobject`). */
export interface GitObject {
  readonly type: 'commit' | 'tag';
  /** Armored; empty if there is none. */
  readonly signature: string;
  /** The bytes that were signed. */
  readonly signedData: Buffer;
}

const REQUIRED = {
  commit: ['tree', 'author', 'committer'],
  tag: ['object', 'type', 'tag', 'tagger'],
} as const;
const SIGNATURE = /^-----BEGIN (?:PGP|SSH) SIGNATURE-----$/;

/** Reads an object as `git cat-file` has it; fails with BuildKit's texts where it is not the one that `id` names. */
export function parseGitObject(raw: Buffer, id: string): GitObject {
  // One character a byte: messages may be in any encoding.
  const lines = raw.toString('latin1').split('\n');
  const type = lines[0]?.startsWith('object ') ? 'tag' : 'commit';
  checkId(raw, type, id);
  const end = lines.indexOf('');
  const headers = end < 0 ? lines : lines.slice(0, end);
  const rest = end < 0 ? [] : lines.slice(end);
  const names = new Set(headers.map((line) => line.split(' ')[0]));
  const missing = REQUIRED[type].find((name) => !names.has(name));
  if (missing !== undefined) throw stepFailure(`invalid ${type} object: missing ${missing} header`);
  return type === 'tag' ? signedTag([...headers, ...rest]) : signedCommit(headers, rest);
}

/** The signature of a tag is the end of its message. */
function signedTag(lines: readonly string[]): GitObject {
  const begin = lines.findIndex((line) => SIGNATURE.test(line));
  const [signed, signature] = begin < 0 ? [lines, []] : [lines.slice(0, begin), lines.slice(begin)];
  return {
    type: 'tag',
    signature: signature.join('\n'),
    signedData: Buffer.from(`${signed.join('\n')}\n`, 'latin1'),
  };
}

/** That of a commit is a header, whose further lines begin with a space. */
function signedCommit(headers: readonly string[], rest: readonly string[]): GitObject {
  const signature: string[] = [];
  const signed: string[] = [];
  let inside = false;
  for (const line of headers) {
    const [, begin] = /^gpgsig(?:-sha256)? (.*)$/s.exec(line) ?? [];
    if (begin !== undefined) {
      inside = true;
      signature.push(begin);
    } else if (inside && line.startsWith(' ')) {
      signature.push(line.slice(1));
    } else {
      inside = false;
      signed.push(line);
    }
  }
  const signedData = Buffer.from([...signed, ...rest].join('\n'), 'latin1');
  return { type: 'commit', signature: signature.join('\n'), signedData };
}

function checkId(raw: Buffer, type: GitObject['type'], id: string): void {
  const hash = createHash(id.length === 64 ? 'sha256' : 'sha1');
  const found = hash.update(`${type} ${raw.length}\0`).update(raw).digest('hex');
  if (found === id) return;
  throw stepFailure(
    `${type} object checksum verification failed: checksum mismatch: expected ${id}, got ${found}`,
  );
}
