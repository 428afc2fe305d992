import { describe, expect, test } from 'vitest';
import {
  RegistryContent,
  ScriptedServer,
} from '../../../packages/solver/src/registry/testing/registry-server.ts';
import { makeTar } from '../../../packages/solver/src/source/testing/make-tar.ts';
import { withRig } from './rig.ts';
import { onTerminal } from './terminal.ts';

/** A registry whose layers take a while. */
async function withSlowRegistry(use: (host: string) => Promise<void>): Promise<void> {
  const server = await new ScriptedServer().start();
  const content = new RegistryContent();
  content.image('good', [makeTar({ name: 'a', content: 'x'.repeat(300_000) })]);
  content.image('bad', [Buffer.from('this is no archive, but long enough for a block of one'.repeat(40))]);
  server.answer = (request, response) => {
    const isLayer = request.url?.includes('/blobs/');
    setTimeout(() => content.serve(request, response), isLayer ? 500 : 0);
  };
  try {
    await use(server.host);
  } finally {
    await server.stop();
  }
}

describe('an image that is pulled when a later step looks into it', () => {
  test('shows its transfers on a terminal, and its own failure', async () => {
    await withSlowRegistry(async (host) => {
      const build = `import { Copy, Image, Scratch } from 'llb-ts';
        const copyOf = (tag: string) => Scratch().File(Copy(Image('${host}/a/b:' + tag), '/a', '/'));
        export default { good: copyOf('good'), bad: copyOf('bad') };`;
      await withRig({ 'build.ts': build }, async (rig) => {
        const good = await onTerminal(rig, ['solve', 'build.ts', 'good']);
        expect(good.status).toBe(0);
        expect(good.raw).toMatch(/=> docker-image:\/\/[^\n]*\n[^\n]*sha256:[0-9a-f]{12}/);
        const bad = await rig.call(['solve', 'build.ts', 'bad', '--progress', 'plain']);
        expect(bad.status).toBe(1);
        expect(bad.stderr).toMatch(/\n#\d ERROR: [^\n]+\n/);
        expect(bad.stderr).toMatch(/------\n > docker-image:/);
        expect(bad.stderr).toMatch(/step +docker-image:/);
        expect(bad.stderr).toMatch(/copy \/a \/\n#\d CANCELED/);
      });
    });
  });
});
