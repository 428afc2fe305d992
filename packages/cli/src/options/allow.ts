import { suggestion } from '@llb-ts/llb';
import { usageError } from '../error/cli-error.ts';

const entitlements = ['network.host', 'security.insecure', 'device'] as const;

/** Checks `--allow` values (`util/entitlements`); only `device` takes a value, as in `device=vendor.com/gpu`. */
export function parseAllow(values: readonly string[]): readonly string[] {
  for (const value of values) {
    const name = value.startsWith('device=') ? 'device' : value;
    if (!(entitlements as readonly string[]).includes(name)) {
      throw usageError(`--allow ${value}: unknown entitlement`, suggestion(name, entitlements));
    }
  }
  return values;
}
