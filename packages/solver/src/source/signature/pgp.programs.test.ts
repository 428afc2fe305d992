import fs from 'node:fs';
import path from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../../../../test/support/temporary.ts';
import { verifyPgp } from './pgp.ts';
import { hasProgram } from './testing/programs.ts';

interface Verdict {
  readonly signature: string;
  readonly key: string;
  readonly rejectExpired: boolean;
  readonly content: string;
  /** Empty: it counts. */
  readonly error: string;
}

const data = new URL('./testdata/', import.meta.url);
const read = (name: string) => fs.readFileSync(new URL(name, data), 'utf8');
/** BuildKit's own, of signatures that GnuPG made. */
const verdicts = JSON.parse(read('verdicts.json')) as readonly Verdict[];

let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
});

function verify(signature: string, publicKeys: string, content: string, rejectExpired: boolean) {
  const file = path.join(folder, 'content');
  fs.writeFileSync(file, content);
  const { signal } = new AbortController();
  return verifyPgp({ file, signature, publicKeys, rejectExpired, folder, signal });
}

describe.runIf(hasProgram('gpg'))('verifyPgp', () => {
  // BuildKit reads ahead and so loses every key behind the first block, though it means to read them all.
  const isLost = ({ signature, key }: Verdict) => signature === 'rsa' && key === 'both';

  it.each(verdicts.filter((one) => !isLost(one)))(
    'thinks of $signature by $key (expired: $rejectExpired, of $content) as BuildKit does: $error',
    async ({ signature, key, rejectExpired, content, error }) => {
      const answer = await verify(
        read(`${signature}.sig.asc`),
        read(`${key}.key.asc`),
        content,
        rejectExpired,
      ).then(
        () => '',
        (failure: Error) => failure.message,
      );
      // Of a signature that is wrong, Go also says by which algorithm; GnuPG looks at the content before the hash.
      const wrong = content === 'other' && answer.endsWith('openpgp: invalid signature');
      if (!wrong) expect(answer).toBe(error);
      expect(answer === '').toBe(error === '');
    },
  );

  it('takes any of several keys', async () => {
    await verify(read('rsa.sig.asc'), read('both.key.asc'), read('content'), true);
  });

  it.each([
    ['no signature', 'failed to decode armored signature', '', 'ed.key.asc'],
    [
      'a broken signature',
      'no signature packet found',
      '-----BEGIN PGP SIGNATURE-----\n\nxx\n',
      'ed.key.asc',
    ],
    ['no key', 'no armored data found', 'ed.sig.asc', ''],
    ['a broken key', 'no usable key found', 'ed.sig.asc', '-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nxx\n'],
    ['a signature as a key', 'expected public key block, got: PGP SIGNATURE', 'ed.sig.asc', 'ed.sig.asc'],
  ])('refuses %s', async (_, message, signature, key) => {
    const text = (name: string) => (name.endsWith('.asc') ? read(name) : name);
    await expect(verify(text(signature), text(key), read('content'), false)).rejects.toMatchObject({
      code: 'step',
      message: expect.stringContaining(message),
    });
  });
});

it('says what is missing', async () => {
  const { PATH } = process.env;
  process.env.PATH = folder;
  try {
    await expect(
      verify(read('ed.sig.asc'), read('ed.key.asc'), read('content'), false),
    ).rejects.toMatchObject({ code: 'environment', details: { hint: 'install GnuPG (Debian: gpg)' } });
  } finally {
    process.env.PATH = PATH;
  }
});
