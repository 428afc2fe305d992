import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { parseGitObject } from './git-object.ts';

function parse(type: 'commit' | 'tag', lines: readonly string[]) {
  const raw = Buffer.from(lines.join('\n'), 'latin1');
  const id = createHash('sha1').update(`${type} ${raw.length}\0`).update(raw).digest('hex');
  const { signature, signedData, ...rest } = parseGitObject(raw, id);
  return { ...rest, signature, signed: signedData.toString('latin1') };
}

const commit = ['tree t', 'parent p', 'author a', 'committer c'];
const tag = ['object o', 'type commit', 'tag v1', 'tagger t'];

describe('parseGitObject', () => {
  it('parts a commit from its signature', () => {
    const signature = ['gpgsig -----BEGIN PGP SIGNATURE-----', ' ', ' abc', ' -----END PGP SIGNATURE-----'];
    const message = ['', 'gpgsig no signature', ' caf\xe9', ''];
    expect(parse('commit', [...commit, ...signature, 'encoding latin1', ...message])).toEqual({
      type: 'commit',
      signature: '-----BEGIN PGP SIGNATURE-----\n\nabc\n-----END PGP SIGNATURE-----',
      signed: [...commit, 'encoding latin1', ...message].join('\n'),
    });
    expect(parse('commit', [...commit, ...message])).toMatchObject({ signature: '' });
  });

  it('parts a tag from its signature', () => {
    const signature = ['-----BEGIN SSH SIGNATURE-----', 'abc', '-----END SSH SIGNATURE-----', ''];
    expect(parse('tag', [...tag, '', 'message', ...signature])).toEqual({
      type: 'tag',
      signature: signature.join('\n'),
      signed: `${[...tag, '', 'message'].join('\n')}\n`,
    });
  });

  it.each([
    ['commit', commit.slice(0, 3), 'invalid commit object: missing committer header'],
    ['commit', [...commit.slice(1), '', 'tree t'], 'invalid commit object: missing tree header'],
    ['tag', tag.slice(0, 3), 'invalid tag object: missing tagger header'],
  ] as const)('refuses a %s that lacks something', (type, lines, message) => {
    expect(() => parse(type, [...lines, '', 'message'])).toThrow(message);
  });

  it('refuses another object than the one that was meant', () => {
    expect(() => parseGitObject(Buffer.from(`${commit.join('\n')}\n\n`), 'a'.repeat(40))).toThrow(
      `commit object checksum verification failed: checksum mismatch: expected ${'a'.repeat(40)}, got `,
    );
  });
});
