import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { beforeEach, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../../../test/support/temporary.ts';
import { parseOutputs } from './output.ts';

const stream = new PassThrough();
const pipe = { stream, isTerminal: false };
const terminal = { stream, isTerminal: true };

let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
  writeFileSync(join(folder, 'file'), '');
  mkdirSync(join(folder, 'sub'));
});

const one = (value: string, stdout = pipe) => parseOutputs([value], stdout)[0];

describe('--output', () => {
  it('takes a folder or - alone', () => {
    const dest = join(folder, 'new/deep');
    expect(one(dest)).toEqual({ type: 'local', attrs: {}, sink: { kind: 'directory', path: dest } });
    expect(one('-')).toEqual({ type: 'tar', attrs: {}, sink: { kind: 'stream', stream } });
  });

  it("takes buildctl's pairs and passes attributes on", () => {
    const dest = join(folder, 'a,b.tar');
    expect(one(`type=oci,"dest=${dest}",compression=zstd`)).toEqual({
      type: 'oci',
      attrs: { compression: 'zstd' },
      sink: { kind: 'file', path: dest },
    });
    expect(one('type=image,name=x/y,push=true')).toEqual({
      type: 'image',
      attrs: { name: 'x/y', push: 'true' },
      sink: { kind: 'none' },
    });
  });

  it('writes a layout to a folder when it is no tar', () => {
    expect(one(`type=oci,tar=false,dest=${folder}`)?.sink).toEqual({
      kind: 'directory',
      path: folder,
    });
    expect(one(`type=oci,tar=maybe,dest=${folder}/x`)?.sink.kind).toBe('file');
    expect(one('type=docker')?.sink.kind).toBe('stream');
  });

  it.each([
    ['type=local', 'a directory is needed'],
    ['type=tars,dest=x', 'unknown type "tars"'],
    ['dest=x', 'type is missing'],
    ['type=image,dest=x', 'an image has no dest'],
    ['type=tar,output=x', 'output= is no attribute'],
    ['', '--output is empty'],
  ])('refuses %j', (value, message) => {
    expect(() => one(value)).toThrow(message);
  });

  it('says which type was meant', () => {
    expect(() => one('type=tars')).toThrow(
      expect.objectContaining({ details: { help: 'did you mean "tar"?' } }) as Error,
    );
  });

  it('refuses to write an archive to a terminal, and two to one stream', () => {
    expect(() => one('-', terminal)).toThrow('refusing to write a tar archive to the terminal');
    expect(() => parseOutputs(['-', 'type=oci'], pipe)).toThrow('two outputs go to standard output');
  });

  it('looks at sinks before anything is built', () => {
    expect(() => one(`type=tar,dest=${folder}/no/x.tar`)).toThrow(`there is no directory ${folder}/no`);
    expect(() => one(`type=tar,dest=${folder}/sub`)).toThrow('it is a directory');
    expect(() => one(`type=tar,dest=${folder}/file/x`)).toThrow('is not a directory');
    expect(() => one(`${folder}/file`)).toThrow('it is not a directory');
    expect(() => one(`${folder}/file/x`)).toThrow(`${folder}/file is not a directory`);
  });
});
