/** Times as Go writes them in JSON: RFC 3339 with as many digits behind the second as it takes. */
import { exportFailure } from './failure.ts';

/** Of milliseconds since 1970. Fails with code `export` for years that the format has no room for. */
export function timeText(ms: number): string {
  const date = new Date(ms);
  const year = date.getUTCFullYear();
  if (!(year >= 0 && year <= 9999)) {
    throw exportFailure('failed to marshal history: Time.MarshalJSON: year outside of range [0,9999]');
  }
  return date.toISOString().replace(/\.?0*Z$/, 'Z');
}

/** Of seconds since 1970. */
export function epochText(seconds: bigint): string {
  return timeText(Number(seconds) * 1_000);
}

/** The same time in Go's spelling. */
export function respelled(text: string): string {
  return text
    .replace(/[+-]00:00$/, 'Z')
    .replace(/\.(\d*?)0*(Z|[+-]\d\d:\d\d)$/, (_, digits: string, zone: string) =>
      digits === '' ? zone : `.${digits}${zone}`,
    );
}

/** True if a text means a time later than `seconds` since 1970. */
export function isAfter(text: string, seconds: bigint): boolean {
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) return false;
  const limit = Number(seconds) * 1_000;
  // Digits that JavaScript does not keep still make it later.
  return ms > limit || (ms === limit && /\.\d*[1-9]/.test(text));
}
