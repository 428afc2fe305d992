import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { requires } from '../../support/requirements.ts';
import { type RunResult, run } from '../../support/run.ts';
import { type Rig, withRig } from '../cli/rig.ts';
import { startContainerd } from './containerd.ts';
import { startDocker } from './docker.ts';
import { startRegistry } from './registry.ts';

const build = `import { Diff, Merge, Mkdir, Mkfile, Rm, Scratch } from 'llb-ts';
const base = Scratch().File(Mkdir('/d', 0o750)).File(Mkfile('/d/a', 0o644, 'a\\n').Mkfile('/d/b', 0o600, 'b\\n'));
export default Merge(base, Diff(base, base.File(Rm('/d/a'))));
`;

async function exported(rig: Rig, output: string): Promise<void> {
  const { status, stderr } = await rig.call(['solve', '-o', output]);
  expect([status, stderr]).toEqual([0, expect.stringContaining('solved in')]);
}

function expectDone({ status, stderr }: RunResult): void {
  expect([status, stderr]).toEqual([0, expect.any(String)]);
}

/** The tree of the build: one of two files, in a folder with a mode of its own. */
function expectTree(root: string): void {
  expect(readdirSync(join(root, 'd'))).toEqual(['b']);
  expect(readFileSync(join(root, 'd/b'), 'utf8')).toBe('b\n');
  expect(statSync(join(root, 'd')).mode & 0o777).toBe(0o750);
}

const forms = ['gzip', 'zstd', 'uncompressed'].flatMap((compression) =>
  [
    `type=oci,name=example.com/x:1`,
    `type=docker,name=example.com/x:1`,
    `type=docker,name=example.com/x:1,oci-mediatypes=false`,
  ].map((output) => `${output},compression=${compression},force-compression=true`),
);
// Docker's own media types know no zstd that containerd would take.
const imported = forms.filter((form) => !(form.includes('zstd') && form.includes('mediatypes=false')));

requires('containerd')('containerd', () => {
  test('imports and unpacks our archives', async () => {
    await withRig({ 'build.ts': build }, async (rig) => {
      const containerd = await startContainerd(join(rig.folder, 'containerd'));
      try {
        for (const [at, form] of imported.entries()) {
          await exported(rig, `${form},dest=${at}.tar`);
          const archive = join(rig.folder, `${at}.tar`);
          const options = ['--snapshotter', 'native', '--base-name', 'example.com/x'];
          const import_ = await containerd.ctr('images', 'import', ...options, archive);
          expect([form, import_.status, import_.stderr]).toEqual([form, 0, expect.any(String)]);
          const listed = await containerd.ctr('images', 'ls', '-q');
          expect(listed.stdout.toString().trim()).toBe('example.com/x:1');
          const mount = join(rig.folder, `mount-${at}`);
          mkdirSync(mount);
          expectDone(
            await containerd.ctr('images', 'mount', '--snapshotter', 'native', 'example.com/x:1', mount),
          );
          try {
            expectTree(mount);
          } finally {
            await run('umount', [mount]);
            await containerd.ctr('snapshots', '--snapshotter', 'native', 'rm', mount);
          }
          expectDone(await containerd.ctr('images', 'rm', '--sync', 'example.com/x:1'));
        }
      } finally {
        await containerd.stop();
      }
    });
  });
});

requires('docker')('docker load', () => {
  test('takes our archives; a container of the image has the tree', async () => {
    await withRig({ 'build.ts': build }, async (rig) => {
      const { docker, stop } = await startDocker(join(rig.folder, 'docker'));
      try {
        // That of Debian 12 reads no OCI layouts and no zstd.
        const loadable = forms.filter((form) => form.startsWith('type=docker') && !form.includes('zstd'));
        for (const [at, form] of loadable.entries()) {
          await exported(rig, `${form},dest=${at}.tar`);
          const loaded = await docker('load', '--input', join(rig.folder, `${at}.tar`));
          expect([form, loaded.status, loaded.stdout.toString()]).toEqual([
            form,
            0,
            expect.stringContaining('Loaded image: example.com/x:1'),
          ]);
          expectDone(await docker('create', '--name', `box-${at}`, 'example.com/x:1', '/none'));
          const [archive, root] = [join(rig.folder, `box-${at}.tar`), join(rig.folder, `box-${at}`)];
          expectDone(await docker('export', '--output', archive, `box-${at}`));
          mkdirSync(root);
          expectDone(await run('tar', ['-xf', archive, '-C', root]));
          expectTree(root);
          expectDone(await docker('rm', `box-${at}`));
          expectDone(await docker('rmi', 'example.com/x:1'));
        }
      } finally {
        await stop();
      }
    });
  });
});

requires(
  'skopeo',
  'umoci',
  'root',
)('skopeo and umoci', () => {
  test('take our archives in every form', async () => {
    await withRig({ 'build.ts': build }, async (rig) => {
      for (const [at, form] of forms.entries()) {
        await exported(rig, `${form},dest=${at}.tar`);
        const from = form.startsWith('type=oci') ? 'oci-archive' : 'docker-archive';
        const layout = `${rig.folder}/layout-${at}`;
        expectDone(await run('skopeo', ['inspect', `${from}:${rig.folder}/${at}.tar`]));
        expectDone(await run('skopeo', ['copy', `${from}:${rig.folder}/${at}.tar`, `oci:${layout}:x`]));
        // Debian's umoci knows no zstd; of a docker archive skopeo has unpacked it.
        if (from === 'oci-archive' && form.includes('zstd')) continue;
        expectDone(await run('umoci', ['unpack', '--image', `${layout}:x`, `${layout}-bundle`]));
        expectTree(`${layout}-bundle/rootfs`);
      }
    });
  });

  test('take our layout folders as they are', async () => {
    await withRig({ 'build.ts': build }, async (rig) => {
      for (const compression of ['gzip', 'uncompressed']) {
        const layout = `${rig.folder}/${compression}`;
        const more = `name=example.com/x:1,compression=${compression},force-compression=true`;
        await exported(rig, `type=oci,tar=false,dest=${compression},${more}`);
        expectDone(await run('skopeo', ['inspect', `oci:${layout}:1`]));
        expectDone(await run('umoci', ['unpack', '--image', `${layout}:1`, `${layout}-bundle`]));
        expectTree(`${layout}-bundle/rootfs`);
      }
    });
  });
});

requires(
  'skopeo',
  'umoci',
  'root',
  'docker-registry',
)('skopeo, from a registry', () => {
  test('takes what we have pushed, with OCI’s media types or Docker’s', async () => {
    await withRig({ 'build.ts': build }, async (rig) => {
      const registry = await startRegistry(join(rig.folder, 'registry'));
      try {
        for (const types of ['true', 'false']) {
          const name = `${registry.host}/x:${types}`;
          await exported(rig, `type=image,name=${name},push=true,oci-mediatypes=${types}`);
          const layout = `${rig.folder}/layout-${types}`;
          const flags = ['--src-tls-verify=false', '--format', 'oci'];
          expectDone(await run('skopeo', ['copy', ...flags, `docker://${name}`, `oci:${layout}:x`]));
          expectDone(await run('umoci', ['unpack', '--image', `${layout}:x`, `${layout}-bundle`]));
          expectTree(`${layout}-bundle/rootfs`);
        }
      } finally {
        await registry.stop();
      }
    });
  });
});
