import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { readImage } from '../../support/read-image.ts';
import { readTar } from '../../support/read-tar.ts';
import { findProgram, requires } from '../../support/requirements.ts';
import { run } from '../../support/run.ts';
import { type Rig, withRig } from '../cli/rig.ts';

const build = `import { Diff, Merge, Mkdir, Mkfile, Rm, Scratch, Symlink } from 'llb-ts';
const when = { createdTime: new Date('2001-02-03T04:05:06Z') };
const base = Scratch()
  .File(Mkdir('/d', 0o755, when))
  .File(Mkfile('/d/a', 0o644, 'a\\n', when))
  .File(Mkfile('/d/b', 0o600, 'b\\n', when));
const other = Scratch().File(Mkdir('/d', 0o711, when)).File(Symlink('a', '/d/l', when));
const without = base.File(Rm('/d/a'));
export default {
  plain: Merge([base, other]),
  removed: Merge([base, Diff(base, without)]),
  nothing: Diff(base, base),
  configured: base.ImageConfig({ entrypoint: ['/d/a'], labels: { z: '<1>', a: '2' }, env: { X: 'y' } }),
};
`;

const fixed = 'rewrite-timestamp=true,source-date-epoch=1000000000';

async function exported(rig: Rig, target: string, output: string): Promise<void> {
  const { status, stderr } = await rig.call(['solve', 'build.ts', target, '-o', output]);
  expect(stderr).toContain('solved in');
  expect(status).toBe(0);
}

describe('images as archives', () => {
  test('one layer for each step, merges put side by side, the same ones in the next image', async () => {
    await withRig({ 'build.ts': build }, async (rig) => {
      await exported(rig, 'plain', 'type=oci,dest=plain.tar');
      await exported(rig, 'removed', 'type=oci,dest=removed.tar');
      const plain = readImage(join(rig.folder, 'plain.tar'));
      const removed = readImage(join(rig.folder, 'removed.tar'));
      expect(plain.config.history.map(({ created_by }) => created_by)).toEqual([
        'mkdir /d',
        'mkfile /d/a',
        'mkfile /d/b',
        'mkdir /d',
        'symlink /d/l -> a',
      ]);
      expect(removed.manifest.layers.slice(0, 3)).toEqual(plain.manifest.layers.slice(0, 3));
      expect(removed.config.history.at(-1)?.created_by).toBe('rm /d/a');
      const last = removed.blob(removed.manifest.layers.at(-1)!.digest);
      expect(gunzipSync(last).includes('d/.wh.a\0')).toBe(true);
    });
  });

  test('compression is no matter of what an image is', async () => {
    await withRig({ 'build.ts': build }, async (rig) => {
      const ids = [];
      for (const compression of ['gzip', 'uncompressed', 'zstd']) {
        await exported(
          rig,
          'plain',
          `type=oci,dest=${compression}.tar,compression=${compression},force-compression=true`,
        );
        const { manifest, config } = readImage(join(rig.folder, `${compression}.tar`));
        expect(new Set(manifest.layers.map(({ mediaType }) => mediaType))).toEqual(
          new Set([
            `application/vnd.oci.image.layer.v1.tar${compression === 'uncompressed' ? '' : `+${compression}`}`,
          ]),
        );
        ids.push(config.rootfs.diff_ids);
      }
      expect(ids[1]).toEqual(ids[0]);
      expect(ids[2]).toEqual(ids[0]);
    });
  });

  test('carries what the build says about running the image', async () => {
    await withRig({ 'build.ts': build }, async (rig) => {
      await exported(rig, 'configured', `type=oci,dest=out.tar,${fixed}`);
      const { config } = readImage(join(rig.folder, 'out.tar'));
      expect(config.config).toEqual({
        Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'X=y'],
        Entrypoint: ['/d/a'],
        WorkingDir: '/',
        Labels: { a: '2', z: '<1>' },
      });
      expect(config.created).toBe('2001-09-09T01:46:40Z');
    });
  });

  test('a layout in a folder takes several images, each under its name', async () => {
    await withRig({ 'build.ts': build }, async (rig) => {
      await exported(rig, 'plain', 'type=oci,tar=false,dest=layout,name=example.com/a:1');
      await exported(rig, 'removed', 'type=oci,tar=false,dest=layout,name=example.com/a:2');
      await exported(rig, 'plain', 'type=oci,tar=false,dest=layout,name=example.com/a:2');
      const index = JSON.parse(readFileSync(join(rig.folder, 'layout/index.json'), 'utf8')) as {
        manifests: { digest: string; annotations: Record<string, string> }[];
      };
      expect(
        index.manifests.map(({ annotations }) => annotations['org.opencontainers.image.ref.name']),
      ).toEqual(['1', '2']);
      expect(index.manifests[0]?.digest).toBe(index.manifests[1]?.digest);
      for (const name of readdirSync(join(rig.folder, 'layout/blobs/sha256'))) {
        expect(name).toMatch(/^[0-9a-f]{64}$/);
        expect(statSync(join(rig.folder, 'layout/blobs/sha256', name)).mode & 0o777).toBe(0o444);
      }
    });
  });

  test('refuses attributes that make no sense, before anything is built', async () => {
    await withRig({ 'build.ts': build }, async (rig) => {
      for (const [attrs, message] of [
        ['compression=bzip2', 'unsupported compression type bzip2'],
        [
          'name=a/UPPER',
          'failed to parse a/UPPER: invalid reference format: repository name (a/UPPER) must be lowercase',
        ],
        [
          'oci-mediatypes=false,annotation-index.a=b',
          'cannot export annotations with "oci-mediatypes=false"',
        ],
      ]) {
        const { status, stderr } = await rig.call([
          'solve',
          'build.ts',
          'plain',
          '-o',
          `type=oci,dest=x.tar,${attrs}`,
        ]);
        expect([status, stderr]).toEqual([2, expect.stringContaining(message!)]);
        expect(stderr).not.toContain('mkfile');
      }
    });
  });
});

