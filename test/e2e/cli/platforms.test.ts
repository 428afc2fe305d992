import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { requires } from '../../support/requirements.ts';
import { startRegistry } from '../export/registry.ts';
import { type Rig, withRig } from './rig.ts';

const build = `import { Image, Mkfile, Platforms, Scratch } from 'llb-ts';
const own = (name) => Scratch().File(Mkfile('/is', 0o644, name));
// Its content depends on the platform that it is built for.
const asked = Scratch().Async((state, { constraints: { platform } }) =>
  state.File(Mkfile('/for', 0o644, platform.os + '/' + platform.architecture)),
);
export default {
  some: Platforms({ 'linux/amd64': own('amd64'), 'linux/arm64': own('arm64') }),
  asked,
  both: Platforms({ 'linux/riscv64': asked, 'linux/s390x': asked }),
  pulled: () => Image(process.env.IMAGE),
};
`;

async function exported(rig: Rig, args: readonly string[]): Promise<Readonly<Record<string, string>>> {
  const { status, stderr } = await rig.call(['solve', 'build.ts', ...args, '-o', 'out']);
  expect([status, status === 0 ? '' : stderr]).toEqual([0, '']);
  const names = readdirSync(join(rig.folder, 'out'), { recursive: true, withFileTypes: true });
  const files = names.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(
    files.sort().map((path) => [path.slice(rig.folder.length + 5), readFileSync(path, 'utf8')]),
  );
}

describe('platforms', () => {
  test.each([
    [['some'], { 'linux_amd64/is': 'amd64', 'linux_arm64/is': 'arm64' }],
    [['some', '--platform', 'linux/aarch64'], { is: 'arm64' }],
    [
      ['some', '--platform', 'linux/arm64,linux/amd64'],
      { 'linux_amd64/is': 'amd64', 'linux_arm64/is': 'arm64' },
    ],
    [['asked', '--platform', 'linux/s390x'], { for: 'linux/s390x' }],
    [
      ['asked', '--platform', 'linux/s390x', '--platform', 'linux/arm64'],
      { 'linux_arm64/for': 'linux/arm64', 'linux_s390x/for': 'linux/s390x' },
    ],
    [['both'], { 'linux_riscv64/for': 'linux/riscv64', 'linux_s390x/for': 'linux/s390x' }],
    [['asked', '-o', 'type=local,dest=x,platform-split=true'], { for: expect.stringMatching(/^linux\//) }],
  ])('solve %j', async (args, files) => {
    await withRig({ 'build.ts': build }, async (rig) => {
      expect(await exported(rig, args)).toEqual(files);
    });
  });

  test.each([
    [['solve', 'build.ts', 'some', '--platform', 'linux/s390x'], 'build.ts is not built for linux/s390x'],
    [['solve', 'build.ts', 'some', '--platform', 'arm64'], '--platform arm64: expected OS/ARCHITECTURE'],
    [['solve', 'build.ts', 'some', '-o', 'type=docker,dest=x'], 'docker exporter does not currently support'],
    [['marshal', 'build.ts', 'some', '-o', 'x'], 'build.ts is for 2 platforms: which one?'],
    [['inspect', 'build.ts', 'some'], 'build.ts is for 2 platforms: which one?'],
    [['solve', 'def.pb', '--platform', 'linux/arm64'], 'a definition says its platforms itself'],
  ])('%j is refused', async (args, message) => {
    await withRig({ 'build.ts': build, 'def.pb': '' }, async (rig) => {
      const { status, stderr } = await rig.call(args);
      expect([status, stderr]).toEqual([2, expect.stringContaining(message)]);
    });
  });
});

requires('docker-registry')('an index in a registry', () => {
  test('is pushed after its images, and gives each platform its own', async () => {
    await withRig({ 'build.ts': build }, async (rig) => {
      const registry = await startRegistry(join(rig.folder, 'registry'));
      try {
        const name = `${registry.host}/a/b:1`;
        const output = `type=image,push=true,name=${name}`;
        const pushed = await rig.call([
          'solve',
          'build.ts',
          'some',
          '-o',
          output,
          '--metadata-file',
          'm.json',
        ]);
        expect([pushed.status, pushed.stderr]).toEqual([
          0,
          expect.stringContaining(`pushing manifest for ${name}@`),
        ]);
        const answer = JSON.parse(readFileSync(join(rig.folder, 'm.json'), 'utf8')) as Record<
          string,
          unknown
        >;
        expect(Object.keys(answer).sort()).toEqual([
          'containerimage.descriptor',
          'containerimage.digest',
          'image.name',
        ]);
        const options = { env: { IMAGE: name, LLB_TS_STATE_DIR: join(rig.folder, 'other-state') } };
        for (const platform of ['amd64', 'arm64']) {
          const args = ['solve', 'build.ts', 'pulled', '--platform', `linux/${platform}`, '-o', platform];
          const pulled = await rig.call(args, options);
          expect([pulled.status, pulled.stderr]).toEqual([0, expect.any(String)]);
          expect(readFileSync(join(rig.folder, platform, 'is'), 'utf8')).toBe(platform);
        }
        const missing = await rig.call(['solve', 'build.ts', 'pulled', '--platform', 'linux/s390x'], options);
        expect([missing.status, missing.stderr]).toEqual([
          1,
          expect.stringMatching(/no match for platform in manifest.*linux\/amd64.*linux\/arm64/s),
        ]);
      } finally {
        await registry.stop();
      }
    });
  });
});
