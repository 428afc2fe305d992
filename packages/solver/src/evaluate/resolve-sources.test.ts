import fs from 'node:fs';
import path from 'node:path';
import {
  type Backend,
  defaultRequest,
  type ProgressEvent,
  type ResolvedSource,
  type SourceQuestion,
  type SourceResolver,
} from '@llb-ts/backend';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../../../test/support/temporary.ts';
import { createLocalBackend } from '../local-backend.ts';
import { MediaType } from '../registry/descriptor.ts';
import { digestOf, RegistryContent, ScriptedServer } from '../registry/testing/registry-server.ts';
import { git, serveRepositories } from '../source/git/testing/repository.ts';

let root: string;
let server: ScriptedServer;
let backend: Backend & SourceResolver;
let events: ProgressEvent[];

beforeEach(async () => {
  root = temporaryFolder();
  server = await new ScriptedServer().start();
  backend = await createLocalBackend({ stateDir: path.join(root, 'state'), jobs: 2 });
  events = [];
});
afterEach(async () => {
  await backend.close();
  await server.stop();
});

const question = (
  identifier: string,
  attrs: Record<string, string> = {},
  more: Partial<SourceQuestion> = {},
): SourceQuestion => ({ digest: digestOf(identifier), op: { identifier, attrs }, ...more });

function ask(
  sources: readonly SourceQuestion[],
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, ResolvedSource>> {
  const onProgress = (event: ProgressEvent) => events.push(event);
  return backend.resolveSources({ ...defaultRequest, onProgress, sources, ...(signal && { signal }) });
}

const platform = (architecture: string) => ({
  os: 'linux',
  architecture,
  variant: '',
  osVersion: '',
  osFeatures: [],
});

describe('resolveSources', () => {
  it('tells the digest of an index for every platform of it, and brings no layer', async () => {
    const content = new RegistryContent();
    server.answer = content.serve;
    const manifests = ['amd64', 'arm64'].map((architecture) => ({
      ...content.image(architecture, [Buffer.from(architecture)], architecture),
      platform: { os: 'linux', architecture },
    }));
    const index = content.document('latest', MediaType.ociIndex, { manifests });
    const identifier = `docker-image://${server.host}/a/b:latest`;
    for (const architecture of ['amd64', 'arm64']) {
      const one = question(identifier, {}, { platform: platform(architecture) });
      expect([...(await ask([one]))]).toEqual([[one.digest, { kind: 'image', digest: index.digest }]]);
    }
    const layers = ['amd64', 'arm64'].map(digestOf);
    expect(server.requests.filter((one) => layers.some((digest) => one.includes(digest)))).toEqual([]);
    const missing = question(identifier, {}, { platform: platform('s390x') });
    await expect(ask([missing])).rejects.toThrow('no match for platform in manifest');
  });

  it('tells checksum and name of a file on the web', async () => {
    server.answer = (_, response) =>
      void response.setHeader('content-disposition', 'attachment; filename=said').end('text');
    const one = question(`http://${server.host}/x`);
    const answer = { kind: 'http', checksum: digestOf('text'), filename: 'said' };
    expect([...(await ask([one]))]).toEqual([[one.digest, answer]]);
    expect(events.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['vertex', 'started', 'completed']),
    );
    expect(events.find((event) => event.type === 'vertex')).toMatchObject({
      digest: one.digest,
      name: `resolve http://${server.host}/x`,
    });
    expect(events.filter((event) => event.type === 'completed')).toEqual([
      expect.objectContaining({ digest: one.digest, cached: false }),
    ]);
  });

  it('tells the commit that an annotated tag names, also where the tag itself is kept', async () => {
    const work = path.join(root, 'git/repo.git');
    fs.mkdirSync(work, { recursive: true });
    git(work, ['init', '-q']);
    fs.writeFileSync(path.join(work, 'f'), '');
    git(work, ['add', '-A']);
    git(work, ['commit', '-q', '-m', 'first']);
    git(work, ['tag', '-a', 'v1', '-m', 'version 1']);
    const commit = git(work, ['rev-parse', 'HEAD']);
    const repositories = await serveRepositories(path.join(root, 'git'));
    try {
      const url = `http://${repositories.host}/repo.git/.git`;
      const attrs = { 'git.fullurl': url };
      const plain = question(`git://${repositories.host}/repo.git/.git#v1`, attrs);
      const kept = { ...plain, op: { ...plain.op, attrs: { ...attrs, 'git.keepgitdir': 'true' } } };
      for (const one of [plain, kept]) {
        expect([...(await ask([one]))]).toEqual([[one.digest, { kind: 'git', commit }]]);
      }
    } finally {
      await repositories.stop();
    }
  });

  it('stops at the first failure and says where it was', async () => {
    let slow = 0;
    server.answer = (request, response) => {
      if (request.url === '/missing') return void setTimeout(() => response.writeHead(404).end(), 50);
      slow++;
      // Never answered: only stopping ends it.
      return undefined;
    };
    const location = { filename: 'build.ts', line: 3, character: 4 };
    const missing = question(`http://${server.host}/missing`, {}, { location });
    const waits = [1, 2, 3].map((i) => question(`http://${server.host}/${i}`));
    await expect(ask([missing, ...waits])).rejects.toMatchObject({
      code: 'step',
      message: expect.stringContaining('invalid response status 404'),
      details: { vertex: missing.digest, location },
    });
    // With two jobs one was under way; those behind it were not begun.
    expect(slow).toBe(1);
    const ended = events.filter((event) => event.type === 'completed');
    expect(ended.map(({ cancelled }) => cancelled ?? false).sort()).toEqual([false, true]);
  });

  it('is stopped by its signal', async () => {
    const stop = new AbortController();
    server.answer = () => stop.abort();
    await expect(ask([question(`http://${server.host}/x`)], stop.signal)).rejects.toMatchObject({
      code: 'cancelled',
    });
  });

  it('has nothing to say of a folder, or of no source at all', async () => {
    await expect(ask([question('ftp://x')])).rejects.toThrow('unknown scheme ftp');
    expect([...(await ask([]))]).toEqual([]);
  });
});
