import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { requires } from '../../support/requirements.ts';
import { startRegistry } from '../export/registry.ts';
import { type Rig, withRig } from './rig.ts';

const image = `import { Mkfile, Scratch } from 'llb-ts';
export default ({ text = 'one' }: { text?: string }) => Scratch()
  .File(Mkfile('/text', 0o644, text))
  .ImageConfig({ env: { PATH: '/tools:/bin', TEXT: text }, workingDir: '/work', user: 'nobody' });
`;

const program = `import { Args, Image, ResolveDigest, WithMetaResolver } from 'llb-ts';
const ref = process.env.REF!;
export default {
  asked: () => Image(ref, WithMetaResolver()).Run(Args(['/bin/true'])).Root(),
  pinned: () => Image(ref, WithMetaResolver(), ResolveDigest(true)).Run(Args(['/bin/true'])).Root(),
  plain: () => Image(ref).Run(Args(['/bin/true'])).Root(),
};
`;

async function withImage(use: (rig: Rig, ref: string) => Promise<void>): Promise<void> {
  await withRig({ 'image.ts': image, 'build.ts': program }, async (rig) => {
    const registry = await startRegistry(join(rig.folder, '../registry'));
    try {
      const ref = `${registry.host}/tools:latest`;
      const output = `type=image,name=${ref},push=true`;
      const pushed = await rig.call(['solve', 'image.ts', '-o', output, '--metadata-file', 'meta.json']);
      expect(pushed).toMatchObject({ status: 0 });
      await use(rig, ref);
    } finally {
      await registry.stop();
    }
  });
}

interface Op {
  readonly kind: string;
  readonly op: {
    readonly source?: { readonly identifier: string };
    readonly exec?: { readonly meta: { readonly env: readonly string[]; readonly cwd: string } };
  };
}

async function opsOf(rig: Rig, target: string, ref: string): Promise<readonly Op[]> {
  const { status, stdout, stderr } = await rig.call(['inspect', 'build.ts', target, '--format', 'json'], {
    env: { REF: ref },
  });
  expect([status, stderr]).toEqual([0, '']);
  return (JSON.parse(stdout) as { readonly ops: readonly Op[] }).ops;
}

function metaOf(ops: readonly Op[]) {
  return ops.find(({ kind }) => kind === 'exec')?.op.exec?.meta;
}

requires('docker-registry')('an image that is asked about', () => {
  test('gives its environment and directory to what runs on it; one that is not does not', async () => {
    await withImage(async (rig, ref) => {
      expect(metaOf(await opsOf(rig, 'asked', ref))).toMatchObject({
        env: ['PATH=/tools:/bin', 'TEXT=one'],
        cwd: '/work',
      });
      const plain = await opsOf(rig, 'plain', ref);
      expect(metaOf(plain)).toMatchObject({ cwd: '/' });
      expect(metaOf(plain)?.env).not.toContain('TEXT=one');
    });
  });

  test('is pinned to its digest where the build wants that', async () => {
    await withImage(async (rig, ref) => {
      const { 'containerimage.digest': digest } = JSON.parse(
        readFileSync(join(rig.folder, 'meta.json'), 'utf8'),
      ) as Record<string, string>;
      const [source] = await opsOf(rig, 'pinned', ref);
      expect(source?.op.source?.identifier).toBe(`docker-image://${ref}@${digest}`);
    });
  });

  test('that is not there is a failure with the line of the build file', async () => {
    await withImage(async (rig, ref) => {
      const missing = ref.replace(':latest', ':gone');
      const { status, stdout, stderr } = await rig.call(['marshal', 'build.ts', 'asked'], {
        env: { REF: missing },
      });
      expect([status, stdout]).toEqual([1, '']);
      expect(stderr).toBe(
        [
          `error: ${missing}: not found`,
          '   build.ts:4:16',
          '    3 | export default {',
          " >  4 |   asked: () => Image(ref, WithMetaResolver()).Run(Args(['/bin/true'])).Root(),",
          '      |                ^',
          `   help   ${missing.split('/')[0]} has no gone of tools: check the name, and the tag or digest`,
          '',
        ].join('\n'),
      );
    });
  });
});
