import type { FailureCode } from '@llb-ts/backend';

/** Exit codes, as documented in the README. */
export const ExitCode = {
  done: 0,
  /** The build failed: a step, an export. */
  failed: 1,
  /** Wrong use: flags, arguments, a build.ts or definition that cannot be used. */
  usage: 2,
  /** The machine lacks something: permission, runtime, disk space, network. */
  environment: 3,
  /** A bug of ours. */
  bug: 70,
  interrupted: 130,
  terminated: 143,
} as const;

export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** The exit code of a failed solve. A cancelled one is answered by the signal that did it. */
export function exitCodeOf(code: FailureCode): ExitCode {
  switch (code) {
    case 'step':
    case 'export':
      return ExitCode.failed;
    case 'request':
      return ExitCode.usage;
    case 'environment':
      return ExitCode.environment;
    case 'internal':
      return ExitCode.bug;
    case 'cancelled':
      return ExitCode.interrupted;
  }
}
