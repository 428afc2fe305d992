import fs from 'node:fs';
import path from 'node:path';
import type { Sink } from '@llb-ts/backend';
import type { BlobStore } from '../../blob/blob-store.ts';
import { errnoOf } from '../../error/error.ts';
import type { Descriptor } from '../../registry/descriptor.ts';
import type { ExportWork } from '../base/export-work.ts';
import { destinationFailure, exportFailure } from '../base/failure.ts';
import { goJson } from '../base/go-json.ts';
import { draftName } from '../base/output-file.ts';
import { Progress } from '../base/progress.ts';
import { descriptorJson } from './image-commit.ts';
import { blobsOf, type CommittedResult } from './image-index.ts';
import type { ImageName } from './image-name.ts';
import { blobName, namedDescriptor } from './oci-names.ts';

/** A finished result, and how it is listed where it goes. */
export interface NamedResult {
  readonly result: CommittedResult;
  readonly descriptor: Descriptor;
  readonly names: readonly ImageName[];
}

/**
 * Adds an image, or an index of images, to a layout in a folder, which is made if it is missing (`tar=false`;
 * `client/ociindex`). Blobs come first, the index last, so the image is in the layout only when all of it is. An image of
 * the same name is replaced.
 */
export async function writeLayout(
  destination: Sink,
  { result, descriptor, names }: NamedResult,
  blobs: BlobStore,
  work: ExportWork,
): Promise<void> {
  if (destination.kind !== 'directory') {
    throw exportFailure('output directory is required for an exporter with tar=false');
  }
  const folder = destination.path;
  const progress = new Progress(work, 'copying blobs');
  try {
    fs.mkdirSync(path.join(folder, 'blobs/sha256'), { recursive: true });
    for (const { digest, size, bytes } of blobsOf(result)) {
      await progress.entry();
      placeBlob(path.join(folder, blobName(digest)), size, (draft) => {
        if (bytes) fs.writeFileSync(draft, bytes);
        else fs.copyFileSync(blobs.path(digest), draft, fs.constants.COPYFILE_FICLONE);
      });
      await progress.bytes(size);
    }
    replaceFile(path.join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
    addToIndex(path.join(folder, 'index.json'), descriptor, names);
  } catch (error) {
    throw errnoOf(error) ? destinationFailure(error, `export to ${folder}`) : error;
  }
  progress.done();
}

/** Makes a file unless it is there in its size; blobs are named by what they hold. */
function placeBlob(file: string, size: number, write: (draft: string) => void): void {
  if (fs.statSync(file, { throwIfNoEntry: false })?.size === size) return;
  const draft = path.join(path.dirname(file), draftName());
  try {
    write(draft);
    fs.chmodSync(draft, 0o444);
    fs.renameSync(draft, file);
  } finally {
    fs.rmSync(draft, { force: true });
  }
}

function replaceFile(file: string, text: string): void {
  const draft = path.join(path.dirname(file), draftName());
  try {
    fs.writeFileSync(draft, text);
    fs.renameSync(draft, file);
  } finally {
    fs.rmSync(draft, { force: true });
  }
}

interface Index {
  readonly manifests?: readonly Descriptor[];
}

const REF_NAME = 'org.opencontainers.image.ref.name';
const IMAGE_NAME = 'io.containerd.image.name';

function addToIndex(file: string, descriptor: Descriptor, names: readonly ImageName[]): void {
  const added =
    names.length > 0
      ? names.map((name) => namedDescriptor(descriptor, name))
      : [{ ...descriptor, annotations: { ...descriptor.annotations, [REF_NAME]: 'latest' } }];
  const isReplaced = (one: Descriptor) =>
    added.some(
      (other) =>
        one.annotations?.[REF_NAME] === other.annotations?.[REF_NAME] &&
        (one.annotations?.[IMAGE_NAME] ?? '') === (other.annotations?.[IMAGE_NAME] ?? ''),
    );
  const kept = (readIndex(file).manifests ?? []).filter((one) => !isReplaced(one));
  replaceFile(
    file,
    goJson({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.index.v1+json',
      manifests: [...kept, ...added].map(descriptorJson),
    }),
  );
}

function readIndex(file: string): Index {
  let text: string;
  try {
    text = fs.readFileSync(file, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return {};
    throw error;
  }
  if (text === '') return {};
  try {
    return JSON.parse(text) as Index;
  } catch (error) {
    throw exportFailure(`could not unmarshal ${file}`, {
      cause: error,
      hint: 'it is no index of an OCI layout: remove it, or export to another folder',
    });
  }
}
