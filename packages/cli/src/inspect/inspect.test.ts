import {
  Definition,
  type Digest,
  digestOf,
  encodeHead,
  encodeOp,
  type Input,
  noMetadata,
  type Op,
  type OpMetadata,
} from '@llb-ts/pb';
import pc from 'picocolors';
import { describe, expect, it } from 'vitest';
import { fileInside, placesOf } from '../built/places.ts';
import { graphDot, graphMermaid } from './drawing.ts';
import { type Graph, graphOf, type Step } from './graph.ts';
import { graphJson } from './json.ts';
import { selectStep } from './select.ts';
import { graphTable, stepDetails } from './table.ts';

const none = pc.createColors(false);
const linux = { architecture: 'amd64', os: 'linux', variant: '', osVersion: '', osFeatures: [] };

/** Puts ops into a definition; each is given the digests of those before it. */
function definitionOf(...ops: readonly ((digests: readonly Digest[]) => Op)[]): Definition {
  const bytes: Uint8Array[] = [];
  const digests: Digest[] = [];
  const metadata: Record<string, OpMetadata> = {};
  for (const op of ops) {
    const encoded = encodeOp(op(digests));
    bytes.push(encoded);
    digests.push(digestOf(encoded));
    metadata[digestOf(encoded)] = { ...noMetadata, caps: { 'file.base': true } };
  }
  const last = digests.at(-1) as Digest;
  metadata[last] = { ...noMetadata, description: { 'llb.customname': 'the "last" <one>' } };
  return Definition.from({
    def: [...bytes, encodeHead({ digest: last, index: 1 })],
    metadata,
    source: {
      infos: [{ filename: 'build.ts', data: Buffer.from('one\ntwo\n'), language: 'TypeScript' }],
      locations: {
        [digests[0] as Digest]: {
          locations: [
            {
              sourceIndex: 0,
              ranges: [{ start: { line: 2, character: 1 }, end: { line: 2, character: 1 } }],
            },
          ],
        },
      },
    },
  });
}

const input = (digest: string | undefined, index = 0): Input => ({ digest: digest ?? '', index });
const mkfile = { kind: 'mkfile', path: '/a', mode: 0o644, data: Buffer.from('hi'), timestamp: -1n } as const;
const mount = (dest: string, index: number) => ({
  input: index,
  selector: '',
  dest,
  output: 0,
  readonly: false,
  mountType: 0,
  resultID: '',
  contentCache: 0,
});
const meta = {
  args: ['sh', '-c', 'make'],
  env: [],
  cwd: '/',
  user: '',
  extraHosts: [],
  hostname: '',
  ulimit: [],
  cgroupParent: '',
  removeMountStubsRecursive: false,
  validExitCodes: [],
};

const sample = definitionOf(
  () => ({
    inputs: [],
    platform: linux,
    op: { kind: 'source', identifier: 'docker-image://alpine', attrs: {} },
  }),
  () => ({
    inputs: [],
    op: { kind: 'file', actions: [{ input: -1, secondaryInput: -1, output: 0, action: mkfile }] },
  }),
  ([a, b]) => ({ inputs: [input(a), input(b)], op: { kind: 'merge', inputs: [{ input: 0 }, { input: 1 }] } }),
  ([a, , c]) => ({
    inputs: [input(a), input(c)],
    op: { kind: 'diff', lower: { input: 0 }, upper: { input: 1 } },
  }),
  ([, b, c]) => ({
    inputs: [input(c), input(b), input('sha256:0123456789abcdef')],
    op: {
      kind: 'exec',
      meta,
      mounts: [mount('/', 0), mount('/src', 1)],
      network: 0,
      security: 0,
      secretenv: [],
      cdiDevices: [],
    },
  }),
);

const graph = (definition: Definition): Graph =>
  graphOf(definition, placesOf(definition, fileInside(definition)).placeOf);
const short = (index: number) => sample.entries[index]?.digest.slice(7, 19);

