import { describe, expect, it } from 'vitest';
import { CliError } from '../error/cli-error.ts';
import { readConfig } from './config.ts';

const path = '/etc/llb-ts/config.toml';
const read = (text: string) => readConfig([{ path, text }]);

/** The error for a broken file: message, line and column as they are shown, help. */
function complaint(text: string) {
  try {
    read(text);
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    const { place, help } = error.details;
    expect([error.code, error.exitCode, place?.file, place?.text]).toEqual(['config', 2, path, text]);
    return [`${place?.line}:${(place?.character ?? 0) + 1}`, error.message, help];
  }
  throw new Error('nothing was wrong');
}

describe('the configuration', () => {
  it('reads what a registry section says, with paths relative to the file', () => {
    const { registries, warnings } = read(`
[registry."docker.io"]
  mirrors = ["mirror.example:5000", "https://harbor.example/proxy"]
  http = false
  insecure = true
  ca = ["certs/ca.pem", "/abs/ca.pem"]
  [[registry."docker.io".keypair]]
    key = "key.pem"
    cert = "cert.pem"
[registry."mirror.example:5000"]
  http = true
`);
    expect(registries).toEqual({
      'docker.io': {
        mirrors: ['mirror.example:5000', 'https://harbor.example/proxy'],
        http: false,
        insecure: true,
        ca: ['/etc/llb-ts/certs/ca.pem', '/abs/ca.pem'],
        keypairs: [{ key: '/etc/llb-ts/key.pem', cert: '/etc/llb-ts/cert.pem' }],
      },
      'mirror.example:5000': { mirrors: [], http: true, ca: [], keypairs: [] },
    });
    expect(warnings).toEqual([]);
  });

  it('lets a section of the later file take the place of the earlier whole', () => {
    const system = '[registry.a]\nhttp = true\nmirrors = ["m"]\n[registry.b]\nhttp = true\n';
    const user = '[registry.a]\ninsecure = true\n';
    const { registries } = readConfig([
      { path, text: system },
      { path: '/home/u/.config/llb-ts/config.toml', text: user },
    ]);
    expect(registries).toEqual({
      a: { mirrors: [], insecure: true, ca: [], keypairs: [] },
      b: { mirrors: [], http: true, ca: [], keypairs: [] },
    });
  });

  it('takes an empty file, and one of comments', () => {
    expect(read('')).toEqual({ registries: {}, warnings: [] });
    expect(read('# nothing\n')).toEqual({ registries: {}, warnings: [] });
  });

  it('names the nearest word and the line', () => {
    expect(complaint('\n[registy."docker.io"]\nhttp = true\n')).toEqual([
      '2:1',
      'registy: there is no such setting',
      'did you mean "registry"?',
    ]);
    expect(complaint('[registry."docker.io"]\n  miror = ["x"]\n')).toEqual([
      '2:3',
      'registry."docker.io".miror: there is no such setting',
      'did you mean "mirrors"?',
    ]);
    const pair = '[registry.a]\n[[registry.a.keypair]]\nkey = "k"\ncert = "c"\nkye = "k"\n';
    expect(complaint(pair)).toEqual([
      '5:1',
      'registry.a.keypair[0].kye: there is no such setting',
      'did you mean "key"?',
    ]);
  });

  it.each([
    ['[registry.a]\nhttp = "true"', '2:1', 'registry.a.http: expected true or false, got "true"'],
    ['[registry.a]\ninsecure = 1', '2:1', 'registry.a.insecure: expected true or false, got 1'],
    ['[registry.a]\nmirrors = "b"', '2:1', 'registry.a.mirrors: expected a list of texts, got "b"'],
    ['[registry.a]\nca = ["b", 1979-05-27]', '2:1', 'registry.a.ca[1]: expected a text, got a date'],
    ['[registry.a]\nca = [[]]', '2:1', 'registry.a.ca[0]: expected a text, got a list'],
    ['[registry.a]\nmirrors = [" "]', '2:1', 'registry.a.mirrors[0]: the text is empty'],
    ['[registry.a]\nmirrors = ["/p"]', '2:1', 'registry.a.mirrors[0]: expected a host, got "/p"'],
    ['[registry.a.keypair]\nkey="k"', '1:1', 'registry.a.keypair: expected a list of tables, got a table'],
    ['[registry.a]\nkeypair = [1]', '2:1', 'registry.a.keypair[0]: expected a table, got 1'],
    [
      '[[registry.a.keypair]]\nkey="k"\ncert="c"\n[[registry.a.keypair]]\nkey="k"',
      '4:1',
      'registry.a.keypair[1]: cert is missing',
    ],
    ['registry = 1', '1:1', 'registry: expected a table, got 1'],
    ['[registry]\na = "b"', '2:1', 'registry.a: expected a table, got "b"'],
  ])('refuses %j', (text, where, message) => {
    expect(complaint(text)).toEqual([where, message, undefined]);
  });

  it('shows where it is no TOML', () => {
    expect(complaint('[registry.a]\nhttp == true\n')).toEqual([
      '2:7',
      'the configuration is not TOML: unexpected token',
      undefined,
    ]);
    expect(complaint('a = 1\na = 2\n')[0]).toBe('2:1');
  });

  it('tells hosts without quotes from keys', () => {
    expect(complaint('[registry.docker.io]\nhttp = true\n')).toEqual([
      '1:1',
      'registry.docker.io: there is no such setting',
      'quote the host: [registry."docker.io"]',
    ]);
    expect(complaint('[registry.r.example.com]\nhttp = true\n')[2]).toBe(
      'quote the host: [registry."r.example.com"]',
    );
  });

  it('warns of what has no effect, with the line', () => {
    const text = `debug = true
[worker.oci]
gc = true
[[worker.oci.gcpolicy]]
all = true
[registry."https://r.example"]
[registry."index.docker.io"]
[registry.a]
mirrors = ["b", "http://m.example/x"]
`;
    expect(read(text).warnings).toEqual([
      `${path}:2: worker has no effect yet: nothing is collected by policy`,
      `${path}:1: debug has no effect: it is a setting of buildkitd only`,
      `${path}:6: registry."https://r.example" has no effect: a registry is named by its host and port alone`,
      `${path}:7: registry."index.docker.io" has no effect: the registry of Docker Hub is named "docker.io"`,
      `${path}:9: registry.a.mirrors[1] is not asked by http because of its name; that takes http = true in [registry."m.example"]`,
    ]);
  });
});
