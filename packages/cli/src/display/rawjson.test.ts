import { readFileSync } from 'node:fs';
import type { ProgressEvent } from '@llb-ts/backend';
import { describe, expect, it } from 'vitest';
import { RawJsonDisplay } from './rawjson.ts';
import { recordedEvents } from './recorded-events.ts';

const folder = new URL('./recordings/', import.meta.url);
const read = (name: string) => readFileSync(new URL(name, folder), 'utf8');

function printed(events: readonly ProgressEvent[]): string {
  let out = '';
  const display = new RawJsonDisplay((text) => {
    out += text;
  });
  for (const event of events) display.show(event);
  display.close();
  return out;
}

/** Every vertex, status, log and warning that some lines hold, last word per vertex and status. */
function saidBy(jsonl: string): unknown {
  const lines = jsonl.trimEnd().split('\n');
  const last = new Map<string, unknown>();
  const logs: unknown[] = [];
  for (const line of lines) {
    const { vertexes = [], statuses = [], logs: more = [], warnings = [] } = JSON.parse(line);
    for (const v of vertexes) last.set(v.digest, v);
    for (const s of statuses) last.set(`${s.vertex} ${s.id}`, s);
    logs.push(...more, ...warnings);
  }
  return { last: Object.fromEntries(last), logs };
}

describe('rawjson progress', () => {
  it.each(['process-failed.jsonl', 'exported.jsonl', 'cached.jsonl', 'groups.jsonl', 'interleaved.jsonl'])(
    'says what buildctl said in %s, under the same names',
    (name) => {
      // Milliseconds as a double hold a quarter of a microsecond: compare times to the microsecond.
      const rounded = (text: string) => text.replace(/(\.\d{5})\d*Z/g, '$1Z').replace(/(\.\d*?)0+Z/g, '$1Z');
      const detail = (text: string) => text.replace(/,"detail":\[[^\]]*\]/, '');
      const ours = printed(recordedEvents(read(name)).flat());
      expect(saidBy(rounded(ours))).toEqual(saidBy(detail(rounded(read(name)))));
    },
  );

  it('leaves out what is empty and tells a stopped vertex as BuildKit does', () => {
    const out = printed([
      { type: 'vertex', time: 0, digest: 'sha256:aa', inputs: [], name: 'one' },
      { type: 'started', time: 1_000, digest: 'sha256:aa' },
      { type: 'log', time: 1_500, digest: 'sha256:aa', stream: 'stderr', data: Buffer.from('hi\n') },
      { type: 'completed', time: 2_000.25, digest: 'sha256:aa', cached: false, cancelled: true },
    ]);
    expect(out).toBe(
      [
        '{"vertexes":[{"digest":"sha256:aa","name":"one"}]}',
        '{"vertexes":[{"digest":"sha256:aa","name":"one","started":"1970-01-01T00:00:01Z"}]}',
        '{"logs":[{"vertex":"sha256:aa","stream":2,"data":"aGkK","timestamp":"1970-01-01T00:00:01.5Z"}]}',
        '{"vertexes":[{"digest":"sha256:aa","name":"one","started":"1970-01-01T00:00:01Z",' +
          '"completed":"1970-01-01T00:00:02.00025Z","error":"context canceled"}]}',
        '',
      ].join('\n'),
    );
  });
});
