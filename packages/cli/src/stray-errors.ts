type Handler = (error: unknown) => void;

// The process has one place for errors that nobody awaits; whoever runs others' code takes it over meanwhile.
let current: Handler | undefined;

/** Sends errors of callbacks and rejections that nobody awaits to `handler`; the answer gives the place back. */
export function takeStrayErrors(handler: Handler): () => void {
  const before = current;
  if (!before) {
    for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
      process.on(event, (error: unknown) => current?.(error));
    }
  }
  current = handler;
  return () => {
    current = before ?? handler;
  };
}
