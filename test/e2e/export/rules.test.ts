import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { requires } from '../../support/requirements.ts';
import { writeTar } from '../../support/write-tar.ts';
import { type Rig, withRig } from '../cli/rig.ts';
import { brokenRules } from './oci-rules.ts';

const build = `import { Diff, Image, Merge, Mkdir, Mkfile, Platforms, Rm, Scratch, Symlink } from 'llb-ts';
const base = Scratch().File(Mkdir('/d', 0o755)).File(Mkfile('/d/a', 0o644, 'a\\n').Mkfile('/d/b', 0o600, 'b'.repeat(9)));
const other = Scratch().File(Mkdir('/d', 0o711).Symlink('a', '/d/' + 'l'.repeat(200)));
const merged = Merge(base, other, Diff(base, base.File(Rm('/d/a'))), base);
export default {
  merged,
  nothing: Diff(base, base),
  configured: base.ImageConfig({
    entrypoint: ['/d/a'], cmd: ['x'], labels: { z: '<1>' }, env: { X: 'y' }, user: '1:2', workingDir: '/d',
    exposedPorts: ['80/tcp', '53/udp'], volumes: ['/v'], stopSignal: 'SIGTERM',
  }),
  platforms: () => Platforms({ 'linux/amd64': base, 'linux/arm/v7': merged }),
};
`;

/** A layout folder with what was exported. */
async function layoutOf(rig: Rig, target: string, attrs: string): Promise<string> {
  const { status, stderr } = await rig.call([
    'solve',
    'build.ts',
    target,
    '-o',
    `type=oci,dest=out.tar${attrs}`,
  ]);
  expect([status, stderr]).toEqual([0, expect.stringContaining('solved in')]);
  const folder = join(rig.folder, 'unpacked');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  execFileSync('tar', ['-xf', join(rig.folder, 'out.tar'), '-C', folder]);
  return folder;
}

requires('zstd')('images and the rules of the specification', () => {
  test.each([
    ['merged', ''],
    ['merged', ',compression=uncompressed,force-compression=true'],
    ['merged', ',compression=zstd,force-compression=true,compression-level=9'],
    ['merged', ',rewrite-timestamp=true,source-date-epoch=1000000000'],
    ['merged', ',"name=example.com/a:1,example.com/b",annotation.a=b,annotation-manifest-descriptor.c=d'],
    ['configured', ''],
    ['platforms', ',annotation-index.a=b,annotation[linux/arm/v7].c=d'],
  ])('%s%s', async (target, attrs) => {
    await withRig({ 'build.ts': build }, async (rig) => {
      expect(brokenRules(await layoutOf(rig, target, attrs))).toEqual([]);
    });
  });

  test('an image without layers has null for lists that are empty, as in BuildKit, and breaks nothing else', async () => {
    await withRig({ 'build.ts': build }, async (rig) => {
      const problems = brokenRules(await layoutOf(rig, 'nothing', ''));
      expect(problems.map((problem) => problem.replace(/^[^.:]*/, '')).sort()).toEqual([
        '.created: null is not a time of RFC 3339',
        '.history: is not a list',
        '.layers: is not a list',
        '.rootfs.diff_ids: is not a list',
      ]);
    });
  });

  test('a folder that takes one image after the other', async () => {
    await withRig({ 'build.ts': build }, async (rig) => {
      for (const [at, target] of ['merged', 'configured', 'platforms'].entries()) {
        const output = `type=oci,tar=false,dest=layout,name=example.com/x:${at}`;
        expect((await rig.call(['solve', 'build.ts', target, '-o', output])).status).toBe(0);
        const layout = join(rig.folder, 'layout');
        expect(brokenRules(layout)).toEqual([]);
      }
    });
  });

  test('are broken where somebody breaks them', async () => {
    await withRig({ 'build.ts': build }, async (rig) => {
      const layout = await layoutOf(rig, 'merged', '');
      const blobs = join(layout, 'blobs/sha256');
      const index = join(layout, 'index.json');
      const whole = readFileSync(index, 'utf8');
      const changed = (from: string | RegExp, to: string) => {
        writeFileSync(index, whole.replace(from, to));
        const problems = brokenRules(layout);
        writeFileSync(index, whole);
        return problems;
      };
      expect(changed('"schemaVersion":2', '"schemaVersion":1')).toContain(
        'index.json.schemaVersion: 1 is not 2',
      );
      expect(changed('"manifests"', '"manifest":[],"manifests"')).toContain(
        'index.json.manifest: is not a field of the specification',
      );
      expect(changed(/"size":\d+/, '"size":1')).toContainEqual(expect.stringMatching(/bytes, not 1$/));
      expect(changed(/("digest":"sha256:)../, '$1zz')).toContainEqual(
        expect.stringMatching(/is not a sha256 digest$/),
      );

      writeFileSync(join(blobs, 'extra'), '');
      expect(brokenRules(layout)).toEqual(['blobs/sha256/extra: nothing leads to it']);
      rmSync(join(blobs, 'extra'));

      const layer = readdirSync(blobs).find((name) => readFileSync(join(blobs, name))[0] === 0x1f) ?? '';
      const packed = readFileSync(join(blobs, layer));
      writeFileSync(join(blobs, layer), gzipSync(gunzipSync(packed), { level: 1 }));
      expect(brokenRules(layout).join('\n')).toMatch(/has the digest/);
      const escaping = writeTar([
        { name: '../x', content: '' },
        { name: 'y', content: '' },
        { name: 'y', content: '' },
        { name: '.wh.z', content: 'full' },
      ]);
      writeFileSync(join(blobs, layer), gzipSync(escaping));
      const problems = brokenRules(layout).join('\n');
      for (const text of [
        'has the diff ID',
        '../x leaves the layer',
        'y is there twice',
        '.wh.z is no empty file',
      ])
        expect(problems).toContain(text);
      renameSync(join(blobs, layer), join(rig.folder, 'away'));
      expect(brokenRules(layout)).toContainEqual(expect.stringMatching(/is not in the layout$/));
    });
  });
});
