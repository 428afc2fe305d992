import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../../../../test/support/temporary.ts';
import { FolderTree } from '../../tree/folder-tree.ts';
import type { Tree } from '../../tree/tree.ts';
import type { ExportResult } from '../base/result.ts';
import { outgoing } from './outgoing.ts';
import type { TreeOptions } from './tree-options.ts';

/** Trees with a file, a second name of it and links, by platform. */
function result(...ids: string[]): ExportResult<Tree> {
  const parts = ids.map((id) => {
    const folder = temporaryFolder();
    fs.mkdirSync(`${folder}/d`);
    fs.writeFileSync(`${folder}/d/a`, id);
    fs.linkSync(`${folder}/d/a`, `${folder}/d/b`);
    fs.symlinkSync('/d//../d/a', `${folder}/absolute`);
    fs.symlinkSync('/../up/', `${folder}/upwards`);
    fs.symlinkSync('../d/a', `${folder}/relative`);
    const [system = '', architecture = ''] = id.split('/');
    return { id, platform: { os: system, architecture }, content: new FolderTree(folder) };
  });
  return { kind: 'platforms', parts };
}

function lines(from: ExportResult<Tree>, options: Partial<TreeOptions>, split: boolean): string[] {
  return [...outgoing(from, { mode: 'copy', ...options }, split)].map((one) => {
    if (one.kind === 'folder') return `${one.path}/ ${one.mtimeNs}`;
    return one.path + (one.linkname === undefined ? '' : ` -> ${one.linkname}`);
  });
}

describe('outgoing', () => {
  it('has a folder for each platform, by name, which links to absolute paths do not leave', () => {
    expect(lines(result('linux/arm64', 'linux/amd64'), {}, true)).toEqual([
      'linux_amd64/ 0',
      'linux_amd64/absolute -> /linux_amd64/d/a',
      'linux_amd64/d',
      'linux_amd64/d/a',
      'linux_amd64/d/b -> linux_amd64/d/a',
      'linux_amd64/relative -> ../d/a',
      'linux_amd64/upwards -> /up',
      'linux_arm64/ 0',
      'linux_arm64/absolute -> /linux_arm64/d/a',
      'linux_arm64/d',
      'linux_arm64/d/a',
      'linux_arm64/d/b -> linux_arm64/d/a',
      'linux_arm64/relative -> ../d/a',
      'linux_arm64/upwards -> /up',
    ]);
  });

  it('takes the part that is wanted of each, at the time that is wanted', () => {
    const options = { source: 'd', epochNs: 7n };
    expect(lines(result('linux/arm64'), options, true)).toEqual([
      'linux_arm64/ 7',
      'linux_arm64/a',
      'linux_arm64/b -> linux_arm64/a',
    ]);
  });

  it('without folders, lets directories be common and nothing else', () => {
    expect(() => lines(result('linux/arm64', 'linux/amd64'), {}, false)).toThrow(
      'cannot overwrite absolute from linux/arm64 with linux/amd64 when split option is disabled',
    );
    expect(lines(result('linux/arm64'), {}, false)).toContain('d/b -> d/a');
  });

  it('names the folder of a single result after its platform', () => {
    const platform = { os: 'linux', architecture: 'arm', variant: '', osVersion: '', osFeatures: [] };
    const { parts } = result('linux/arm') as Extract<ExportResult<Tree>, { kind: 'platforms' }>;
    const single = { kind: 'single', content: parts[0]!.content, imageConfig: { platform } } as const;
    expect(lines(single, {}, true)[0]).toBe('linux_arm_v7/ 0');
    expect(lines(single, {}, false)[0]).toBe('absolute -> /d//../d/a');
  });
});
