import { setFlagsFromString } from 'node:v8';

/** The last V8 that is known to have the flags below; one that has not would complain on standard error. */
const LAST_KNOWN_V8 = 13;

/**
 * Tells the engine that this process will not live long.
 *
 * The HTTP parser of undici is WebAssembly. After a few requests V8 begins to compile it anew, optimised, on another
 * thread, and a process that ends waits for that: 60 ms of the 500 ms that a push of nothing takes. The parser is not worth it,
 * since the bytes of a body do not go through it.
 */
export function setEngineFlags(): void {
  const [major] = process.versions.v8.split('.');
  if (Number(major) <= LAST_KNOWN_V8) setFlagsFromString('--wasm-tiering-budget=2000000000');
}
