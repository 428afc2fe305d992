import { join } from 'node:path';

/** An export of a build for several platforms. */
export interface PlatformCase {
  readonly name: string;
  /** Of `build.ts`. */
  readonly target: string;
  readonly type: 'oci' | 'docker' | 'tar' | 'local';
  readonly attrs: Readonly<Record<string, string>>;
  /** Default: a folder that is not there yet. */
  readonly into?: 'a folder with a file';
}

export const BUILD = join(import.meta.dirname, 'build.ts');

/** No bytes depend on when it is built. */
const fixed = {
  compression: 'uncompressed',
  'source-date-epoch': '1000000000',
  'rewrite-timestamp': 'true',
};

export const cases: readonly PlatformCase[] = [
  { name: 'index', target: 'two', type: 'oci', attrs: fixed },
  { name: 'names', target: 'two', type: 'oci', attrs: { ...fixed, name: 'example.com/x:1,short' } },
  { name: 'index-of-one', target: 'one', type: 'oci', attrs: fixed },
  { name: 'docker-types', target: 'two', type: 'oci', attrs: { ...fixed, 'oci-mediatypes': 'false' } },
  { name: 'merges', target: 'merged', type: 'oci', attrs: fixed },
  {
    name: 'annotations',
    target: 'two',
    type: 'oci',
    attrs: {
      ...fixed,
      'annotation.all': '1',
      'annotation[linux/arm64].all': 'other',
      'annotation-manifest[linux/arm64/v8].own': '2',
      'annotation-manifest-descriptor[linux/amd64].own': '3',
      'annotation-manifest-descriptor.all': '4',
      'annotation-index.own': '5',
      'annotation-index[linux/amd64].odd': '6',
      'annotation-index-descriptor.own': '7',
    },
  },
  {
    name: 'annotation-of-none',
    target: 'two',
    type: 'oci',
    attrs: { ...fixed, 'annotation[linux/s390x].x': '1' },
  },
  {
    name: 'annotation-of-none-beside-one',
    target: 'one',
    type: 'oci',
    attrs: { ...fixed, 'annotation[linux/s390x].x': '1' },
  },
  { name: 'docker', target: 'two', type: 'docker', attrs: fixed },
  { name: 'tar', target: 'two', type: 'tar', attrs: {} },
  { name: 'tar-of-one', target: 'one', type: 'tar', attrs: { 'platform-split': 'false' } },
  { name: 'tar-epoch', target: 'merged', type: 'tar', attrs: { 'source-date-epoch': '1000000000' } },
  { name: 'tar-part', target: 'two', type: 'tar', attrs: { src: '/app' } },
  { name: 'tar-no-part', target: 'merged', type: 'tar', attrs: { src: '/moved' } },
  { name: 'local', target: 'two', type: 'local', attrs: {} },
  { name: 'local-of-one', target: 'one', type: 'local', attrs: { 'source-date-epoch': '1000000000' } },
  { name: 'local-part', target: 'two', type: 'local', attrs: { src: 'app' } },
  { name: 'local-together', target: 'apart', type: 'local', attrs: { 'platform-split': 'false' } },
  { name: 'local-in-the-way', target: 'two', type: 'local', attrs: { 'platform-split': 'false' } },
  { name: 'local-over', target: 'apart', type: 'local', attrs: {}, into: 'a folder with a file' },
  {
    name: 'local-instead',
    target: 'apart',
    type: 'local',
    attrs: { mode: 'delete' },
    into: 'a folder with a file',
  },
];
