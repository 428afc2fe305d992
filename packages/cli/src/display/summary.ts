import type { Output, ProgressEvent, SolveResult } from '@llb-ts/backend';
import { formatSeconds } from '../terminal/units.ts';

/** Counts how the steps of a definition ended. */
export class StepCounts {
  readonly #cached = new Map<string, boolean>();
  readonly #isStep: (digest: string) => boolean;

  /** `isStep` tells a step of the build from work beside it, such as an export. */
  constructor(isStep: (digest: string) => boolean) {
    this.#isStep = isStep;
  }

  add(event: ProgressEvent): void {
    if (event.type !== 'completed' || !this.#isStep(event.digest)) return;
    // A step may end more than once; that it ran is not undone by a later hit.
    this.#cached.set(event.digest, event.cached && this.#cached.get(event.digest) !== false);
  }

  get cached(): number {
    return [...this.#cached.values()].filter((cached) => cached).length;
  }

  get ran(): number {
    return this.#cached.size - this.cached;
  }
}

/** A solve that went well. */
export interface FinishedSolve {
  /** Milliseconds. */
  readonly took: number;
  readonly counts: StepCounts;
  readonly result: SolveResult;
  readonly outputs: readonly Output[];
}

/** `solved in 1.2s: 3 ran, 12 cached; 5 layers, 12.4 MB → out/` */
export function summaryLine(
  { took, counts, result: { layers }, outputs }: FinishedSolve,
  shown: (path: string) => string,
): string {
  const size = layers?.reduce((sum, layer) => sum + layer.size, 0) ?? 0;
  const layerText = layers
    ? `; ${layers.length} ${layers.length === 1 ? 'layer' : 'layers'}, ${sizeText(size)}`
    : '';
  const places = outputs.map((output) => placeText(output, shown)).join(', ');
  return (
    `solved in ${formatSeconds(took)}: ${counts.ran} ran, ${counts.cached} cached${layerText}` +
    `${places === '' ? '' : ` → ${places}`}`
  );
}

function sizeText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const step = bytes < 1 ? 0 : Math.min(Math.floor(Math.log10(bytes) / 3), units.length - 1);
  const value = bytes / 1000 ** step;
  return `${step === 0 ? value : value.toFixed(1)} ${units[step]}`;
}

function placeText({ type, attrs, sink }: Output, shown: (path: string) => string): string {
  switch (sink.kind) {
    case 'directory':
      return `${shown(sink.path).replace(/\/$/, '')}/`;
    case 'file':
      return shown(sink.path);
    case 'stream':
      return 'standard output';
    case 'none':
      return attrs.name ?? type;
  }
}
