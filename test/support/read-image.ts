import { execFileSync } from 'node:child_process';

export interface ReadImage {
  readonly manifest: {
    readonly mediaType: string;
    readonly config: { readonly digest: string };
    readonly layers: readonly {
      readonly mediaType: string;
      readonly digest: string;
      readonly size: number;
    }[];
  };
  readonly config: {
    readonly created: string;
    readonly config: Readonly<Record<string, unknown>>;
    readonly history: readonly { readonly created_by: string }[];
    readonly rootfs: { readonly diff_ids: readonly string[] };
  };
  blob(digest: string): Buffer;
  file(name: string): Buffer;
}

interface Index {
  readonly manifests: readonly { readonly digest: string }[];
}

/** Reads the only image of an archive, or that of the first platform, by the tar program of this machine. */
export function readImage(archive: string): ReadImage {
  const file = (name: string) => execFileSync('tar', ['-xOf', archive, name], { maxBuffer: 1 << 28 });
  const blob = (digest: string) => file(`blobs/${digest.replace(':', '/')}`);
  const json = (bytes: Buffer) => JSON.parse(bytes.toString()) as never;
  const index: Index = json(file('index.json'));
  const first: Partial<Index> & ReadImage['manifest'] = json(blob(index.manifests[0]?.digest ?? ''));
  const manifest = first.manifests ? json(blob(first.manifests[0]?.digest ?? '')) : first;
  return { manifest, config: json(blob(manifest.config.digest)), blob, file };
}
