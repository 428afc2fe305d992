import { createHash, randomUUID } from 'node:crypto';
import fs from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../../../test/support/temporary.ts';
import { BlobStore } from './blob-store.ts';

const text = 'hello\n';
const digest = `sha256:${createHash('sha256').update(text).digest('hex')}`;
let root: string;
let store: BlobStore;

function open(): BlobStore {
  return new BlobStore(root, () => {
    const folder = `${root}/stage-${randomUUID()}`;
    fs.mkdirSync(folder);
    return folder;
  });
}

async function* chunks(...parts: string[]) {
  for (const part of parts) yield Buffer.from(part);
}

async function collect(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const chunk of stream) parts.push(chunk);
  return Buffer.concat(parts).toString();
}

beforeEach(() => {
  root = temporaryFolder();
  store = open();
});

function leftovers(): string[] {
  return fs.readdirSync(root).filter((name) => name !== 'blobs');
}

describe('BlobStore', () => {
  it('gives back what it took', async () => {
    await store.ingest({ digest, size: 6 }, chunks('hel', 'lo\n'));
    expect(store.size(digest)).toBe(6);
    expect(store.read(digest)?.toString()).toBe(text);
    expect(await collect(store.stream(digest))).toBe(text);
    expect(leftovers()).toEqual([]);
  });

  it('takes the same blob twice', () => {
    expect(store.put(Buffer.from(text))).toBe(digest);
    expect(store.put(Buffer.from(text))).toBe(digest);
    const writer = store.writer();
    writer.write(Buffer.from(text));
    expect(writer.commit()).toBe(digest);
    expect(leftovers()).toEqual([]);
  });

  it('knows other algorithms', async () => {
    const other = `sha512:${createHash('sha512').update(text).digest('hex')}`;
    await store.ingest({ digest: other }, chunks(text));
    expect(store.read(other)?.toString()).toBe(text);
  });

  it.each([
    ['another content', { digest }, 'other', /unexpected commit digest/],
    ['another size', { digest, size: 5 }, text, /unexpected commit size 6, expected 5/],
  ])('keeps nothing of %s', async (_, expected, content, message) => {
    await expect(store.ingest(expected, chunks(content))).rejects.toThrow(message);
    expect(store.size(digest)).toBeUndefined();
    expect(leftovers()).toEqual([]);
  });

  it('does not trust the disk: a damaged blob is gone after the first read', async () => {
    store.put(Buffer.from(text));
    fs.writeFileSync(store.path(digest), 'jello\n');
    const later = open();
    await expect(collect(later.stream(digest))).rejects.toThrow('damaged');
    expect(later.size(digest)).toBeUndefined();
    store.put(Buffer.from(text));
    fs.writeFileSync(store.path(digest), 'jello\n');
    expect(open().read(digest)).toBeUndefined();
  });

  it.each([
    ['sha256:../../etc/passwd', 'invalid checksum digest format'],
    ['sha256:abc', 'invalid checksum digest length'],
    ['md5:abc', 'unsupported digest algorithm'],
    [`sha256:${'A'.repeat(64)}`, 'invalid checksum digest format'],
    ['', 'invalid checksum digest format'],
  ])('refuses the name %s', (name, message) => {
    expect(() => store.size(name)).toThrow(message);
  });
});
