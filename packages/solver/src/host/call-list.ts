/**
 * System calls that another process makes for us, one after the other. {@link callListProgram} is the program of that
 * process, a static ELF file of 240 bytes that needs nothing of the root it runs in; {@link encodeCalls} writes the list that
 * it reads. A call that fails names the one to go on with, so a list has branches; its last call is usually `execve`.
 * `docs/decisions/0014-a-list-of-system-calls.md` says why.
 */
import { cString } from '../name/bytes.ts';
import { type CallName, systemCallNumber } from './call-numbers.ts';
import { systemError } from './syscalls.ts';

/** The number of the open file with the list. */
export const CALL_LIST_FILE = 3;

const MOST_BYTES = 0x100_0000;
/** The address at which the program maps the list. */
const BASE = 0x1000_0000;
/** Of a call: its number, six arguments, and the address of the call to go on with when it fails. */
const CALL_BYTES = 64;
/** At the beginning of the list the program notes errno and address of the last call that failed. */
export const FAILURE_BYTES = 16;

export interface SystemCall {
  readonly name: CallName;
  readonly args: readonly (number | bigint | Memory)[];
  /** The name by which other calls refer to this one. */
  readonly label?: string;
  /** Label of the call to go on with when this one fails. Default: the next one. */
  readonly orElse?: string;
  /** Description for people, used if this call is the last one that failed. */
  readonly what?: string;
}

/** Something in memory; the argument is its address. */
export type Memory =
  | { readonly bytes: Uint8Array }
  /** A byte string; a NUL is added. */
  | { readonly text: string }
  /** Addresses of such, and 0: what `execve` takes. */
  | { readonly texts: readonly string[] }
  /** A `struct sock_fprog`. */
  | { readonly filter: Uint8Array }
  /** The record that {@link failedCall} reads, {@link FAILURE_BYTES} long. */
  | { readonly failure: true }
  /** The first argument of the call with this label, to be changed. */
  | { readonly argumentOf: string };

/** The list as the program of this architecture (Node's name) reads it. Fails with `E2BIG` beyond 16 MiB. */
export function encodeCalls(calls: readonly SystemCall[], arch: string = process.arch): Buffer {
  const addressOf = (index: number) => BASE + CALL_BYTES * (1 + index);
  const labels = new Map(
    calls.flatMap(({ label }, i) => (label === undefined ? [] : [[label, addressOf(i)]])),
  );
  const addressOfLabel = (label: string) => {
    const address = labels.get(label);
    if (address === undefined) throw new Error(`Internal error: no system call is labelled ${label}`);
    return address;
  };
  const data = new DataPart(addressOf(calls.length));
  const table = Buffer.alloc(CALL_BYTES * (1 + calls.length));
  calls.forEach(({ name, args, orElse }, i) => {
    const words = [
      systemCallNumber(name, arch),
      ...Array.from({ length: 6 }, (_, n) => args[n] ?? 0),
      orElse === undefined ? addressOf(i + 1) : addressOfLabel(orElse),
    ];
    words.forEach((word, n) => {
      const value = typeof word === 'object' ? place(word) : word;
      table.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)), CALL_BYTES * (1 + i) + 8 * n);
    });
  });
  function place(memory: Memory): number {
    if ('failure' in memory) return BASE;
    if ('argumentOf' in memory) return addressOfLabel(memory.argumentOf) + 8;
    if ('texts' in memory) return data.addWords([...memory.texts.map((text) => data.add(cString(text))), 0]);
    if ('filter' in memory) return data.addWords([memory.filter.length / 8, data.add(memory.filter)]);
    return data.add('text' in memory ? cString(memory.text) : memory.bytes);
  }
  const list = Buffer.concat([table, ...data.parts]);
  if (list.length > MOST_BYTES) throw systemError(7, 'execve', '');
  return list;
}

/** The content of {@link Memory} `failure`: the position of the last failed call in its list, and its error. */
export function failedCall(failure: Buffer): { readonly index: number; readonly errno: number } {
  const address = Number(failure.readBigUInt64LE(8));
  return { index: (address - BASE) / CALL_BYTES - 1, errno: Number(failure.readBigUInt64LE(0)) };
}

/** The bytes behind the calls. */
class DataPart {
  readonly parts: Uint8Array[] = [];
  #end: number;

  constructor(start: number) {
    this.#end = start;
  }

  /** Adds bytes; the kernel reads some structures only where the address is a multiple of 8. */
  add(bytes: Uint8Array): number {
    const address = this.#end;
    const padding = Buffer.alloc(-bytes.length & 7);
    this.parts.push(bytes, padding);
    this.#end += bytes.length + padding.length;
    return address;
  }

  addWords(words: readonly number[]): number {
    const bytes = Buffer.alloc(8 * words.length);
    words.forEach((word, i) => {
      bytes.writeBigUInt64LE(BigInt(word), 8 * i);
    });
    return this.add(bytes);
  }
}
