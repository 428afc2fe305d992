import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { beforeEach, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../../../test/support/temporary.ts';
import { writeData, writeFileWhole } from './write-data.ts';

let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
});

describe('writing a file whole', () => {
  it('replaces what was there and leaves nothing beside', async () => {
    writeFileSync(join(folder, 'a'), 'old');
    await writeFileWhole(join(folder, 'a'), 'new');
    expect(readFileSync(join(folder, 'a'), 'utf8')).toBe('new');
    expect(readdirSync(folder)).toEqual(['a']);
  });

  it('fails without leaving a draft', async () => {
    mkdirSync(join(folder, 'a'));
    await expect(writeFileWhole(join(folder, 'a'), 'new')).rejects.toThrow(
      /cannot write .*: it is a directory/,
    );
    expect(readdirSync(folder)).toEqual(['a']);
    await expect(writeFileWhole(join(folder, 'no/a'), 'new')).rejects.toThrow(/no such file or directory/);
    expect(existsSync(join(folder, 'no'))).toBe(false);
  });
});

describe('writing data', () => {
  const failing = (code: string) => {
    const stream = new Writable({
      write: (_chunk, _encoding, done) => done(Object.assign(new Error(code), { code })),
    });
    return stream.on('error', () => {});
  };

  it('tells when the reader is gone, and fails for any other reason', async () => {
    expect(await writeData(failing('EPIPE'), 'x')).toBe(false);
    await expect(writeData(failing('ENOSPC'), 'x')).rejects.toThrow(
      'cannot write to standard output: no space left on the device',
    );
    expect(await writeData(new Writable({ write: (_c, _e, done) => done() }), 'x')).toBe(true);
  });
});
