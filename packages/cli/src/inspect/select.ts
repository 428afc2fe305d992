import { CliError, usageError } from '../error/cli-error.ts';
import type { Graph, Step } from './graph.ts';

/** The one step whose digest begins with `prefix`, with or without `sha256:`, or whose number is `#prefix`. */
export function selectStep({ steps }: Graph, prefix: string): Step {
  const number = /^#(\d+)$/.exec(prefix)?.[1];
  if (number !== undefined) {
    const step = steps[Number(number) - 1];
    if (step) return step;
    throw usageError(`there is no step ${prefix}`, `the definition has ${steps.length}`);
  }
  const hex = prefix.replace(/^sha256:/, '').toLowerCase();
  if (!/^[0-9a-f]+$/.test(hex))
    throw usageError(`${prefix} is no beginning of a digest`, 'give hexadecimal digits');
  const found = steps.filter((step) => step.entry.digest.startsWith(`sha256:${hex}`));
  const [only] = found;
  if (!only)
    throw usageError(
      `no step has a digest that begins with ${hex}`,
      'llb-ts inspect without --digest lists them',
    );
  if (found.length === 1) return only;
  throw new CliError('usage', `${found.length} steps have a digest that begins with ${hex}`, {
    notes: found.slice(0, 5).map((step) => [`#${step.number}`, `${step.entry.digest} ${step.name}`]),
    help: 'give more digits',
  });
}
