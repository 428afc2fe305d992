import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readTar } from '../../support/read-tar.ts';
import { runLlbTs } from '../../support/solvers.ts';
import { withTemporaryFolder } from '../../support/temporary.ts';
import { pathsOf } from './rig.ts';

const README = readFileSync(join(import.meta.dirname, '../../../README.md'), 'utf8');
const [, example = ''] = /```ts\n(\/\/ build\.ts\n.*?)```/s.exec(README) ?? [];

test('the twenty lines of the README build what they say', () =>
  withTemporaryFolder(async (folder) => {
    mkdirSync(join(folder, 'src'));
    writeFileSync(join(folder, 'build.ts'), example);
    writeFileSync(join(folder, 'src/main.ts'), 'main');
    writeFileSync(join(folder, 'src/main.test.ts'), 'test');
    const tar = join(folder, 'out.tar');
    const flags = ['--output', `type=tar,dest=${tar}`, '--state-dir', join(folder, 'state')];
    const { status, stderr } = await runLlbTs(['solve', join(folder, 'build.ts'), 'default', ...flags]);
    expect(status, stderr).toBe(0);
    expect(pathsOf(readTar(tar))).toEqual(['/app', '/app/main.ts', '/etc', '/etc/motd']);
  }));
