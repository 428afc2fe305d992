import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');

/** Lines of tracked files that match, as `path:line: text`. */
function linesOf(patterns: readonly string[], expression: RegExp): readonly string[] {
  const files = execFileSync('git', ['ls-files', '--', ...patterns], { cwd: ROOT, encoding: 'utf8' });
  return files
    .split('\n')
    .filter((path) => path !== '' && existsSync(join(ROOT, path)))
    .flatMap((path) =>
      read(path)
        .split('\n')
        .flatMap((line, i) => (expression.test(line) ? [`${path}:${i + 1}: ${line.trim()}`] : [])),
    );
}

test('no comment opens with a question word: subject first', () => {
  const opening = /(?:\/\*\*|^\s*\*|\/\/) *(?:What|Who|Whoever|Whose|Whether|Whatever|Where|Which)\b/;
  expect(linesOf(['*.ts', '*.mjs'], opening)).toEqual([]);
});

test('each section of docs/buildkit-semantics.md that is cited is there', () => {
  const headings = read('docs/buildkit-semantics.md').matchAll(/^## (.+)$/gm);
  const anchors = new Set(Array.from(headings, ([, title = '']) => title.toLowerCase().replaceAll(' ', '-')));
  const citations = linesOf(['*.ts', '*.md'], /buildkit-semantics\.md#/).flatMap((line) =>
    Array.from(line.matchAll(/buildkit-semantics\.md#([\w-]+)/g), ([, anchor = '']) => ({ line, anchor })),
  );
  expect(citations.filter(({ anchor }) => !anchors.has(anchor)).map(({ line }) => line)).toEqual([]);
  // A citation of a text that is not in the repository.
  expect(linesOf(['packages/**/*.ts', 'test/**/*.ts', 'docs/*.md'], /\bS [A-D]\.\d/)).toEqual([]);
});

test('the map of docs/architecture.md names files and folders that exist', () => {
  const [, map = ''] = /## Where to change what\n([\s\S]*?)\n## /.exec(read('docs/architecture.md')) ?? [];
  const paths = Array.from(
    map.matchAll(/`((?:packages|test|docs|examples|scripts)\/[^`*]+)`/g),
    ([, path = '']) => path,
  );
  expect(paths.length).toBeGreaterThan(20);
  expect(paths.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
});

test('temporary folders of tests come from one helper, which removes them', () => {
  const tests = ['test/*.ts', '*.test.ts', '*.contract.ts', '*/testing/*.ts'];
  const makers = linesOf(tests, /\bmkdtemp(Sync)?\(/).filter(
    (line) => !line.startsWith('test/support/temporary.ts:'),
  );
  expect(makers).toEqual([]);
});
