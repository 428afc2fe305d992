/** Attribute values as Go's `strconv` reads them, with its texts. */

const TRUE = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);
const FALSE = new Set(['0', 'f', 'F', 'FALSE', 'false', 'False']);

/** A boolean; undefined if it is none. */
export function parseBool(value: string): boolean | undefined {
  if (TRUE.has(value)) return true;
  return FALSE.has(value) ? false : undefined;
}

/** Go's text for a boolean that is none. */
export function boolError(value: string): string {
  return `strconv.ParseBool: parsing ${JSON.stringify(value)}: invalid syntax`;
}

/** A decimal integer of 64 bits, or Go's text why it is none. */
export function parseInt64(value: string): bigint | { readonly error: string } {
  const why = (reason: string) => ({
    error: `strconv.ParseInt: parsing ${JSON.stringify(value)}: ${reason}`,
  });
  if (!/^[+-]?[0-9]+$/.test(value)) return why('invalid syntax');
  const number = BigInt(value.startsWith('+') ? value.slice(1) : value);
  return BigInt.asIntN(64, number) === number ? number : why('value out of range');
}
