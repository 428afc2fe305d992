/** The time an action gives to what it makes: nanoseconds since 1970, undefined for "leave it" (-1 in the op). */
export type Timestamp = bigint | undefined;

export function timestampOf(value: bigint): Timestamp {
  return value === -1n ? undefined : value;
}
