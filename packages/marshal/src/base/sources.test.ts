import { Image, LinuxAmd64, Merge, Mkdir, NewSourceMap, Scratch, type State } from '@llb-ts/llb';
import { describe, expect, it } from 'vitest';
import { marshal } from '../marshal.ts';

const amd64 = { constraints: [LinuxAmd64] };
const at = (line: number) => ({ start: { line, character: 0 }, end: { line, character: 4 } });
const textOf = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString();

describe('source maps', () => {
  const dockerfile = NewSourceMap(undefined, 'Dockerfile', 'Dockerfile', 'FROM a\n');
  const same = NewSourceMap(undefined, 'Dockerfile', 'Dockerfile', 'FROM a\n');
  const other = NewSourceMap(undefined, 'Dockerfile', 'Dockerfile', 'FROM b\n');

  it('are listed once, in the order in which they are used', async () => {
    const state = Merge(
      Image('a', other.Location([at(1)])),
      Image('b', dockerfile.Location([at(1), at(2)]), same.Location([at(3)])),
    );
    const { source, entries } = await marshal(state, amd64);
    expect(source?.infos.map(({ data }) => textOf(data))).toEqual(['FROM b\n', 'FROM a\n']);
    expect(entries.map(({ digest }) => source?.locations[digest]?.locations)).toEqual([
      [{ sourceIndex: 0, ranges: [at(1)] }],
      [
        { sourceIndex: 1, ranges: [at(1), at(2)] },
        { sourceIndex: 1, ranges: [at(3)] },
      ],
      [],
    ]);
  });

  it('add up for equal ops', async () => {
    const state = Merge(Image('a', dockerfile.Location([at(1)])), Image('a', same.Location([at(2)])));
    const { source, entries } = await marshal(state, amd64);
    expect(source?.locations[entries[0]?.digest ?? '']?.locations.map(({ ranges }) => ranges[0])).toEqual([
      at(1),
      at(2),
    ]);
  });

  it('carry the state that holds the file, marshaled with the same constraints', async () => {
    const map = NewSourceMap(Image('frontend'), 'Dockerfile', 'Dockerfile', '');
    const { source } = await marshal(Image('a', map.Location([at(1)])), amd64);
    const own = await marshal(Image('frontend'), amd64);
    expect(source?.infos[0]?.definition?.def).toEqual(own.message.def);
  });

  it('cannot come from what they describe', async () => {
    const states: State[] = [];
    const map = NewSourceMap(
      Scratch().Async(() => states[0] ?? Scratch()),
      'Dockerfile',
      'Dockerfile',
      '',
    );
    states.push(Image('a', map.Location([at(1)])));
    await expect(marshal(states[0] as State, amd64)).rejects.toMatchObject({ code: 'cyclic-source-map' });
  });
});

describe('call sites', () => {
  const file = { data: new TextEncoder().encode('the build file'), language: 'TypeScript' };
  const state = Image('a').File(Mkdir('/x', 0o755));

  it('are not written unless somebody has the text', async () => {
    const { source } = await marshal(state, amd64);
    expect(source?.infos).toEqual([]);
    expect(Object.values(source?.locations ?? {})).toEqual([{ locations: [] }, { locations: [] }]);
  });

  it('become places in the text that somebody has', async () => {
    const asked: string[] = [];
    const sourceText = (filename: string) => {
      asked.push(filename);
      return file;
    };
    const { source, entries } = await marshal(state, { ...amd64, sourceText });
    expect(asked).toEqual([expect.stringContaining('sources.test.ts')]);
    expect(source?.infos).toEqual([{ filename: asked[0], ...file }]);
    const places = entries.map(({ digest }) => source?.locations[digest]?.locations[0]?.ranges[0]);
    expect(places[0]?.start).toEqual(places[0]?.end);
    expect(places[0]?.start?.line).toBeGreaterThan(50);
    expect(places[1]?.start?.line).toBe(places[0]?.start?.line);
    expect(places[1]?.start?.character).toBeGreaterThan(places[0]?.start?.character ?? 0);
  });

  it('are mapped to what the user wrote, or left out', async () => {
    let calls = 0;
    const { source, entries } = await marshal(state, {
      ...amd64,
      sourceText: (filename) => (filename === 'build.ts' ? file : undefined),
      mapLocation: () => (calls++ === 0 ? undefined : { filename: 'build.ts', line: 7, column: 3 }),
    });
    expect(source?.infos).toEqual([{ filename: 'build.ts', ...file }]);
    expect(entries.map(({ digest }) => source?.locations[digest]?.locations)).toEqual([
      [],
      [{ sourceIndex: 0, ranges: [{ start: { line: 7, character: 2 }, end: { line: 7, character: 2 } }] }],
    ]);
  });

  it('give way to places that are named', async () => {
    const map = NewSourceMap(undefined, 'Dockerfile', 'Dockerfile', '');
    const { source } = await marshal(Image('a', map.Location([at(1)])), { ...amd64, sourceText: () => file });
    expect(source?.infos.map(({ filename }) => filename)).toEqual(['Dockerfile']);
  });
});
