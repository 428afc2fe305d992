import type { Caller } from '../base/call-site.ts';
import { show } from '../base/check.ts';
import { invalid } from '../base/error.ts';
import { normalizePlatform, type PlatformSpec } from '../value/platform.ts';
import type { Environment, Output } from './graph.ts';

const outputKinds: readonly unknown[] = ['result', 'mount', 'deferred', 'none'] satisfies Output['kind'][];

export function requireOutput(at: Caller, output: unknown): void {
  if (output === undefined || outputKinds.includes((output as Partial<Output> | null)?.kind)) return;
  throw invalid(at, `an output is needed, got ${show(output)}`, 'state.Output() is one');
}

/** The platform that an output was made for. */
export function platformOf(output: Output | undefined): PlatformSpec | undefined {
  if (output?.kind !== 'result' && output?.kind !== 'mount') return undefined;
  return output.platform && normalizePlatform(output.platform);
}

/** An environment for the platform that an output was made for. */
export function withPlatformOf(output: Output | undefined, environment: Environment): Environment {
  const platform = platformOf(output);
  return platform ? Object.freeze({ ...environment, platform }) : environment;
}

export function withoutPlatform(output: Output | undefined): Output | undefined {
  if (!platformOf(output)) return output;
  const { platform: _, ...rest } = output as Extract<Output, { platform?: PlatformSpec }>;
  return Object.freeze(rest) as Output;
}
