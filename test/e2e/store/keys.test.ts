import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../support/temporary.ts';
import { type Rig, withRig } from '../cli/rig.ts';

const BUILD = `
import { Copy, Diff, Merge, Mkdir, Mkfile, Rm, Scratch } from 'llb-ts';
const base = Scratch().File(Mkdir('/d', 0o755).Mkfile('/d/a', 0o644, 'a'));
const next = base.File(Rm('/d/a')).File(Mkfile('/d/b', 0o644, 'b'));
const copy = Scratch().File(Copy(Merge(base, Diff(base, next)), '/d', '/copied'));
export default Merge(base, copy).File(Mkfile('/end', 0o644, ''));
`;

/** The keys of a store, as it keeps them beside results. */
async function keysOf(rig: Rig, ...flags: readonly string[]): Promise<readonly string[]> {
  const store = temporaryFolder();
  const { status, stderr } = await rig.call(['solve', '--state-dir', store, ...flags]);
  expect(status, stderr).toBe(0);
  const keys = readdirSync(join(store, 'cache')).map((name) => {
    const { key } = JSON.parse(readFileSync(join(store, 'cache', name), 'utf8')) as { key: unknown };
    return JSON.stringify(key);
  });
  return keys.sort();
}

test('keys name what made an input, so that they are the same in every store', async () => {
  await withRig({ 'build.ts': BUILD }, async (rig) => {
    const keys = await keysOf(rig);
    expect(keys.length).toBeGreaterThan(4);
    expect(await keysOf(rig)).toEqual(keys);
    // A result that was made without asking the cache must not stand for one that another store knows.
    expect(await keysOf(rig, '--no-cache')).not.toEqual(keys);
  });
});
