import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import { PlainDisplay } from './plain.ts';
import { recordedEvents } from './recorded-events.ts';

// The .txt files are what BuildKit's own plain display printed for the same statuses, fed one by one.
const folder = new URL('./recordings/', import.meta.url);
const recordings = readdirSync(folder).filter((name) => name.endsWith('.jsonl'));

describe('plain progress', () => {
  it.each(recordings)('prints %s as BuildKit does', (name) => {
    let now = 0;
    let out = '';
    const display = new PlainDisplay(
      (text) => {
        out += text;
      },
      () => now,
    );
    for (const events of recordedEvents(readFileSync(new URL(name, folder), 'utf8'))) {
      for (const event of events) display.update(event);
      now += 1;
      display.flush();
      now += 5;
    }
    display.close();
    expect(out).toBe(readFileSync(new URL(name.replace('.jsonl', '.txt'), folder), 'utf8'));
  });

  it('says warnings about the build as a whole', () => {
    let out = '';
    const display = new PlainDisplay((text) => {
      out += text;
    });
    display.show({ type: 'warning', time: 0, message: 'mind the gap' });
    display.close();
    expect(out).toBe('WARN: mind the gap\n');
  });

  it('waits a little, so that what belongs together is printed together', () => {
    vi.useFakeTimers();
    try {
      let out = '';
      const display = new PlainDisplay((text) => {
        out += text;
      });
      display.show({ type: 'vertex', time: 0, digest: 'sha256:aa', inputs: [], name: 'one' });
      display.show({ type: 'started', time: 0, digest: 'sha256:aa' });
      vi.advanceTimersByTime(50);
      expect(out).toBe('');
      display.show({ type: 'completed', time: 50, digest: 'sha256:aa', cached: true });
      vi.advanceTimersByTime(60);
      expect(out).toBe('#1 one\n#1 CACHED\n');
      display.close();
      expect(out).toBe('#1 one\n#1 CACHED\n');
    } finally {
      vi.useRealTimers();
    }
  });
});
