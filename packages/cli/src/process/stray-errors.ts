type Handler = (error: unknown) => void;

// The process has one place for errors that are not awaited; code that runs a build file takes it over meanwhile.
let current: Handler | undefined;
let translate: (error: unknown) => unknown = (error) => error;

/** Sends errors of callbacks and rejections that are not awaited to `handler`; the answer gives the place back. */
export function takeStrayErrors(handler: Handler): () => void {
  const before = current;
  if (!before) {
    for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
      process.on(event, (error: unknown) => current?.(translate(error)));
    }
  }
  current = handler;
  return () => {
    current = before ?? handler;
  };
}

/** From now on handlers get what `change` makes of an error. */
export function translateStrayErrors(change: (error: unknown) => unknown): void {
  translate = change;
}
