import type { SourceLocation } from '@llb-ts/backend';
import type { Definition } from '@llb-ts/pb';
import type { Place } from '../error/cli-error.ts';

/** The place that a location inside a definition means; its text comes with the definition. */
export function placeAt({ source }: Definition, location: SourceLocation): Place {
  const info = source?.infos.find((one) => one.filename === location.filename);
  return {
    file: location.filename,
    line: location.line,
    character: location.character,
    ...(info && { text: Buffer.from(info.data).toString() }),
  };
}

/** The first place in a source file that made an op, as the definition tells it. */
export function placeOf(definition: Definition, digest: string): Place | undefined {
  const { source } = definition;
  const location = source?.locations[digest]?.locations[0];
  const info = location && source?.infos[location.sourceIndex];
  const start = location?.ranges[0]?.start;
  if (!info || !start) return undefined;
  return placeAt(definition, { filename: info.filename, line: start.line, character: start.character });
}
