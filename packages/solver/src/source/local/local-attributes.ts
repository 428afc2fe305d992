import { stepFailure } from '../../error/error.ts';

/** The parsed attributes of a local source op. Patterns and paths are the definition's text. */
export interface LocalAttributes {
  /** The name under which the request gives the folder. */
  readonly name: string;
  readonly includePatterns: readonly string[];
  readonly excludePatterns: readonly string[];
  readonly followPaths: readonly string[];
  /** `none`: do not trust times and sizes, read every file again. */
  readonly differ: 'metadata' | 'none';
  /** Bring names and metadata only, and the content of what matches these patterns. Undefined: bring everything. */
  readonly metadataOnly: { readonly exceptions: readonly string[] } | undefined;
}

/** Reads the attributes of a `local://` source; unknown ones mean nothing (`source/local/source.go`). */
export function parseLocalAttributes(
  locator: string,
  attrs: Readonly<Record<string, string>>,
): LocalAttributes {
  const session = attrs['local.session'] ?? '';
  const cut = session.indexOf(':');
  const exceptions = list(attrs['local.metadatatransferexclude']);
  return {
    // `name:session` is how a client that serves several folders tells them apart.
    name: cut < 0 ? locator : `${session.slice(0, cut)}-${locator}`,
    includePatterns: list(attrs['local.includepattern']),
    excludePatterns: list(attrs['local.excludepatterns']),
    followPaths: list(attrs['local.followpaths']),
    differ: attrs['local.differ'] === 'none' ? 'none' : 'metadata',
    metadataOnly: parseBool(attrs['local.metadatatransfer']) ? { exceptions } : undefined,
  };
}

function list(json: string | undefined): readonly string[] {
  if (json === undefined) return [];
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw stepFailure(`invalid list of patterns: ${json}`, { cause: error });
  }
  if (value === null) return [];
  if (Array.isArray(value) && value.every((one): one is string => typeof one === 'string')) return value;
  throw stepFailure(`json: cannot unmarshal ${json} into Go value of type []string`);
}

function parseBool(text: string | undefined): boolean {
  if (text === undefined) return false;
  if (['1', 't', 'T', 'TRUE', 'true', 'True'].includes(text)) return true;
  if (['0', 'f', 'F', 'FALSE', 'false', 'False'].includes(text)) return false;
  throw stepFailure(
    `invalid value for local.metadatatransfer "${text}": strconv.ParseBool: parsing "${text}": invalid syntax`,
  );
}
