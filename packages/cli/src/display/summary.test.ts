import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname } from 'node:path';
import type { Output, ProgressEvent } from '@llb-ts/backend';
import { describe, expect, it } from 'vitest';
import { StepLogs } from './step-logs.ts';
import { StepCounts, summaryLine } from './summary.ts';

const completed = (digest: string, cached: boolean, error?: string): ProgressEvent => ({
  type: 'completed',
  time: 0,
  digest,
  cached,
  ...(error !== undefined && { error }),
});
const log = (digest: string, data: string | Uint8Array): ProgressEvent => ({
  type: 'log',
  time: 0,
  digest,
  stream: 'stdout',
  data: Buffer.from(data),
});

describe('the summary', () => {
  it('counts steps once and leaves out work beside the build', () => {
    const counts = new StepCounts((digest) => digest !== 'export');
    for (const event of [
      completed('a', false),
      completed('a', true),
      completed('b', true),
      completed('export', false),
    ]) {
      counts.add(event);
    }
    expect([counts.ran, counts.cached]).toEqual([1, 1]);
  });

  it('says what was done and where it went', () => {
    const counts = new StepCounts(() => true);
    counts.add(completed('a', false));
    const target = (type: Output['type'], sink: Output['sink'], attrs = {}) => ({
      type,
      sink,
      attrs,
    });
    const layer = (size: number) => ({ id: '', description: '', size });
    const shown = (path: string) => path.slice(1);
    const short = { took: 60, counts, outputs: [] };
    expect(
      summaryLine(
        {
          took: 1_234,
          counts,
          result: { metadata: {}, layers: [layer(12_000_000), layer(400_000)] },
          outputs: [
            target('local', { kind: 'directory', path: '/out' }),
            target('tar', { kind: 'file', path: '/a.tar' }),
            target('image', { kind: 'none' }, { name: 'x/y' }),
          ],
        },
        shown,
      ),
    ).toBe('solved in 1.2s: 1 ran, 0 cached; 2 layers, 12.4 MB → out/, a.tar, x/y');
    expect(summaryLine({ ...short, result: { metadata: {}, layers: [layer(999)] } }, shown)).toBe(
      'solved in 0.1s: 1 ran, 0 cached; 1 layer, 999 B',
    );
    expect(summaryLine({ ...short, result: { metadata: {} } }, shown)).toBe(
      'solved in 0.1s: 1 ran, 0 cached',
    );
  });
});

describe('the logs of steps', () => {
  it('are kept while a step runs and when it failed', () => {
    const logs = new StepLogs();
    for (const event of [log('a', 'one\ntw'), log('a', 'o\n'), log('b', 'x\n')]) logs.add(event);
    logs.add(completed('a', false, 'exit code: 1'));
    logs.add(completed('b', false));
    expect(logs.take('a')).toMatchObject({ lines: ['one', 'two'], count: 2 });
    expect(logs.take('b')).toBeUndefined();
  });

  it('keep the end of a long output, and all of it in a file', () => {
    const logs = new StepLogs();
    logs.add(log('a', 'first\n'));
    logs.add(log('a', Buffer.alloc(2 * 1024 * 1024, 'x\n')));
    logs.add(log('a', 'open'));
    const kept = logs.take('a');
    expect([kept?.lines[0], kept?.lines.at(-1), kept?.count]).toEqual(['open', 'open', (1 << 20) + 2]);
    const file = kept?.writeFile() ?? '';
    try {
      expect(readFileSync(file, 'utf8')).toMatch(/^first\nx\n(x\n)*open$/);
    } finally {
      rmSync(dirname(file), { recursive: true });
    }
  });

  it('leave no file of what ended well, or was not asked for', () => {
    const logs = new StepLogs();
    const files = () => readdirSync(tmpdir()).filter((name) => name.startsWith('llb-ts-log-')).length;
    const before = files();
    for (const digest of ['a', 'b'])
      for (let i = 0; i < 3; i++) logs.add(log(digest, Buffer.alloc(1024 * 1024, 'x\n')));
    logs.add(completed('a', false));
    logs.clear();
    expect(files()).toBe(before);
  });
});
