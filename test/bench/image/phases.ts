import { join } from 'node:path';
import { marshal } from '@llb-ts/marshal';
import { Copy, Image, Local, Merge, Mkdir, Scratch, type State } from 'llb-ts';
import { type FolderShape, writeSmallFolder, writeTextFiles } from './data.ts';

/** The folders that the image is made of, a layer each: together 20,000 files and 300 MB. */
const PARTS = ['one', 'two', 'three', 'four'];
const SHAPE: FolderShape = { files: 5_000, size: 15_000 };
/** One more merge input, which changes. */
const SMALL = 'small';

/** A build and export, done once on each side and in this order. */
export interface Phase {
  /** Undefined: only there so that the next finds what it needs, and not reported. */
  readonly about?: string;
  readonly build: 'pulled' | 'merged';
  /** Attributes of `--output`. Default: nothing is exported. */
  readonly output?: (place: Place) => string;
  /** The small folder changes first. */
  readonly change?: boolean;
}

/** A folder that one side may write to. */
export interface Place {
  readonly folder: string;
  /** Registry and repository. */
  readonly repository: string;
}

const archive = (name: string) => (place: Place) =>
  `type=oci,compression=gzip,dest=${join(place.folder, name)}`;
const layout = ({ folder }: Place) =>
  `type=oci,compression=gzip,tar=false,dest=${join(folder, 'layout')},name=example.com/x:1`;
const push = ({ repository }: Place) => `type=image,compression=gzip,name=${repository},push=true`;

export const phases: readonly Phase[] = [
  { about: 'pull, unpack and use', build: 'pulled' },
  { about: 'export what was pulled as OCI archive', build: 'pulled', output: archive('pulled.tar') },
  { build: 'merged' },
  { about: 'export of built layers as OCI archive, gzip', build: 'merged', output: archive('merged.tar') },
  { about: 'push of the same', build: 'merged', output: push },
  { build: 'merged', output: layout },
  {
    about: 'export to a layout folder after a change of one merge input',
    build: 'merged',
    output: layout,
    change: true,
  },
  { about: 'push after a change of one merge input', build: 'merged', output: push, change: true },
  { about: 'export and push of nothing new', build: 'merged', output: push },
];

export interface Material {
  readonly definitions: Readonly<Record<Phase['build'], Uint8Array>>;
  readonly locals: Readonly<Record<string, string>>;
  readonly changeSmall: () => void;
}

/** The definition of the image that is pulled later, with its folders, which are made below `folder`. */
export async function prepare(folder: string, image: string): Promise<Material> {
  const locals = Object.fromEntries([...PARTS, SMALL].map((name) => [name, join(folder, name)]));
  for (const name of PARTS) writeTextFiles(locals[name]!, name, SHAPE);
  let turn = 0;
  const changeSmall = () => writeSmallFolder(locals[SMALL]!, turn++);
  changeSmall();
  const pulled = Image(image).File(Mkdir('/used', 0o755));
  return {
    definitions: {
      pulled: (await marshal(pulled)).write(),
      merged: (await marshal(Merge([...PARTS, SMALL].map(layerOf)))).write(),
    },
    locals,
    changeSmall,
  };
}

function layerOf(name: string): State {
  return Scratch().File(Copy(Local(name), '/', '/'));
}
