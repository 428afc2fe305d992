import type { SourceLocation } from '@llb-ts/backend';
import type { Definition } from '@llb-ts/pb';
import type { Place } from '../error/cli-error.ts';
import type { Built } from './built.ts';

/** How a person finds the file that a name inside a definition stands for. */
export interface NamedFile {
  /** As it should be shown. */
  readonly file: string;
  readonly text: string | undefined;
}

/**
 * Shows a user the places that a definition speaks of. `fileOf` answers for a file name, and is asked once for
 * each, since thousands of ops come from one file.
 */
export function placesOf(
  definition: Definition,
  fileOf: (filename: string) => NamedFile,
): Pick<Built, 'placeAt' | 'placeOf'> {
  const files = new Map<string, NamedFile>();
  const placeAt = ({ filename, line, character }: SourceLocation): Place => {
    const found = files.get(filename) ?? fileOf(filename);
    files.set(filename, found);
    const { file, text } = found;
    return { file, line, character, ...(text !== undefined && { text }) };
  };
  return {
    placeAt,
    placeOf: (digest) => {
      const location = locationOf(definition, digest);
      return location && placeAt(location);
    },
  };
}

/** The text of a file as it travels with the definition. */
export function fileInside({ source }: Definition): (filename: string) => NamedFile {
  return (filename) => {
    const info = source?.infos.find((one) => one.filename === filename);
    return { file: filename, text: info && Buffer.from(info.data).toString() };
  };
}

/** The first place in a source file that made an op. */
function locationOf({ source }: Definition, digest: string): SourceLocation | undefined {
  const location = source?.locations[digest]?.locations[0];
  const info = location && source?.infos[location.sourceIndex];
  const start = location?.ranges[0]?.start;
  return info && start && { filename: info.filename, line: start.line, character: start.character };
}
