import { posix } from 'node:path';

/**
 * The patterns of an ignore file (`moby/patternmatcher`, `ignorefile`): one a line, cleaned, without the slash at the
 * front. Lines that begin with `#` are comments, `!` takes back.
 */
export function parseIgnoreFile(text: string): readonly string[] {
  return text
    .replace(/^\ufeff/, '')
    .split(/\r?\n/)
    .filter((line) => !line.startsWith('#') && line.trim() !== '')
    .map((line) => {
      const pattern = line.trim();
      return pattern.startsWith('!') ? `!${cleaned(pattern.slice(1).trim())}` : cleaned(pattern);
    });
}

function cleaned(pattern: string): string {
  if (pattern === '') return '';
  const path = posix.normalize(pattern);
  const short = path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
  return short.length > 1 && short.startsWith('/') ? short.slice(1) : short;
}
