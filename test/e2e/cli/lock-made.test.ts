import { existsSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type CallResult, type Rig, withRig } from './rig.ts';

/** A build whose definition comes from the web; that one has a source, and a step that builds a third one. */
const files = {
  'build.ts': `import { Build, HTTP, Merge } from 'llb-ts';
const at = (path: string) => HTTP(process.env.WEB! + path);
const made = at('/middle.llb');
export default Merge([
  at('/outer'),
  made.With(Build({ filename: 'middle.llb' })),
]);
`,
  'middle.ts': `import { Build, HTTP, Local, Merge } from 'llb-ts';
const at = (path: string) => HTTP(process.env.WEB! + path);
export default Merge([at('/middle'), Local('made').With(Build({ filename: 'inner.llb' }))]);
`,
  'inner.ts': `import { HTTP } from 'llb-ts';
export default HTTP(process.env.WEB! + '/inner');
`,
};

type Call = (...args: readonly string[]) => Promise<CallResult>;

/** A server that answers with the path and whether it has changed, or with a file of the rig. */
async function withWeb(
  use: (rig: Rig, call: Call, web: { url: string; changed: string }) => Promise<void>,
): Promise<void> {
  await withRig(files, async (rig) => {
    const web = { url: '', changed: '' };
    const server = createServer(({ url = '' }, response) => {
      const file = join(rig.folder, url);
      response.end(existsSync(file) ? readFileSync(file) : `${url} ${url === web.changed ? 2 : 1}`);
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    web.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const call: Call = (...args) => rig.call(args, { env: { WEB: web.url } });
    try {
      rig.write({ 'made/x': '' });
      expect((await call('marshal', 'inner.ts', '-o', 'made/inner.llb')).status).toBe(0);
      expect((await call('marshal', 'middle.ts', '-o', 'middle.llb')).status).toBe(0);
      await use(rig, call, web);
    } finally {
      server.close();
      server.closeAllConnections();
    }
  });
}

const given = ['--local', 'made=made', '--progress', 'plain'];

describe('definitions that steps make', () => {
  test('are locked with all that is in them, and built from the lock', async () => {
    await withWeb(async (rig, call, web) => {
      const locked = await call('lock', ...given);
      expect([locked.status, locked.stderr]).toEqual([0, expect.stringContaining('locked 4 sources: 4 new')]);
      const { http } = JSON.parse(readFileSync(join(rig.folder, 'llb.lock.json'), 'utf8')) as {
        http: object;
      };
      expect(Object.keys(http).map((url) => url.slice(web.url.length))).toEqual([
        '/inner',
        '/middle',
        '/middle.llb',
        '/outer',
      ]);
      const solved = await call('solve', '--locked', ...given, '-o', 'out');
      expect([solved.status, solved.stderr]).toEqual([0, expect.any(String)]);
      for (const name of ['outer', 'middle', 'inner']) {
        expect(readFileSync(join(rig.folder, 'out', name), 'utf8')).toBe(`/${name} 1`);
      }
      expect((await call('lock', '--check', ...given)).status).toBe(0);
      web.changed = '/inner';
      const check = await call('lock', '--check', ...given);
      expect([check.status, check.stderr]).toEqual([
        2,
        expect.stringContaining('error: a source is not what'),
      ]);
    });
  });

  test('are refused where something in them is not locked, or is something else now', async () => {
    await withWeb(async (rig, call, web) => {
      expect((await call('lock', ...given)).status).toBe(0);
      const text = readFileSync(join(rig.folder, 'llb.lock.json'), 'utf8');
      rig.write({ 'llb.lock.json': text.replace('/inner"', '/other"') });
      const missing = await call('solve', '--locked', ...given, '-o', 'out');
      expect([missing.status, missing.stderr]).toEqual([
        2,
        expect.stringMatching(
          /error: http:\/\/127.0.0.1:\d+\/inner is not locked in llb.lock.json\n {3}inner.ts:2:16\n/,
        ),
      ]);
      rig.write({ 'llb.lock.json': text });
      for (const [changed, place] of [
        ['/outer', 'build.ts:2'],
        ['/inner', 'inner.ts:2'],
      ] as const) {
        web.changed = changed;
        rmSync(join(rig.folder, '../state'), { recursive: true });
        const { status, stderr } = await call('solve', '--locked', ...given, '-o', 'out');
        expect([status, stderr]).toEqual([
          1,
          expect.stringMatching(new RegExp(`error: digest mismatch .*\n {3}${place}:\\d+\n`)),
        ]);
        expect(stderr).toMatch(new RegExp(`llb.lock.json has .* for http://127.0.0.1:\\d+${changed};`));
      }
      expect(existsSync(join(rig.folder, 'out'))).toBe(false);
    });
  });

  test('cannot be looked at before they are made; what is none, is said', async () => {
    await withWeb(async (rig, call) => {
      expect((await call('lock', ...given)).status).toBe(0);
      for (const command of ['marshal', 'inspect']) {
        const { status, stderr } = await call(command, 'build.ts', '--locked', '--local', 'made=made');
        expect([status, stderr]).toEqual([
          2,
          expect.stringMatching(/error: a step makes a definition, .*\n {3}build.ts:6:\d+\n/),
        ]);
      }
      rig.write({ 'made/inner.llb': 'no definition' });
      const broken = await call('lock', ...given);
      expect([broken.status, broken.stderr]).toEqual([
        2,
        expect.stringContaining('error: a step makes what is no definition: '),
      ]);
      rmSync(join(rig.folder, 'made/inner.llb'));
      const missing = await call('solve', '--locked', ...given, '-o', 'out');
      expect([missing.status, missing.stderr]).toEqual([
        1,
        expect.stringMatching(/error: .* "\/inner.llb": not found\n {3}middle.ts:3:\d+\n/),
      ]);
    });
  });
});
