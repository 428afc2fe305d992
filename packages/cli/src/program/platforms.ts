import { isState, type PlatformSpec, type State } from '@llb-ts/llb';
import { CliError } from '../error/cli-error.ts';
import { platformText } from '../words/platform.ts';
import type { Exported } from './targets.ts';

/**
 * The platforms to build for: those that were asked for, else those that the build file names; none for a state that is
 * for this machine. Fails for one that `Platforms(…)` does not have.
 */
export function chosenPlatforms(
  exported: Exported,
  wanted: readonly PlatformSpec[],
  shown: string,
): readonly PlatformSpec[] {
  if (isState(exported)) return wanted;
  const named = exported.states.map(({ platform }) => platform);
  const names = named.map(platformText);
  const missing = wanted.map(platformText).find((name) => !names.includes(name));
  if (missing === undefined) return wanted.length > 0 ? wanted : named;
  throw new CliError('usage', `${shown} is not built for ${missing}`, {
    notes: [['platforms', names.join(', ')]],
  });
}

/** The state of a platform. A state that is not in `Platforms(…)` is for any. */
export function stateFor(exported: Exported, platform: PlatformSpec | undefined, shown: string): State {
  if (isState(exported)) return exported;
  const name = platform && platformText(platform);
  const found = exported.states.find((one) => platformText(one.platform) === name);
  if (found) return found.state;
  throw new CliError('program', `${shown} has a state for ${name} in one run and none in another`, {
    help: 'a build file runs once for each platform and should come to the same every time',
  });
}
