/**
 * A file name that is safe to make, out of what a URL, a header or a user says (`source/util/pathutil`): the last
 * component, or `download` where there is none that could be a name.
 */
export function safeFileName(text: string): string {
  const trimmed = text.trim();
  if (trimmed === '') return 'download';
  const name = trimmed.replace(/\/+$/, '').replace(/^.*\//s, '');
  return name === '' || name === '.' || name === '..' || CONTROL.test(name) ? 'download' : name;
}

const CONTROL = /[\p{Cc}]/u;