describe('inspect', () => {
  it('shows the graph as a table', () => {
    const row = (number: string, digest: string | undefined, op: string, name: string, inputs: string) =>
      `${number}  ${digest?.padEnd(12)}  ${op.padEnd(6)}  ${name.padEnd(21)}  ${inputs.padEnd(31)}  `;
    expect(graphTable(graph(sample), none).split('\n')).toEqual([
      `${row(' #', 'DIGEST', 'OP', 'NAME', 'INPUTS')}PLATFORM     SOURCE`,
      `${row('#1', short(0), 'source', 'docker-image://alpine', '-')}linux/amd64  build.ts:2`,
      `${row('#2', short(1), 'file', 'mkfile /a', '-')}-            -`,
      `${row('#3', short(2), 'merge', 'merge (#1, #2)', '#1 #2')}-            -`,
      `${row('#4', short(3), 'diff', 'diff (#1) -> (#3)', '#1 #3')}-            -`,
      `${row('#5', short(4), 'exec', 'the "last" <one>', '#3 #2:/src missing 0123456789ab')}-            -`,
      'result: #5[1]',
      '',
    ]);
  });

  it('fits a terminal by cutting names', () => {
    const lines = graphTable(graph(sample), none, 94).split('\n');
    expect(lines[1]).toContain('docker-image://alpi…');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(110);
  });

  it('shows one step in full, with its source line', () => {
    const text = stepDetails(selectStep(graph(sample), short(0) as string), none);
    expect(text).toContain(`digest        ${sample.entries[0]?.digest}`);
    expect(text).toContain('capabilities  file.base');
    expect(text).toContain('   build.ts:2:2\n    1 | one\n >  2 | two\n      |  ^\n');
    expect(text).toContain('"identifier": "docker-image://alpine"');
  });

  it('selects by the beginning of a digest or by number', () => {
    const g = graph(sample);
    expect(selectStep(g, `sha256:${short(2)}`).number).toBe(3);
    expect(selectStep(g, '#4').kind).toBe('diff');
    expect(() => selectStep(g, '#9')).toThrow('there is no step #9');
    expect(() => selectStep(g, 'zz')).toThrow('zz is no beginning of a digest');
    expect(() => selectStep(g, 'ffffffffffffffff')).toThrow('no step has a digest');
    expect(() => selectStep(g, 'sha256:')).toThrow('is no beginning of a digest');
  });

  it('asks for more digits when several steps fit', () => {
    const first = (n: number) => sample.entries[n]?.digest[7];
    const many = { ...graph(sample), steps: [...graph(sample).steps, ...graph(sample).steps] };
    expect(() => selectStep(many, first(0) as string)).toThrow('steps have a digest that begins with');
  });

  it('gives JSON with stable names, bytes as base64 and wide numbers as text', () => {
    const json = JSON.parse(graphJson(sample, graph(sample)));
    expect(Object.keys(json)).toEqual(['digest', 'result', 'ops']);
    expect(json.result).toEqual({ number: 5, digest: sample.entries[4]?.digest, output: 1 });
    expect(json.ops[1]).toEqual({
      number: 2,
      digest: sample.entries[1]?.digest,
      kind: 'file',
      name: 'mkfile /a',
      inputs: [],
      op: {
        file: {
          actions: [
            {
              input: -1,
              secondaryInput: -1,
              output: 0,
              action: { kind: 'mkfile', path: '/a', mode: 420, data: 'aGk=', timestamp: '-1' },
            },
          ],
        },
      },
      metadata: { ignoreCache: false, description: {}, caps: { 'file.base': true } },
      source: null,
    });
    expect(json.ops[0].source).toEqual({ file: 'build.ts', line: 2, character: 1 });
    expect(json.ops[4].inputs[1]).toEqual({
      number: 2,
      digest: sample.entries[1]?.digest,
      output: 0,
      mount: '/src',
    });
  });

  it('draws for Graphviz', () => {
    const dot = graphDot(graph(sample));
    expect(dot).toMatch(
      /^digraph \{\n {2}n1 \[label="docker-image:\/\/alpine" shape=ellipse tooltip="sha256:/,
    );
    expect(dot).toContain('n5 [label="the \\"last\\" <one>" shape=box');
    expect(dot).toContain('  n1 -> n3;\n  n2 -> n3;\n');
    expect(dot).toContain('  n2 -> n5 [label="/src"];\n');
    expect(dot.endsWith('  n5 -> result;\n}\n')).toBe(true);
  });

  it('draws for Mermaid', () => {
    const text = graphMermaid(graph(sample));
    expect(text).toContain(
      'flowchart TD\n  n1(["docker-image://alpine"])\n  n2["mkfile /a"]\n  n3{{"merge (#35;1, #35;2)"}}',
    );
    expect(text).toContain('  n5["the #34;last#34; #60;one#62;"]');
    expect(text).toContain('  n2 -->|"/src"| n5\n');
  });

  it('shows a graph of many steps', () => {
    const [step] = graph(sample).steps;
    const steps = Array.from({ length: 200_000 }, () => step as Step);
    expect(graphTable({ steps, result: undefined }, none).split('\n')).toHaveLength(200_003);
  });

  it('shows a definition of nothing', () => {
    const empty = Definition.from({ def: [], metadata: {} });
    expect(graphTable(graph(empty), none)).toBe('an empty definition: scratch, nothing to solve\n');
    expect(JSON.parse(graphJson(empty, graph(empty)))).toEqual({ digest: null, result: null, ops: [] });
    expect(graphDot(graph(empty))).toBe('digraph {\n\n}\n');
  });
});
