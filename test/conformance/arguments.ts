import { parseArgs } from 'node:util';
import { exitOnInterrupt } from '../support/temporary.ts';

/** The flags that the conformance programs share. */
export const FLAGS = {
  suite: { type: 'string', multiple: true },
  case: { type: 'string' },
  jobs: { type: 'string', default: '2' },
  corpus: { type: 'string' },
  addr: { type: 'string' },
  executor: { type: 'string' },
  images: { type: 'boolean', default: false },
  'no-exec': { type: 'boolean', default: false },
  'no-images': { type: 'boolean', default: false },
  reference: { type: 'boolean', default: false },
  verbose: { type: 'boolean', short: 'v', default: false },
  seed: { type: 'string' },
  count: { type: 'string', default: '100' },
  minutes: { type: 'string', default: '10' },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

export type Flags = ReturnType<typeof readFlags>;

/** Reads the command line; prints `usage` and ends when it cannot be used or `--help` is there. */
export function readFlags(usage: string) {
  exitOnInterrupt();
  try {
    // `pnpm run x -- --flag` hands the dashes on.
    const args = process.argv.slice(2).filter((arg, at) => !(at === 0 && arg === '--'));
    const { values } = parseArgs({ args, options: FLAGS });
    if (!values.help) return values;
    console.log(usage);
    process.exit(0);
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage}`);
    process.exit(2);
  }
}
