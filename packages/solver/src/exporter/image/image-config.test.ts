import { describe, expect, it } from 'vitest';
import { buildImageConfig, type ConfigLayers, type ConfigSource } from './image-config.ts';

const layers: ConfigLayers = {
  diffIds: ['sha256:aa'],
  layers: [{ description: 'mkfile /f > x', createdAt: 2_000_000_000_000 }],
  epoch: 1_000_000_000n,
};
const platform = { os: 'linux', architecture: 'arm64', variant: '', osVersion: '', osFeatures: [] };
const text = (source: ConfigSource, more: Partial<ConfigLayers> = {}) =>
  buildImageConfig(source, { ...layers, ...more }).bytes.toString();
const parsed = (source: ConfigSource, more: Partial<ConfigLayers> = {}) =>
  JSON.parse(text(source, more)) as never;

describe('buildImageConfig', () => {
  it('writes the bytes that BuildKit writes for a result without config', () => {
    expect(text({ imageConfig: { platform } })).toBe(
      '{"architecture":"arm64","config":{"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],"WorkingDir":"/"},"created":"2001-09-09T01:46:40Z","history":[{"created":"2001-09-09T01:46:40Z","created_by":"mkfile /f \\u003e x","comment":"buildkit.exporter.image.v0"}],"os":"linux","rootfs":{"type":"layers","diff_ids":["sha256:aa"]}}',
    );
  });

  it('has null where Go has no list', () => {
    expect(parsed({ imageConfig: { platform } }, { diffIds: [], layers: [] })).toMatchObject({
      created: null,
      history: null,
      rootfs: { diff_ids: null },
    });
  });

  it('writes what a build says about running it, in the order of the fields', () => {
    const imageConfig = {
      platform: { ...platform, architecture: 'arm', variant: 'v6' },
      StopSignal: 'SIGINT',
      Labels: { b: '1', a: '2' },
      ExposedPorts: { '80/tcp': {} },
      Volumes: {},
      Env: ['PATH=/x', 'A=1'],
      Cmd: [],
      Entrypoint: ['/e'],
      User: 'u:g',
      WorkingDir: '/w',
    };
    expect(text({ imageConfig })).toContain(
      '"config":{"User":"u:g","ExposedPorts":{"80/tcp":{}},"Env":["PATH=/x","A=1"],"Entrypoint":["/e"],"WorkingDir":"/w","Labels":{"a":"2","b":"1"},"StopSignal":"SIGINT"}',
    );
    expect(text({ imageConfig }).endsWith('"variant":"v6"}')).toBe(true);
    expect(buildImageConfig({ imageConfig }, layers).platform).toEqual({
      os: 'linux',
      architecture: 'arm',
      variant: 'v6',
    });
  });

  it('takes a whole config as it is, but for root filesystem, history and time', () => {
    const json = JSON.stringify({
      os: 'linux',
      architecture: 'amd64',
      created: '2010-01-01T00:00:00Z',
      author: 'me',
      extra: { b: 1, a: [2] },
      rootfs: { type: 'layers', diff_ids: ['sha256:old'] },
    });
    expect(parsed({ json, imageConfig: { User: 'not this' } })).toMatchObject({
      author: 'me',
      created: '2001-09-09T01:46:40Z',
      extra: { b: 1, a: [2] },
      rootfs: { diff_ids: ['sha256:aa'] },
    });
    expect(text({ json })).toContain('"extra":{"b":1,"a":[2]}');
  });

  it.each([
    ['null', 'invalid null image config for export'],
    ['{"architecture":"a"}', 'invalid image config for export: missing os'],
    ['{"os":"linux"}', 'invalid image config for export: missing architecture'],
    ['[]', 'invalid image config for export: not an object'],
    ['{', 'invalid image config for export: '],
  ])('refuses the config %s', (json, message) => {
    expect(() => text({ json })).toThrow(
      expect.objectContaining({ code: 'export', message: expect.stringContaining(message) }),
    );
  });
});
