/** The place of the build file at which a verb was called, as the engine sees the running module (before any source map). */
export interface CallSite {
  /** URL or path of the module, as the engine names it. */
  readonly filename: string;
  /** 1 for the first line. */
  readonly line: number;
  /** 1 for the first character. */
  readonly column: number;
}

/** A public function, by which its caller is found on the stack and which messages name. */
export type Caller = (...args: never[]) => unknown;

const frames = (_: Error, stack: NodeJS.CallSite[]) => stack;

/**
 * The call site of `verb`: the first frame below it that has a file. About 3 µs, because only the frames below the
 * verb are collected (two: `states.map(Image)` has an engine frame between) and no text is made of them.
 */
export function callSiteOf(verb: Caller): CallSite | undefined {
  if (!Error.captureStackTrace) return undefined;
  const { stackTraceLimit, prepareStackTrace } = Error;
  const holder: { stack?: unknown } = {};
  try {
    Error.stackTraceLimit = 2;
    Error.prepareStackTrace = frames;
    Error.captureStackTrace(holder, verb);
    const stack = holder.stack;
    if (!Array.isArray(stack)) return undefined;
    for (const frame of stack as NodeJS.CallSite[]) {
      const filename = frame.getFileName();
      const line = frame.getLineNumber();
      if (filename && line) return { filename, line, column: frame.getColumnNumber() ?? 1 };
    }
    return undefined;
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
    Error.prepareStackTrace = prepareStackTrace;
  }
}