requires(
  'skopeo',
  'umoci',
  'root',
)('other tools', () => {
  test('skopeo and umoci read our images, and unpack the tree that was built', async () => {
    await withRig({ 'build.ts': build }, async (rig) => {
      for (const compression of ['gzip', 'zstd', 'uncompressed']) {
        await exported(
          rig,
          'removed',
          `type=oci,dest=out.tar,compression=${compression},force-compression=true,name=example.com/x:1`,
        );
        const archive = `oci-archive:${rig.folder}/out.tar`;
        const inspected = await run('skopeo', ['inspect', archive]);
        expect(inspected.stderr).toBe('');
        expect((JSON.parse(inspected.stdout.toString()) as { Layers: string[] }).Layers).toHaveLength(4);
        const copied = await run('skopeo', ['copy', archive, `oci:${rig.folder}/layout-${compression}:x`]);
        expect([copied.status, copied.stderr]).toEqual([0, '']);
        // Debian's umoci does not know zstd.
        if (compression === 'zstd') continue;
        const bundle = join(rig.folder, `bundle-${compression}`);
        const unpacked = await run('umoci', [
          'unpack',
          '--image',
          `${rig.folder}/layout-${compression}:x`,
          bundle,
        ]);
        expect([unpacked.status, unpacked.stderr]).toEqual([0, expect.any(String)]);
        expect(readdirSync(join(bundle, 'rootfs/d'))).toEqual(['b']);
        expect(statSync(join(bundle, 'rootfs/d')).mode & 0o777).toBe(0o755);
      }
    });
  });

  test('a docker archive is one for skopeo', async () => {
    await withRig({ 'build.ts': build }, async (rig) => {
      await exported(rig, 'plain', 'type=docker,dest=out.tar,"name=foo/bar:x,baz"');
      const inspected = await run('skopeo', [
        'inspect',
        '--config',
        `docker-archive:${rig.folder}/out.tar:foo/bar:x`,
      ]);
      expect(inspected.stderr).toBe('');
      const { manifest } = readImage(join(rig.folder, 'out.tar'));
      const listed = JSON.parse(
        readImage(join(rig.folder, 'out.tar')).file('manifest.json').toString(),
      ) as unknown;
      expect(listed).toEqual([
        {
          Config: `blobs/${manifest.config.digest.replace(':', '/')}`,
          RepoTags: ['foo/bar:x', 'baz:latest'],
          Layers: manifest.layers.map(({ digest }) => `blobs/${digest.replace(':', '/')}`),
        },
      ]);
    });
  });
});

requires('reference-buildkit')('beside BuildKit', () => {
  test.each([
    'type=oci',
    'type=docker',
    'type=docker,oci-mediatypes=false',
    'type=oci,"name=foo/bar:x,baz"',
    'type=oci,annotation.a=<b>,annotation-manifest-descriptor.c=d',
  ])('the same archive, byte for byte: %s', async (output) => {
    await withRig({ 'build.ts': build }, async (rig) => {
      const attrs = `${output},${fixed},compression=uncompressed,dest=`;
      for (const target of ['plain', 'removed', 'nothing']) {
        await exported(rig, target, `${attrs}ours.tar`);
        const definition = await rig.call(['marshal', 'build.ts', target]);
        const buildctl = findProgram('buildctl')!;
        const theirs = join(rig.folder, 'theirs.tar');
        const args = ['--addr', process.env.BUILDKIT_HOST!, 'build', '--output', `${attrs}${theirs}`];
        const solved = await run(buildctl, args, { input: definition.bytes });
        expect([solved.status, solved.stderr]).toEqual([0, expect.any(String)]);
        expect(readFileSync(join(rig.folder, 'ours.tar')).equals(readFileSync(theirs))).toBe(true);
      }
    });
  });
});

describe('trees', () => {
  test('a layer archive unpacks to what the tar exporter writes', async () => {
    await withRig({ 'build.ts': build }, async (rig) => {
      await exported(rig, 'configured', 'type=tar,dest=tree.tar');
      const tree = readTar(join(rig.folder, 'tree.tar'));
      expect(tree.map(({ path }) => path)).toEqual(['/d', '/d/a', '/d/b']);
    });
  });
});
