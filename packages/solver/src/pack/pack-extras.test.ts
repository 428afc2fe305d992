import fs from 'node:fs';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../../../../test/support/temporary.ts';
import { ChainTree } from '../chain/chain-tree.ts';
import { LayerStats } from '../layer/layer-stats.ts';
import { unchangedNames } from './pack-extras.ts';

const folder = temporaryFolder();

it('finds unchanged names of a file with two, though its links were counted before one more was made', async () => {
  const [upper, computed] = [`${folder}/upper`, `${folder}/computed`];
  for (const one of [upper, computed]) fs.mkdirSync(one);
  fs.symlinkSync('a', `${upper}/changed`);
  fs.linkSync(`${upper}/changed`, `${upper}/unchanged`);
  fs.writeFileSync(`${upper}/single`, '');
  const tree = new ChainTree([{ id: 'upper', path: upper }], new LayerStats());
  for (const name of ['/changed', '/unchanged', '/single']) expect(tree.lookup(name)).toBeDefined();
  for (const name of ['changed', 'single']) fs.linkSync(`${upper}/${name}`, `${computed}/${name}`);
  const pacer = { signal: new AbortController().signal, pause: async () => {} };
  const extras = await unchangedNames(computed, tree, pacer);
  expect([...extras.keys()]).toEqual(['/unchanged']);
});
