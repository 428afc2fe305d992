import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { requires } from '../../support/requirements.ts';
import { type Rig, withRig } from '../cli/rig.ts';
import { type Registry, type RegistryOptions, startRegistry } from './registry.ts';

const build = `import { Image, Merge, Mkfile, Scratch } from 'llb-ts';
const one = Scratch().File(Mkfile('/one', 0o644, 'one\\n'));
export default {
  one,
  two: one.File(Mkfile('/two', 0o644, 'two\\n')),
  merged: () => Merge([Image(process.env.FIRST), Image(process.env.SECOND)]),
};
`;

/** Runs \`use\` with a build and a registry. */
function withRegistry(
  options: (rig: Rig) => RegistryOptions,
  use: (rig: Rig, registry: Registry) => Promise<void>,
): Promise<void> {
  return withRig({ 'build.ts': build }, async (rig) => {
    const registry = await startRegistry(join(rig.folder, 'registry'), options(rig));
    try {
      await use(rig, registry);
    } finally {
      await registry.stop();
    }
  });
}

async function manifestOf(host: string, name: string) {
  const [repository, reference = 'latest'] = name.split('#');
  const response = await fetch(`http://${host}/v2/${repository}/manifests/${reference}`, {
    headers: { accept: 'application/vnd.oci.image.manifest.v1+json' },
  });
  return {
    status: response.status,
    digest: response.headers.get('docker-content-digest'),
    body: await response.text(),
  };
}

function metadataOf(rig: Rig): Readonly<Record<string, string>> {
  return JSON.parse(readFileSync(join(rig.folder, 'meta.json'), 'utf8')) as Readonly<Record<string, string>>;
}

