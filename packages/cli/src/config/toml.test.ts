import { describe, expect, it } from 'vitest';
import { TomlDocument } from './toml.ts';

const text = `# a list over lines, with what looks like other statements
top = [
  "[registry]", # [nosuch]
  1,
]
text = """
key = 1
[table]
"""

[registry."a.b"] # comment
  mirrors = ["x",
    "y"]
  inline.deep = { one = 1, two = { three = 3 } }
[[registry."a.b".keypair]]
key = "k"
[[registry."a.b".keypair]]
key = "k2"
[registry."a.b".keypair.more]
yes = true
[[ list ]]
[[ list . inner ]]
[[ list ]]
[[ list . inner ]]
z = 1
`;

describe('the statement about a key', () => {
  it.each([
    [['top'], 2, 0],
    [['top', 1], 2, 0],
    [['text'], 6, 0],
    [['registry'], 11, 0],
    [['registry', 'a.b', 'mirrors', 1], 12, 2],
    [['registry', 'a.b', 'inline', 'deep', 'two', 'three'], 14, 2],
    [['registry', 'a.b', 'keypair'], 15, 0],
    [['registry', 'a.b', 'keypair', 0, 'key'], 16, 0],
    [['registry', 'a.b', 'keypair', 1], 17, 0],
    [['registry', 'a.b', 'keypair', 1, 'key'], 18, 0],
    [['registry', 'a.b', 'keypair', 1, 'more', 'yes'], 20, 0],
    [['list', 1], 23, 0],
    [['list', 1, 'inner', 0, 'z'], 25, 0],
  ] as const)('%j is in line %i', (path, line, character) => {
    expect(new TomlDocument(text).placeOf(path)).toEqual({ line, character });
    expect(new TomlDocument(text.replaceAll('\n', '\r\n')).placeOf(path)).toEqual({ line, character });
  });

  it.each([[['key']], [['table']], [['nosuch']], [['to']], [['registry', 'a']], [['list', 2]]])(
    'there is none about %j',
    (path) => {
      expect(new TomlDocument(text).placeOf(path)).toBeUndefined();
    },
  );
});
