import { afterEach, beforeEach, describe, expect, it, test, vi } from 'vitest';
import { Interrupts, leaveSignalsToSystem } from './interrupts.ts';

class Exit extends Error {}

const exit = vi.spyOn(process, 'exit');
let before: readonly NodeJS.SignalsListener[];

// As the real one, it does not return.
beforeEach(() => {
  before = process.listeners('SIGINT');
  exit.mockImplementation((code) => {
    throw new Exit(String(code));
  });
});
afterEach(() => {
  exit.mockReset();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    for (const listener of process.listeners(signal)) {
      if (!before.includes(listener)) process.off(signal, listener);
    }
  }
});

describe('signals', () => {
  it('end the process at once while there is nothing to clean up', () => {
    const interrupts = new Interrupts();
    expect(() => process.emit('SIGTERM', 'SIGTERM')).toThrow(new Exit('143'));
    expect(interrupts.signal.aborted).toBe(false);
  });

  it('are left to the system until the next turn of the event loop', async () => {
    const interrupts = new Interrupts();
    const before = process.listenerCount('SIGINT');
    leaveSignalsToSystem();
    expect(process.listenerCount('SIGINT')).toBe(before - 1);
    await new Promise(setImmediate);
    expect(process.listenerCount('SIGINT')).toBe(before);
    await interrupts.guard(async () => {
      leaveSignalsToSystem();
      expect(process.listenerCount('SIGINT')).toBe(before);
    });
  });

  it('ask guarded work to stop; the second one does not wait for it', async () => {
    const interrupts = new Interrupts();
    await interrupts.guard(async () => {
      process.emit('SIGINT', 'SIGINT');
      expect(exit).not.toHaveBeenCalled();
      expect(interrupts.signal.aborted).toBe(true);
      expect(() => process.emit('SIGINT', 'SIGINT')).toThrow(new Exit('130'));
    });
    expect(interrupts.exitCode).toBe(130);
  });
});

test('a mistake of somebody else stops guarded work, which then fails with it', async () => {
  const interrupts = new Interrupts();
  const mistake = new Error('thrown in a timer');
  expect(interrupts.fail(mistake)).toBe(false);
  const work = interrupts.guard(async () => {
    expect(interrupts.fail(mistake)).toBe(true);
    if (interrupts.signal.aborted) throw new Error('stopped');
  });
  await expect(work).rejects.toBe(mistake);
});
