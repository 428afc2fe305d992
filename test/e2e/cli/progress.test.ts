import { describe, expect, test } from 'vitest';
import { build } from './examples.ts';
import { withRig } from './rig.ts';
import { onTerminal } from './terminal.ts';

describe('progress', () => {
  test('plain is the form of BuildKit', async () => {
    await withRig({ 'build.ts': build }, async (rig) => {
      const { stderr } = await rig.call(['solve', 'build.ts', 'merged', '-o', 'out', '--progress', 'plain']);
      expect(stderr).toMatch(/^#1 mkfile \/(hello|b)\n#1 DONE \d\.\ds\n\n#2 /);
      expect(stderr).toMatch(/\n#\d exporting to client directory\n(#\d .*\n)*#\d DONE \d\.\ds\nsolved in /);
      const again = await rig.call(['solve', 'build.ts', 'merged']);
      expect(again.stderr.match(/^#\d CACHED$/gm)).toHaveLength(3);
    });
  });

  test('quiet prints nothing', async () => {
    await withRig({ 'build.ts': build }, async (rig) => {
      const { status, stdout, stderr } = await rig.call([
        'solve',
        'build.ts',
        'merged',
        '-o',
        'out',
        '--progress',
        'quiet',
      ]);
      expect([status, stdout, stderr]).toEqual([0, '', '']);
    });
  });

  test('rawjson prints one status a line and nothing else', async () => {
    await withRig({ 'build.ts': build }, async (rig) => {
      const { stderr } = await rig.call([
        'solve',
        'build.ts',
        'merged',
        '-o',
        'out',
        '--progress',
        'rawjson',
      ]);
      const lines = stderr
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown[]>);
      const names = ['vertexes', 'statuses', 'logs', 'warnings'];
      for (const line of lines) expect(names).toContain(Object.keys(line)[0]);
      const completed = lines
        .flatMap(({ vertexes = [] }) => vertexes as { completed?: string }[])
        .filter((v) => v.completed);
      expect(completed.length).toBeGreaterThanOrEqual(4);
    });
  });

  test('on a terminal it is a picture that folds away, and the failure stays', async () => {
    await withRig({ 'build.ts': build }, async (rig) => {
      const good = await onTerminal(rig, ['solve', 'build.ts', 'merged', '-o', 'out']);
      expect(good.status).toBe(0);
      expect(good.screen.trimEnd()).toMatch(/^solved in .* → out\/$/);
      const bad = await onTerminal(rig, ['solve', 'build.ts', 'failing', '-o', 'out']);
      expect(bad.status).toBe(1);
      expect(bad.screen).toMatch(/^ => ERROR copy \/nosuch \/app +\d\.\ds\nerror: .*nosuch/);
    });
  });
});
