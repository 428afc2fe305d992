import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PlatformOutcome } from './outcome.ts';

/** BuildKit's results of the cases, written by `update.ts`. */
export const EXPECTED = join(import.meta.dirname, 'expected.json');

export function readExpected(): Readonly<Record<string, PlatformOutcome>> {
  if (!existsSync(EXPECTED)) return {};
  return JSON.parse(readFileSync(EXPECTED, 'utf8')) as Readonly<Record<string, PlatformOutcome>>;
}
