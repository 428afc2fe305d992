import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Rig, withRig } from './rig.ts';

const build = `import { HTTP, Platforms } from 'llb-ts';
const at = (path: string) => HTTP(process.env.WEB! + path);
export default {
  state: at('/state'),
  /** @param args.version which one */
  versioned: ({ version = '1' }: { version?: string }) => at('/versioned-' + version),
  platforms: async () => Platforms({ 'linux/amd64': at('/amd64'), 'linux/arm64': at('/arm64') }),
  again: at('/state'),
};
`;

/** A build, and a server that has whatever it is asked for but \`/missing\`. */
async function withWeb(
  text: string,
  use: (rig: Rig, call: (args: readonly string[]) => ReturnType<Rig['call']>, web: string) => Promise<void>,
): Promise<void> {
  const server = createServer((request, response) => {
    if (request.url === '/missing') response.writeHead(404);
    response.end(request.url);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const WEB = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    await withRig({ 'build.ts': text }, (rig) => use(rig, (args) => rig.call(args, { env: { WEB } }), WEB));
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

function lockedPaths(rig: Rig, web: string): readonly string[] {
  const { http } = JSON.parse(readFileSync(join(rig.folder, 'llb.lock.json'), 'utf8')) as { http: object };
  return Object.keys(http).map((url) => url.slice(web.length));
}

describe('all targets of a build file', () => {
  test('are locked at once, for all their platforms; each can then be built', async () => {
    await withWeb(build, async (rig, call, web) => {
      const locked = await call(['lock']);
      expect([locked.status, locked.stderr]).toEqual([0, expect.stringContaining('locked 4 sources: 4 new')]);
      expect(lockedPaths(rig, web)).toEqual(['/amd64', '/arm64', '/state', '/versioned-1']);
      for (const target of ['state', 'versioned', 'platforms', 'again']) {
        const solved = await call(['solve', 'build.ts', target, '--locked', '-o', target]);
        expect([target, solved.status]).toEqual([target, 0]);
      }
      expect(readFileSync(join(rig.folder, 'platforms/linux_arm64/arm64'), 'utf8')).toBe('/arm64');
      expect((await call(['lock', '--check'])).status).toBe(0);
    });
  });

  test('share the arguments that some of them take; what is locked stays', async () => {
    await withWeb(build, async (rig, call, web) => {
      expect((await call(['lock', 'build.ts', 'versioned'])).status).toBe(0);
      expect((await call(['lock', '--arg', 'version=2', '--platform', 'linux/arm64'])).status).toBe(0);
      expect(lockedPaths(rig, web)).toEqual(['/arm64', '/state', '/versioned-1', '/versioned-2']);
      const check = await call(['lock', '--check', '--arg', 'version=3']);
      expect([check.status, check.stderr]).toEqual([
        2,
        expect.stringMatching(/2 sources are not what llb.lock.json says\n.*amd64.*versioned-3/s),
      ]);
      const strange = await call(['lock', '--arg', 'colour=red']);
      expect([strange.status, strange.stderr]).toEqual([
        2,
        expect.stringContaining('no target of build.ts has an argument "colour"'),
      ]);
    });
  });

  test('are all that is locked, or none', async () => {
    const text = build.replace("again: at('/state')", "again: at('/missing')");
    await withWeb(text, async (rig, call) => {
      rig.write({ 'llb.lock.json': '{ "version": 1 }' });
      const { status, stderr } = await call(['lock', '--progress', 'quiet']);
      expect([status, stderr]).toEqual([
        1,
        expect.stringMatching(/invalid response status 404\n {3}build.ts:2:30\n/),
      ]);
      expect(readFileSync(join(rig.folder, 'llb.lock.json'), 'utf8')).toBe('{ "version": 1 }');
    });
  });
});
