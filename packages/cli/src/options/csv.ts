import { usageError } from '../error/cli-error.ts';

/**
 * Splits one line of comma-separated fields as Go's `go-csvvalue` does: a field may be quoted as a whole, and `""`
 * inside quotes is a quote; a quote elsewhere is an error.
 */
export function splitFields(text: string, flag: string): readonly string[] {
  const line = text.replace(/\r?\n$/, '');
  if (line === '') throw usageError(`${flag} is empty`);
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    const [field, end] = line[at] === '"' ? readQuoted(line, at, flag) : readBare(line, at, flag);
    fields.push(field);
    if (end === line.length) return fields;
    at = end + 1;
  }
}

function readBare(line: string, start: number, flag: string): readonly [string, number] {
  const comma = line.indexOf(',', start);
  const end = comma < 0 ? line.length : comma;
  const field = line.slice(start, end);
  if (field.includes('"')) {
    throw usageError(
      `${flag} ${line}: a quote in the middle of a field`,
      'quote the whole field, as in \'type=tar,"dest=a,b.tar"\'; write "" for a quote inside',
    );
  }
  return [field, end];
}

function readQuoted(line: string, start: number, flag: string): readonly [string, number] {
  let field = '';
  let at = start + 1;
  for (;;) {
    const quote = line.indexOf('"', at);
    if (quote < 0) throw usageError(`${flag} ${line}: a quote that does not end`);
    field += line.slice(at, quote);
    const next = line[quote + 1];
    if (next === undefined || next === ',') return [field, quote + 1];
    if (next !== '"') throw usageError(`${flag} ${line}: text after the end of a quoted field`);
    field += '"';
    at = quote + 2;
  }
}

/** Splits each field at its first `=`; keys are lower-cased, as buildctl does. */
export function splitPairs(text: string, flag: string): readonly (readonly [key: string, value: string])[] {
  return splitFields(text, flag).map((field) => {
    const equals = field.indexOf('=');
    if (equals < 0) {
      throw usageError(`${flag} ${text}: ${JSON.stringify(field)} is not key=value`);
    }
    return [field.slice(0, equals).toLowerCase(), field.slice(equals + 1)] as const;
  });
}
