/**
 * JSON as Go's `encoding/json` writes it, byte for byte: the digest of a config or manifest depends on it.
 * Objects keep the order of their properties, which stands for the order of fields in Go; a `Map` is a Go map, its keys
 * sorted as bytes. Properties that are undefined are left out.
 */
export type GoJson =
  | null
  | boolean
  | number
  | string
  | readonly GoJson[]
  | GoMap
  | { readonly [key: string]: GoJson | undefined };

export interface GoMap extends ReadonlyMap<string, GoJson> {}

/** `json.Marshal`; with `indent`, `json.MarshalIndent` with that for each level. */
export function goJson(value: GoJson, indent = ''): string {
  return write(value, indent, '');
}

function write(value: GoJson, indent: string, margin: string): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'number') return JSON.stringify(value);
  if (typeof value === 'string') return quote(value);
  const inner = margin + indent;
  if (isList(value)) {
    return block(
      '[]',
      value.map((item) => write(item, indent, inner)),
      indent,
      margin,
    );
  }
  const colon = indent === '' ? ':' : ': ';
  const fields = fieldsOf(value).map(([key, field]) => quote(key) + colon + write(field, indent, inner));
  return block('{}', fields, indent, margin);
}

function fieldsOf(value: Exclude<GoJson, null | boolean | number | string | readonly GoJson[]>) {
  if (value instanceof Map) {
    return [...(value as GoMap)].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  }
  return Object.entries(value).filter((field): field is [string, GoJson] => field[1] !== undefined);
}

function isList(value: GoJson): value is readonly GoJson[] {
  return Array.isArray(value);
}

function block(brackets: '[]' | '{}', items: readonly string[], indent: string, margin: string): string {
  const [open, close] = brackets;
  if (items.length === 0) return brackets;
  if (indent === '') return open + items.join(',') + close;
  return `${open}\n${items.map((item) => margin + indent + item).join(',\n')}\n${margin}${close}`;
}

/** Go escapes what might hurt in a web page, too. */
function quote(text: string): string {
  return JSON.stringify(text.toWellFormed()).replace(
    /[<>&\u2028\u2029]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
