import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { withRig } from './rig.ts';

const text = 'what the server has';
let server: Server;
let address: string;

beforeAll(async () => {
  server = createServer(({ url }, answer) => {
    if (url === '/file') answer.end(text);
    else answer.writeHead(url === '/secret' ? 401 : 404).end();
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => void server.close());

/** The exit code of a solve of one source, and the help line of its error. */
function failureOf(source: string): Promise<readonly [number, string]> {
  const build = `import { Checksum, HTTP, Image } from 'llb-ts';\nexport default ${source};\n`;
  return withRig({ 'build.ts': build }, async (rig) => {
    const { status, stderr } = await rig.call(['solve', '--progress', 'quiet']);
    expect(stderr).toContain('\n   build.ts:2:16\n');
    return [status, /\n {3}help {3,}(.*)\n$/.exec(stderr)?.[1] ?? `no help in ${stderr}`];
  });
}

test('an answer that is no success: which, where, what to do', async () => {
  expect(await failureOf(`HTTP('http://${address}/none')`)).toEqual([
    1,
    `http://${address}/none: expected a status below 400, got 404; no such file is there: check the URL`,
  ]);
  expect(await failureOf(`HTTP('http://${address}/secret')`)).toEqual([
    1,
    expect.stringContaining('give --secret id=HTTP_AUTH_TOKEN_127.0.0.1,src=FILE'),
  ]);
  expect(await failureOf(`Image('${address}/app:1')`)).toEqual([
    1,
    `${address} has no 1 of app: check the name, and the tag or digest`,
  ]);
});

test('a checksum that does not match: both', async () => {
  const sha256 = (content: string) => `sha256:${createHash('sha256').update(content).digest('hex')}`;
  const wanted = sha256('something else');
  expect(await failureOf(`HTTP('http://${address}/file', Checksum('${wanted}'))`)).toEqual([
    1,
    `http://${address}/file is ${sha256(text)}, expected was ${wanted}: if the file was meant to change, say so in the build`,
  ]);
});

test('a server that is down', async () => {
  // A port that was free a moment ago: nobody listens.
  const other = createServer();
  await new Promise<void>((listening) => other.listen(0, '127.0.0.1', listening));
  const dead = `127.0.0.1:${(other.address() as AddressInfo).port}`;
  await new Promise((closed) => other.close(closed));
  const help = `nothing listens at ${dead}: is the server running, and the port right?`;
  expect(await failureOf(`Image('${dead}/app:1')`)).toEqual([3, help]);
  expect(await failureOf(`HTTP('http://${dead}/file')`)).toEqual([3, help]);
});