requires('docker-registry')('push', () => {
  test('under several names, and again without sending anything', async () => {
    await withRegistry(
      () => ({}),
      async (rig, { host }) => {
        const output = `type=image,"name=${host}/a/x:1,${host}/b",push=true`;
        const args = ['solve', 'build.ts', 'two', '-o', output, '--metadata-file', 'meta.json'];
        const first = await rig.call(args);
        expect([first.status, first.stderr]).toEqual([
          0,
          expect.stringContaining(`pushing manifest for ${host}/a/x:1@sha256:`),
        ]);
        const digest = metadataOf(rig)['containerimage.digest'];
        for (const name of ['a/x#1', 'b#latest']) {
          expect(await manifestOf(host, name)).toMatchObject({ status: 200, digest });
        }
        expect(metadataOf(rig)['image.name']).toBe(`${host}/a/x:1,${host}/b`);
        expect((await rig.call(args)).status).toBe(0);
      },
    );
  });

  test('by digest only', async () => {
    await withRegistry(
      () => ({}),
      async (rig, { host }) => {
        const output = `type=image,name=${host}/x,push=true,push-by-digest=true`;
        const { status } = await rig.call([
          'solve',
          'build.ts',
          'one',
          '-o',
          output,
          '--metadata-file',
          'meta.json',
        ]);
        expect(status).toBe(0);
        const digest = metadataOf(rig)['containerimage.digest'];
        expect(await manifestOf(host, `x#${digest}`)).toMatchObject({ status: 200 });
        expect(await manifestOf(host, 'x#latest')).toMatchObject({ status: 404 });
      },
    );
  });

  test('a merge of pulled images sends manifests only: their layers are taken over where they are', async () => {
    await withRegistry(
      () => ({}),
      async (rig, { host }) => {
        for (const target of ['one', 'two']) {
          const { status } = await rig.call([
            'solve',
            'build.ts',
            target,
            '-o',
            `type=image,name=${host}/${target},push=true`,
          ]);
          expect(status).toBe(0);
        }
        // Another store, which has none of it.
        const env = {
          FIRST: `${host}/one`,
          SECOND: `${host}/two`,
          LLB_TS_STATE_DIR: join(rig.folder, 'other'),
        };
        const merged = await rig.call(
          ['solve', 'build.ts', 'merged', '-o', `type=image,name=${host}/merged,push=true`],
          { env },
        );
        expect([merged.status, merged.stderr]).toEqual([0, expect.any(String)]);
        const { body } = await manifestOf(host, 'merged');
        const { layers, config } = JSON.parse(body) as {
          layers: { digest: string }[];
          config: { digest: string };
        };
        expect(layers).toHaveLength(3);
        expect(layers[0]).toEqual(layers[1]);
        const blobs = readdirSync(join(rig.folder, 'other/blobs/sha256'));
        for (const { digest } of layers) expect(blobs).not.toContain(digest.slice('sha256:'.length));
        expect(blobs).toContain(config.digest.slice('sha256:'.length));
      },
    );
  });

  test('with a password, from Docker’s configuration', async () => {
    // "secret" by bcrypt.
    const htpasswd = 'user:$2b$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a\n';
    await withRegistry(
      () => ({ htpasswd }),
      async (rig, { host }) => {
        const output = `type=image,name=${host}/x,push=true`;
        const config = join(rig.folder, 'docker');
        mkdirSync(config);
        const env = { DOCKER_CONFIG: config };
        const refused = await rig.call(['solve', 'build.ts', 'one', '-o', output], { env });
        expect(refused.status).toBe(1);
        expect(refused.stderr).toContain(`failed to push ${host}/x: push access denied`);
        expect(refused.stderr).toContain(config);
        const auth = Buffer.from('user:secret').toString('base64');
        writeFileSync(join(config, 'config.json'), JSON.stringify({ auths: { [host]: { auth } } }));
        expect((await rig.call(['solve', 'build.ts', 'one', '-o', output], { env })).status).toBe(0);
      },
    );
  });

  test('over TLS that nobody has signed, only when told so', async () => {
    await withRegistry(selfSigned, async (rig, { host }) => {
      const output = `type=image,name=${host}/x,push=true`;
      const args = (more: string) => ['solve', 'build.ts', 'one', '-o', output + more];
      expect((await rig.call(args(''))).status).not.toBe(0);
      const pushed = await rig.call(args(',registry.insecure=true'));
      expect([pushed.status, pushed.stderr]).toEqual([0, expect.any(String)]);
    });
  });

  test('says who does not answer', async () => {
    await withRig({ 'build.ts': build }, async (rig) => {
      const output = 'type=image,name=127.0.0.1:1/x,push=true';
      const { status, stderr } = await rig.call(['solve', 'build.ts', 'one', '-o', output]);
      expect(status).toBe(3);
      expect(stderr).toContain(
        'failed to push 127.0.0.1:1/x: failed to do request: Head "http://127.0.0.1:1/v2/x/blobs/sha256:',
      );
      expect(stderr).toContain('connection refused');
    });
  });
});

function selfSigned(rig: Rig): RegistryOptions {
  const [certificate, key] = [join(rig.folder, 'cert.pem'), join(rig.folder, 'key.pem')];
  const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const args = [
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-days',
    '1',
    '-keyout',
    key,
    '-out',
    certificate,
  ];
  execFileSync('openssl', [...args, ...subject], { stdio: 'ignore' });
  return { tls: { certificate, key } };
}

describe('what cannot be pushed', () => {
  test.each([
    ['type=image,push=true', 'a name is needed to push an image'],
    ['type=image,name=a:b,push=true,push-by-digest=true', "can't push tagged ref a:b by digest"],
    ['type=image,name=x,push=perhaps', 'non-bool value specified for push'],
  ])('%s', async (output, message) => {
    await withRig({ 'build.ts': build }, async (rig) => {
      const { status, stderr } = await rig.call(['solve', 'build.ts', 'one', '-o', output]);
      expect([status, stderr]).toEqual([2, expect.stringContaining(message)]);
    });
  });
});
