import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { config, index, layoutFile, manifest, type Shape } from './oci-shapes.ts';

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

interface Manifest {
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[] | null;
}

interface Config {
  readonly rootfs: { readonly diff_ids: readonly string[] | null };
  readonly history?: readonly { readonly empty_layer?: boolean }[];
}

/**
 * Every way in which a layout folder is not what the OCI image specification wants, one line each. Documents are checked field
 * by field, blobs against their descriptors, layers against the diff IDs of the config and the rules for layer archives.
 */
export function brokenRules(folder: string): readonly string[] {
  const check = new LayoutCheck(folder);
  check.document('oci-layout', layoutFile);
  check.index('index.json');
  check.unreferenced();
  return check.problems;
}

class LayoutCheck {
  readonly problems: string[] = [];
  readonly #folder: string;
  readonly #referenced = new Set<string>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Reads a JSON file of the layout and checks its fields. */
  document<T>(file: string, shape: Shape): T {
    const value: unknown = JSON.parse(readFileSync(join(this.#folder, file), 'utf8'));
    this.problems.push(...shape(value, file));
    return value as T;
  }

  index(file: string): void {
    const { manifests } = this.document<{ readonly manifests: readonly Descriptor[] }>(file, index);
    for (const one of manifests) {
      const blob = this.#blob(one, file);
      if (blob === undefined) continue;
      if (one.mediaType.includes('.index.')) this.index(blob);
      else this.#manifest(blob);
    }
  }

  #manifest(file: string): void {
    const { config: configBlob, layers: listed } = this.document<Manifest>(file, manifest);
    const layers = listed ?? [];
    const configFile = this.#blob(configBlob, file);
    if (configFile === undefined) return;
    const { rootfs, history } = this.document<Config>(configFile, config);
    const diffIds = rootfs.diff_ids ?? [];
    if (diffIds.length !== layers.length) {
      this.problems.push(`${configFile}: ${diffIds.length} diff IDs for ${layers.length} layers`);
    }
    const steps = history?.filter((step) => step.empty_layer !== true).length;
    if (steps !== undefined && steps !== layers.length) {
      this.problems.push(`${configFile}: history tells of ${steps} layers, there are ${layers.length}`);
    }
    for (const [i, layer] of layers.entries()) {
      const blob = this.#blob(layer, file);
      if (blob !== undefined) this.#layer(blob, layer, diffIds[i]);
    }
  }

  /** The file of a blob, whose size and digest are checked; undefined if it is not there. */
  #blob({ digest, size }: Descriptor, from: string): string | undefined {
    const file = `blobs/${digest.replace(':', '/')}`;
    this.#referenced.add(file);
    if (!existsSync(join(this.#folder, file))) {
      this.problems.push(`${from}: ${digest} is not in the layout`);
      return undefined;
    }
    const bytes = readFileSync(join(this.#folder, file));
    if (bytes.length !== size)
      this.problems.push(`${from}: ${digest} has ${bytes.length} bytes, not ${size}`);
    if (digestOf(bytes) !== digest) this.problems.push(`${file}: has the digest ${digestOf(bytes)}`);
    return file;
  }

  #layer(file: string, { mediaType }: Descriptor, diffId: string | undefined): void {
    const packed = readFileSync(join(this.#folder, file));
    let plain: Buffer;
    try {
      plain = unpack(packed, mediaType);
    } catch (error) {
      this.problems.push(`${file}: is not ${mediaType}: ${(error as Error).message}`);
      return;
    }
    if (digestOf(plain) !== diffId) this.problems.push(`${file}: has the diff ID ${digestOf(plain)}`);
    this.problems.push(...brokenNames(plain).map((problem) => `${file}: ${problem}`));
  }

  /** Reports blobs that no descriptor of the export refers to. */
  unreferenced(): void {
    for (const name of readdirSync(join(this.#folder, 'blobs/sha256'))) {
      const file = `blobs/sha256/${name}`;
      if (!this.#referenced.has(file)) this.problems.push(`${file}: nothing leads to it`);
    }
  }
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

function unpack(packed: Buffer, mediaType: string): Buffer {
  if (mediaType.endsWith('+gzip')) return gunzipSync(packed);
  if (!mediaType.endsWith('+zstd')) return packed;
  return execFileSync('zstd', ['-dc'], { input: packed, maxBuffer: 1 << 28, stdio: 'pipe' });
}

/** Names and whiteouts, as tar lists them. */
function brokenNames(archive: Buffer): readonly string[] {
  const listed = execFileSync(
    'tar',
    ['-tvf', '-', '--quoting-style=escape', '--full-time', '--numeric-owner'],
    {
      input: archive,
      encoding: 'utf8',
      stdio: 'pipe',
    },
  );
  const seen = new Set<string>();
  return listed
    .split('\n')
    .filter((line) => line !== '')
    .flatMap((line) => {
      const [kind = '', , size, , , ...rest] = line.split(/ +/);
      const [name = ''] = rest.join(' ').split(/ -> | link to /);
      const clean = name.replace(/^\.\//, '').replace(/\/$/, '');
      const problems: string[] = [];
      if (clean.startsWith('/') || clean.split('/').includes('..')) problems.push(`${name} leaves the layer`);
      if (seen.has(clean)) problems.push(`${name} is there twice`);
      seen.add(clean);
      const last = clean.split('/').at(-1) ?? '';
      if (last.startsWith('.wh.') && (!kind.startsWith('-') || size !== '0'))
        problems.push(`${name} is no empty file, as a whiteout is`);
      return problems;
    });
}
