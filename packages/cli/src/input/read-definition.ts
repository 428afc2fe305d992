import { readFile } from 'node:fs/promises';
import { Definition, PbError } from '@llb-ts/pb';
import { CliError, usageError } from '../error/cli-error.ts';
import { systemReason } from '../error/system-error.ts';
import { otherFormat } from './other-formats.ts';
import { readAll } from './read-stream.ts';

/** Reads a definition from a file, or from standard input for `-`: exactly what `buildctl build` takes. */
export async function readDefinition(file: string, stdin = process.stdin): Promise<Definition> {
  const shown = file === '-' ? 'standard input' : file;
  const bytes = file === '-' ? await readStdin(stdin) : await readDefinitionFile(file);
  try {
    return Definition.read(bytes);
  } catch (cause) {
    if (!(cause instanceof PbError)) throw cause;
    const other = otherFormat(file, bytes);
    if (other) {
      throw new CliError('definition', `${shown} holds no LLB definition: it is ${other.what}`, {
        help: other.help,
        cause,
      });
    }
    throw new CliError('definition', `${shown} holds no LLB definition: ${cause.message}`, {
      help: 'a definition is what llb-ts marshal and other LLB clients write; a build file ends in .ts or .js',
      cause,
    });
  }
}

/** An empty definition describes nothing that a solver could return. */
export function refuseEmpty(definition: Definition, shown: string): void {
  if (!definition.isEmpty) return;
  throw new CliError('definition', 'empty definition sent to build', {
    help: `${shown} held no operations: did the command that wrote it fail?`,
  });
}

async function readStdin(stdin: NodeJS.ReadStream): Promise<Uint8Array> {
  if (stdin.isTTY) {
    throw usageError(
      'a definition was expected on standard input, which is a terminal',
      'pipe one in: llb-ts marshal build.ts | llb-ts solve -',
    );
  }
  return readAll(stdin);
}

async function readDefinitionFile(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (cause) {
    throw usageError(`cannot read ${file}: ${systemReason(cause)}`);
  }
}
