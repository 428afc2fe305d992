const spaces = ' \t\r\n';

/**
 * Splits text into words as `github.com/google/shlex` does, which is what BuildKit's `Shlex` uses (docs/buildkit-semantics.md#words-of-a-shell-line).
 *
 * Quotes join with what is beside them. `"…"` takes `\` before any character, `'…'` takes nothing, outside both `\`
 * makes the next character plain. `#` begins a comment, to the end of the line, only where a word would begin. Text that
 * ends inside quotes or after `\` is not closed; Go's client loses its last word.
 */
export function splitWords(text: string): { readonly words: readonly string[]; readonly isClosed: boolean } {
  const words: string[] = [];
  let word: string | undefined;
  let state: 'between' | 'word' | 'double' | 'single' | 'escape' | 'escape-in-double' | 'comment' = 'between';
  for (const char of text) {
    switch (state) {
      case 'comment':
        if (char === '\n') state = 'between';
        break;
      case 'between':
        if (spaces.includes(char)) break;
        if (char === '#') {
          state = 'comment';
          break;
        }
        word = '';
        state = enter(char);
        if (state === 'word') word = char;
        break;
      case 'word':
        if (spaces.includes(char)) {
          words.push(word ?? '');
          state = 'between';
          break;
        }
        state = enter(char);
        if (state === 'word') word += char;
        break;
      case 'double':
        if (char === '"') state = 'word';
        else if (char === '\\') state = 'escape-in-double';
        else word += char;
        break;
      case 'single':
        if (char === "'") state = 'word';
        else word += char;
        break;
      case 'escape':
        word += char;
        state = 'word';
        break;
      case 'escape-in-double':
        word += char;
        state = 'double';
        break;
    }
  }
  if (state === 'word') words.push(word ?? '');
  return { words, isClosed: state === 'word' || state === 'between' || state === 'comment' };
}

function enter(char: string): 'word' | 'double' | 'single' | 'escape' {
  if (char === '"') return 'double';
  if (char === "'") return 'single';
  return char === '\\' ? 'escape' : 'word';
}
