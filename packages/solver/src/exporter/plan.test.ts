import type { Output } from '@llb-ts/backend';
import { describe, expect, it } from 'vitest';
import { planExport } from './plan.ts';

function check(type: Output['type'], attrs: Record<string, string>): () => void {
  return () => planExport({ type, attrs, sink: { kind: 'none' } }, false);
}

describe('planExport', () => {
  it('takes what BuildKit takes', () => {
    for (const type of ['local', 'tar'] as const) {
      for (const attrs of [
        {},
        { mode: ' Delete ', src: 'a', 'platform-split': 'T', 'source-date-epoch': '-5' },
        { 'source-date-epoch': '', unknown: 'x' },
      ]) {
        expect(check(type, attrs)).not.toThrow();
      }
    }
  });

  it.each([
    [{ mode: 'move' }, 'invalid local exporter mode "move"'],
    [{ src: '' }, 'empty value for src; omit it to export the entire filesystem'],
    [
      { 'platform-split': 'yes' },
      'non-bool value for platform-split: yes: strconv.ParseBool: parsing "yes": invalid syntax',
    ],
    [
      { 'source-date-epoch': '1.5' },
      'invalid source-date-epoch: strconv.ParseInt: parsing "1.5": invalid syntax',
    ],
    [
      { 'source-date-epoch': '9223372036854775808' },
      'invalid source-date-epoch: strconv.ParseInt: parsing "9223372036854775808": value out of range',
    ],
  ])('refuses %j in BuildKit’s words', (attrs, message) => {
    expect(check('local', attrs)).toThrow(expect.objectContaining({ code: 'request', message }));
  });

  it('lets docker have one image', () => {
    const output = { type: 'docker', attrs: {}, sink: { kind: 'none' } } as const;
    expect(() => planExport(output, false)).not.toThrow();
    expect(() => planExport(output, true)).toThrow(
      'docker exporter does not currently support exporting manifest lists',
    );
    expect(() => planExport({ ...output, type: 'oci' }, true)).not.toThrow();
  });
});
