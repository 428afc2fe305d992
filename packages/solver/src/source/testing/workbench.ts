import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { LayerDraft } from '../../layer/layer-draft.ts';
import { LayerStore } from '../../layer/layer-store.ts';
import type { LayerRef, Ref } from '../../layer/ref.ts';
import { RefStore } from '../../layer/ref-store.ts';
import { Views } from '../../layer/views.ts';
import type { Workbench, WorkReport } from '../../operation/operation.ts';

/** A store and a workbench on it, as a source sees them in a solve. */
export interface SourceBench {
  readonly root: string;
  readonly layers: LayerStore;
  readonly refs: RefStore;
  readonly work: Workbench;
  readonly reports: WorkReport[];
  /** The tree of a ref; image layers come from `provide`. */
  readonly treeOf: (
    ref: Ref | undefined,
    provide?: (ref: LayerRef) => Promise<void>,
  ) => Promise<ReturnType<Views['treeOf']>>;
  readonly dispose: () => void;
}

/** A bench on a new store. */
export function sourceBench(signal?: AbortSignal): SourceBench {
  return sourceBenchAt(fs.mkdtempSync(path.join(os.tmpdir(), 'llb-ts-source-')), signal);
}

export function sourceBenchAt(root: string, signal: AbortSignal = new AbortController().signal): SourceBench {
  const layers = new LayerStore(root);
  const refs = new RefStore(root);
  const reports: WorkReport[] = [];
  const views = (provide: (ref: LayerRef) => Promise<void>) => new Views(layers, provide);
  const plain = views(async ({ id }) => {
    throw new Error(`layer of ${id} is not in the store`);
  });
  const pause = async () => signal.throwIfAborted();
  return {
    root,
    layers,
    refs,
    reports,
    work: {
      signal,
      pause,
      view: (ref) => plain.treeOf(ref),
      edit: (base) => layers.edit(base && plain.treeOf(base), { uid: 0, gid: 0 }),
      async commit(draft, description) {
        const id = layers.newId();
        await layers.commit(draft as LayerDraft, id);
        return refs.save({ kind: 'layer', id, layer: id, description, createdAt: Date.now() }) as LayerRef;
      },
      discard: (draft) => layers.discard(draft as LayerDraft),
      report: (event) => reports.push(event),
    },
    async treeOf(ref, provide) {
      const trees = provide ? views(provide) : plain;
      await trees.prepare(ref, pause);
      return trees.treeOf(ref);
    },
    dispose: () => fs.rmSync(root, { recursive: true, force: true }),
  };
}
