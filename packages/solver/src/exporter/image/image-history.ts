import { epochText, isAfter, timeText } from '../base/go-time.ts';

/** One step of an image's history, under its JSON names. */
export interface HistoryEntry {
  readonly created?: string | null;
  readonly created_by?: string;
  readonly author?: string;
  readonly comment?: string;
  readonly empty_layer?: boolean;
}

/** A layer that is not in the history yet. */
export interface LayerHistory {
  readonly description: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * The history of an image with one entry for each layer, each with a time (`exporter/containerimage/writer.go`,
 * normalizeLayersAndHistory and patchImageConfig).
 *
 * @param epoch seconds since 1970; no time is later, but those of the image that the build started from stay
 * @param base history of that image
 */
export function completeHistory(
  known: readonly HistoryEntry[],
  layers: readonly LayerHistory[],
  epoch: bigint | undefined,
  base: readonly HistoryEntry[] | undefined,
): readonly HistoryEntry[] {
  const history = known.map((entry): Writable<HistoryEntry> => ({ ...entry }));
  let told = 0;
  for (const entry of history) {
    if (told >= layers.length) entry.empty_layer = true;
    if (!entry.empty_layer) told++;
  }
  for (const { description, createdAt } of layers.slice(told)) {
    history.push({
      created: timeText(createdAt),
      created_by: description || 'created by buildkit',
      comment: 'buildkit.exporter.image.v0',
    });
  }
  fillTimes(history, layers);
  if (epoch !== undefined) clampTimes(history, epoch, base);
  return history;
}

function fillTimes(history: Writable<HistoryEntry>[], layers: readonly LayerHistory[]): void {
  let layer = 0;
  for (const entry of history) {
    if (entry.empty_layer) continue;
    const known = layers[layer++];
    if (!entry.created && known) entry.created = timeText(known.createdAt);
  }
  // Steps without a layer get the time of the first layer after them that is new, or else of the one before.
  const firstMissing = history.findIndex((entry) => !entry.created);
  const next = history.slice(Math.max(firstMissing, 0)).find((entry) => entry.created);
  let time = (next ?? history.findLast((entry) => entry.created))?.created;
  let missed = false;
  for (const entry of history) {
    if (!entry.created) {
      missed = true;
      if (time) entry.created = time;
    } else if (missed) {
      time = entry.created;
    }
  }
}

function clampTimes(
  history: Writable<HistoryEntry>[],
  epoch: bigint,
  base: readonly HistoryEntry[] | undefined,
): void {
  let fromBase = true;
  for (const [i, entry] of history.entries()) {
    fromBase &&= isSame(entry, base?.[i]);
    if (fromBase) continue;
    if (!entry.created || isAfter(entry.created, epoch)) entry.created = epochText(epoch);
  }
}

function isSame(a: HistoryEntry, b: HistoryEntry | undefined): boolean {
  return (
    b !== undefined &&
    (a.created ?? '') === (b.created ?? '') &&
    (a.created_by ?? '') === (b.created_by ?? '') &&
    (a.author ?? '') === (b.author ?? '') &&
    (a.comment ?? '') === (b.comment ?? '') &&
    (a.empty_layer ?? false) === (b.empty_layer ?? false)
  );
}
