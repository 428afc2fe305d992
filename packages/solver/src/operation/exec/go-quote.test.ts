import { expect, it } from 'vitest';
import { goQuote } from './go-quote.ts';

it.each([
  ['sh -c echo "hi" \\', '"sh -c echo \\"hi\\" \\\\"'],
  ['a\tb\nc\u0000\u001b\u007f', '"a\\tb\\nc\\x00\\x1b\\x7f"'],
  ['größe 日本 🙂', '"größe 日本 🙂"'],
  ['\u00a0\u200b\u{e0001}', '"\\u00a0\\u200b\\U000e0001"'],
])('quotes %j as Go does', (text, quoted) => {
  expect(goQuote(text)).toBe(quoted);
});
