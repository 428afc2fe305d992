import type { Pacer } from '../host/pacer.ts';
import type { ByteStream } from './byte-source.ts';

/** The same bytes; a reader that asks for more lets other work have a turn, and fails once its own is stopped. */
export async function* paced(stream: ByteStream, pacer: Pacer): AsyncGenerator<Uint8Array> {
  for await (const chunk of stream) {
    await pacer.pause();
    yield chunk;
  }
}
