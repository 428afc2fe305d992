import { findProgram } from '../host/programs.ts';
import { ownCapabilities } from './capabilities.ts';
import { DEFAULT_CAPABILITIES } from './defaults.ts';
import type { Ulimit } from './executor.ts';
import type { PreparedStep } from './prepared-step.ts';

/** Arguments of setpriv: groups and rights. The user comes later, for changing the root needs a right of root. */
export function identityArguments({ step, identity }: PreparedStep): readonly string[] {
  const ids = [`--regid=${identity.gid}`, `--groups=${identity.groups.join(',')}`];
  if (step.security === 'insecure') {
    const all = ownCapabilities()
      .map((name) => `+${nameFor(name)}`)
      .join(',');
    return [...ids, `--inh-caps=-all,${all}`, `--ambient-caps=-all,${all}`];
  }
  const given = DEFAULT_CAPABILITIES.map((name) => `+${nameFor(name)}`).join(',');
  return [...ids, '--inh-caps=-all', `--bounding-set=-all,${given}`, '--no-new-privs'];
}

function nameFor(capability: string): string {
  return capability.replace('CAP_', '').toLowerCase();
}

/** prlimit with its arguments; nothing where there are no limits. Fails for a limit that does not exist. */
export function limitArguments(ulimits: readonly Ulimit[]): readonly string[] {
  if (ulimits.length === 0) return [];
  const limits = ulimits.map(
    ({ name, soft, hard }) => `--${name.toLowerCase()}=${amount(soft)}:${amount(hard)}`,
  );
  return [findProgram('prlimit')!, ...limits];
}

function amount(limit: bigint): string {
  return limit === -1n ? 'unlimited' : String(BigInt.asUintN(64, limit));
}
