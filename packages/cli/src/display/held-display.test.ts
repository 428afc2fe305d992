import type { ProgressEvent } from '@llb-ts/backend';
import { expect, it } from 'vitest';
import { HeldDisplay } from './held-display.ts';

it('shows what happened while the terminal was given away afterwards, in order', async () => {
  const seen: string[] = [];
  const display = new HeldDisplay(() => ({
    show: (event) => seen.push(event.type === 'warning' ? event.message : event.type),
    rest: () => seen.push('rest'),
    close: () => seen.push('close'),
  }));
  const say = (message: string): ProgressEvent => ({ type: 'warning', message, time: 0 });
  display.show(say('before'));
  await display.during(async () => {
    display.show(say('one'));
    display.show(say('two'));
    expect(seen).toEqual(['before', 'rest']);
  });
  display.show(say('after'));
  display.close();
  expect(seen).toEqual(['before', 'rest', 'one', 'two', 'after', 'close']);
});
