import { Local, LocalUniqueID } from '@llb-ts/llb';
import { describe, expect, it } from 'vitest';
import { localsOf } from '../look.ts';
import { marshal } from '../marshal.ts';
import type { LocalIgnoreFile } from './context.ts';
import { parseIgnoreFile } from './ignore-file.ts';

describe('an ignore file', () => {
  it('is read as BuildKit reads it', () => {
    const text = '\ufeff# comment\n  # none\r\n/a/./b/\n\n  c \n!/d/../e\n! f\n!\n**/*.o\n/\n';
    expect(parseIgnoreFile(text)).toEqual(['# none', 'a/b', 'c', '!e', '!f', '!', '**/*.o', '/']);
  });

  it('adds patterns, before those of the build file', async () => {
    const asked: LocalIgnoreFile[] = [];
    const state = Local('ctx', { ignoreFile: '.dockerignore', dir: '..', excludePatterns: ['!keep'] });
    const { entries } = await marshal(state, {
      constraints: [LocalUniqueID('u')],
      ignoreFileText: (local) => {
        asked.push(local);
        return 'dist\n';
      },
    });
    expect(asked).toEqual([{ name: 'ctx', dir: '..', ignoreFile: '.dockerignore' }]);
    expect(entries[0]?.op.op).toMatchObject({ attrs: { 'local.excludepatterns': '["dist","!keep"]' } });
    expect(localsOf(state)).toMatchObject([{ name: 'ctx', dir: '..' }]);
  });

  it('may be missing, but not who reads it', async () => {
    const state = Local('ctx', { ignoreFile: '.dockerignore' });
    const { entries } = await marshal(state, { ignoreFileText: () => undefined });
    expect(Object.keys(entries[0]?.metadata.caps ?? {})).toEqual(['source.local', 'source.local.unique']);
    await expect(marshal(state)).rejects.toMatchObject({
      message: 'nobody reads .dockerignore of Local("ctx")',
      callSite: { filename: expect.stringContaining('ignore-file.test.ts') },
    });
  });
});
