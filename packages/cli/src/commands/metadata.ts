/**
 * The answers of exporters, as `--metadata-file` holds them: a value that is base64 of a JSON object becomes that object,
 * every other stays text (`writeMetadataFile` in `cmd/buildctl/build.go`).
 */
export function metadataJson(metadata: Readonly<Record<string, string>>): string {
  const entries = Object.entries(metadata)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => [key, objectIn(value) ?? value]);
  return JSON.stringify(Object.fromEntries(entries), null, 2);
}

function objectIn(value: string): object | undefined {
  if (value.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(value)) return undefined;
  try {
    const parsed: unknown = JSON.parse(Buffer.from(value, 'base64').toString());
    const isObject = typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed);
    return isObject && Object.keys(parsed).length > 0 ? parsed : undefined;
  } catch {
    return undefined;
  }
}
