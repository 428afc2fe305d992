import { buffer } from 'node:stream/consumers';
import { extract, pack } from 'tar-stream';
import { describe, expect, it } from 'vitest';
import { readTar } from './tar-reader.ts';
import { encodeTarHeader, TAR_END, TAR_ZEROS, tarPadding } from './tar-writer.ts';
import type { NewTarHeader } from './tar-writer-header.ts';

/**
 * Both halves of our codec could be wrong in the same way. So what we write is read by another implementation, and what
 * that one writes is read by us, wherever it is known to be sound (its own headers lose large owners and late times).
 */
const entries = [
  { name: 'dir/', type: 'directory', mode: 0o755, content: '' },
  { name: 'dir/plain', type: 'file', mode: 0o644, content: 'content' },
  { name: `dir/${'long'.repeat(60)}`, type: 'file', mode: 0o4711, content: 'x'.repeat(513) },
  { name: 'dir/\u00fcml\u00e4ut', type: 'file', mode: 0o600, content: '' },
] as const;
const utf8 = (text: string) => Buffer.from(text).toString('latin1');

function ours({ name, type, mode, content }: (typeof entries)[number]): Buffer {
  const header: NewTarHeader = {
    type: type === 'directory' ? '5' : '0',
    name: utf8(name),
    size: content.length,
    mode,
    uid: 1000,
    gid: 100,
    mtimeNs: 1_500_000_000_000_000_000n,
    format: 'any',
  };
  const padding = TAR_ZEROS.subarray(0, tarPadding(content.length));
  return Buffer.concat([encodeTarHeader(header), Buffer.from(content), padding]);
}

describe('archives', () => {
  it('that we write are read by another implementation', async () => {
    const archive = Buffer.concat([...entries.map(ours), TAR_END]);
    const reader = extract();
    reader.end(archive);
    const seen: unknown[] = [];
    for await (const entry of reader) {
      const { name, type, mode, uid, gid, mtime } = entry.header;
      expect([uid, gid, mtime?.getTime()]).toEqual([1000, 100, 1_500_000_000_000]);
      seen.push({ name, type, mode, content: (await buffer(entry)).toString() });
    }
    expect(seen).toEqual(entries);
  });

  it('that another implementation writes are read by us', async () => {
    const writer = pack();
    for (const { name, type, mode, content } of entries) {
      writer.entry({ name, type, mode, uid: 7, gid: 8, mtime: new Date(1_500_000_000_000) }, content);
    }
    writer.finalize();
    const seen: unknown[] = [];
    for await (const { header, body } of readTar(writer as AsyncIterable<Uint8Array>)) {
      const chunks: Uint8Array[] = [];
      for await (const chunk of body) chunks.push(chunk);
      expect([header.uid, header.gid, header.mtimeNs]).toEqual([7, 8, 1_500_000_000_000_000_000n]);
      seen.push([header.name.replace(/\/$/, ''), header.mode, Buffer.concat(chunks).toString()]);
    }
    expect(seen).toEqual(
      entries.map(({ name, mode, content }) => [utf8(name).replace(/\/$/, ''), mode, content]),
    );
  });
});
