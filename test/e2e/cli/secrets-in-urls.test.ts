import { execFileSync } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { withRig } from './rig.ts';

/** A server that gives `/file` to who knows the password. */
async function withServer(use: (host: string) => Promise<void>): Promise<void> {
  const server = createServer((request, response) => {
    const allowed = request.headers.authorization === `Basic ${btoa('me:pa55word')}`;
    response.writeHead(!allowed ? 401 : request.url === '/file' ? 200 : 404).end('content');
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  try {
    await use(`127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  }
}

describe('the password of a URL', () => {
  test('is in the definition and nowhere else', async () => {
    await withServer(async (host) => {
      const build = `import { HTTP } from 'llb-ts';
        const at = 'http://me:' + ['pa55', 'word'].join('') + '@${host}';
        export default { good: HTTP(at + '/file'), bad: HTTP(at + '/none'), refused: HTTP(at.replace('me:', 'you:')) };`;
      await withRig({ 'build.ts': build }, async (rig) => {
        for (const progress of ['plain', 'rawjson']) {
          const args = ['--progress', progress, '--metadata-file', 'metadata.json'];
          const good = await rig.call(['solve', 'build.ts', 'good', ...args, '-o', 'out']);
          expect(good).toMatchObject({ status: 0 });
          const image = await rig.call(['solve', 'build.ts', 'good', ...args, '-o', 'type=oci,dest=i.tar']);
          expect(image).toMatchObject({ status: 0 });
          const bad = await rig.call(['solve', 'build.ts', 'bad', ...args]);
          expect(bad).toMatchObject({ status: 1 });
          const refused = await rig.call(['solve', 'build.ts', 'refused', ...args]);
          expect(refused).toMatchObject({ status: 1 });
          for (const { stderr } of [good, image, bad, refused]) {
            expect(stderr).toContain('xxxxx:xxxxx@');
            expect(stderr).not.toContain('pa55word');
          }
        }
        for (const format of ['table', 'json', 'dot', 'mermaid']) {
          const { stdout } = await rig.call(['inspect', 'build.ts', 'good', '--format', format]);
          expect(stdout).not.toContain('pa55word');
        }
        const found = execFileSync('sh', ['-c', 'grep -rlF pa55word . || true'], {
          cwd: join(rig.folder, '..'),
        });
        expect(found.toString()).toBe('');
      });
    });
  });
});
