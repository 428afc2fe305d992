import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../../../../test/support/temporary.ts';
import { pinPart, selectPart } from './selector.ts';

const dir = temporaryFolder();

fs.writeFileSync(`${dir}/f`, '');
fs.symlinkSync('self', `${dir}/self`);
fs.symlinkSync('/gone/deep', `${dir}/dangling`);
fs.symlinkSync('elsewhere', `${dir}/where`);

describe.each([
  ['selectPart', selectPart],
  ['pinPart', (tree: string, selector: string) => pinPart(tree, selector, `${dir}/unused`).path],
])('%s', (_, select) => {
  it.each([
    ['self', 'too many links'],
    ['self/x', 'too many links'],
    ['/gone', 'open /gone: no such file or directory'],
    ['gone/x', 'open gone/x: no such file or directory'],
    ['dangling', 'open /gone/deep: no such file or directory'],
    ['dangling/x', 'open /gone/deep/x: no such file or directory'],
    // If the path ends with the selector, BuildKit names the selector.
    ['where', 'open where: no such file or directory'],
    ['f/x', 'lstat f/x: not a directory'],
  ])('says of %s what BuildKit says', (selector, message) => {
    expect(() => select(dir, selector)).toThrow(expect.objectContaining({ code: 'step', message }));
  });
});
