import { requestFailure } from '../../error/error.ts';
import { parseInt64 } from './go-values.ts';

/** Seconds since 1970 of `source-date-epoch`; undefined if it is missing or empty, which switches it off. */
export function sourceDateEpoch(attrs: Readonly<Record<string, string>>): bigint | undefined {
  const text = attrs['source-date-epoch'];
  if (text === undefined || text === '') return undefined;
  const epoch = parseInt64(text);
  if (typeof epoch === 'bigint') return epoch;
  throw requestFailure(`invalid source-date-epoch: ${epoch.error}`);
}
