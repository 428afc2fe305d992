import type { ProgressEvent } from '@llb-ts/backend';

/** Shows a solve from its events alone. */
export interface Display {
  show(event: ProgressEvent): void;
  /** Shows what is still held back, and then writes nothing before the next event: another program has the terminal. */
  rest(): void;
  /** Shows what is still held back and releases the terminal. Nothing may be shown after. */
  close(): void;
}

export const quietDisplay: Display = Object.freeze({
  show: () => {},
  rest: () => {},
  close: () => {},
});
