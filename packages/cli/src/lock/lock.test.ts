import { describe, expect, it } from 'vitest';
import { Lock } from './lock.ts';

const digest = `sha256:${'a'.repeat(64)}`;
const commit = 'b'.repeat(40);

describe('a lock', () => {
  const lock = Lock.empty.with([
    { name: 'z', pin: { kind: 'image', digest } },
    { name: 'https://x/y', pin: { kind: 'http', checksum: digest, filename: 'y' } },
    { name: 'a', pin: { kind: 'image', digest } },
    { name: 'https://x/y', pin: { kind: 'git', commit } },
  ]);

  it('is sorted text, whatever the order it was made in', () => {
    expect(lock.text).toBe(`{
  "version": 1,
  "images": {
    "a": "${digest}",
    "z": "${digest}"
  },
  "git": {
    "https://x/y": "${commit}"
  },
  "http": {
    "https://x/y": {
      "checksum": "${digest}",
      "filename": "y"
    }
  }
}
`);
    expect(Lock.empty.with(lock.sources.toReversed()).text).toBe(lock.text);
  });

  it('reads what it wrote', () => {
    expect(Lock.parse(lock.text, 'x').sources).toEqual(lock.sources);
    expect(Lock.parse(Lock.empty.text, 'x').sources).toEqual([]);
  });

  it('is another with new values, and stays itself', () => {
    const other = `sha256:${'c'.repeat(64)}`;
    const next = lock.with([{ name: 'a', pin: { kind: 'image', digest: other } }]);
    expect(next.get('image', 'a')).toEqual({ kind: 'image', digest: other });
    expect(next.get('git', 'https://x/y')).toEqual({ kind: 'git', commit });
    expect(lock.get('image', 'a')).toEqual({ kind: 'image', digest });
    expect(lock.get('git', 'a')).toBeUndefined();
  });

  it.each([
    ['', 'it is no JSON'],
    ['[]', 'it is no lock'],
    ['{}', 'its version is undefined'],
    ['{"version":1,"git":[]}', 'git is no object'],
    ['{"version":1,"git":{"x":"main"}}', 'git: x is locked to "main", which is no commit'],
    [`{"version":1,"http":{"x":"${digest}"}}`, 'which is no checksum and file name'],
    [`{"version":1,"images":{"x":"${digest}0"}}`, 'which is no digest'],
  ])('is refused where it is broken: %s', (text, message) => {
    expect(() => Lock.parse(text, 'dir/llb.lock.json')).toThrow(message);
  });
});
