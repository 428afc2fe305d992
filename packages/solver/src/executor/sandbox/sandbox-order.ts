import fs from 'node:fs';
import net from 'node:net';
import { getSystemErrorMap } from 'node:util';
import {
  CALL_LIST_FILE,
  encodeCalls,
  FAILURE_BYTES,
  failedCall,
  type SystemCall,
} from '../../host/call-list.ts';
import { makePipe, sealedFile } from '../../host/kernel.ts';

/** The file number on which the process reports that it waits, and which call failed. */
export const STATUS_FILE = CALL_LIST_FILE + 1;
/** The file number from which it reads the order to continue. */
const ORDER_FILE = CALL_LIST_FILE + 2;

/**
 * The first calls of a list: says that the process is there, and waits for {@link HeldProcess.goOn}. The order is the
 * argument that the next call lacks: if no call gave one, that call fails.
 */
export function waitForOrder(orElse: string): readonly SystemCall[] {
  const [F_SETFD, FD_CLOEXEC] = [2, 1];
  return [
    { name: 'write', args: [STATUS_FILE, { text: 'r' }, 1] },
    { name: 'read', args: [ORDER_FILE, { argumentOf: 'go on' }, 8] },
    {
      name: 'fcntl',
      label: 'go on',
      args: [-1, F_SETFD, FD_CLOEXEC],
      orElse,
      what: 'was not told to go on',
    },
  ];
}

/** This side of a process that makes the calls of a list. */
export class HeldProcess {
  /** Open files that it is to be given as 3, 4, 5. */
  readonly files: readonly number[];
  readonly #calls: readonly SystemCall[];
  readonly #order: number;
  readonly #status: net.Socket;
  /** True once the process waits; false if it ended before. */
  readonly isWaiting: Promise<boolean>;
  readonly #ended: Promise<false>;
  #said = Buffer.alloc(0);
  #hasFiles = true;

  constructor(calls: readonly SystemCall[]) {
    this.#calls = calls;
    const list = encodeCalls(calls);
    const [status, order] = [makePipe(), makePipe()];
    const file = sealedFile('calls', (fd) => {
      for (let at = 0; at < list.length; ) at += fs.writeSync(fd, list, at);
    });
    this.files = [file, status.write, order.read];
    this.#order = order.write;
    this.#status = new net.Socket({ fd: status.read, readable: true, writable: false });
    this.#ended = new Promise((resolve) => {
      for (const end of ['close', 'error'] as const) this.#status.once(end, () => resolve(false));
    });
    const waits = new Promise<true>((resolve) => {
      this.#status.on('data', (data) => {
        this.#said = Buffer.concat([this.#said, data]);
        resolve(true);
      });
    });
    this.isWaiting = Promise.race([waits, this.#ended]);
  }

  /** Closes the files here, once the process has been started. */
  handOver(): void {
    if (this.#hasFiles) for (const file of this.files) fs.closeSync(file);
    this.#hasFiles = false;
  }

  goOn(): void {
    const order = Buffer.alloc(8);
    order.writeBigUInt64LE(BigInt(STATUS_FILE));
    fs.writeSync(this.#order, order);
  }

  /** Reason why the process did not become its program, known after its end; undefined if it did. */
  async failure(): Promise<string | undefined> {
    await this.#ended;
    const failure = this.#said.subarray(1);
    if (failure.length < FAILURE_BYTES) return undefined;
    const { index, errno } = failedCall(failure);
    const { what, name } = this.#calls[index]!;
    const isNone = name === 'close';
    return isNone ? what : `${what ?? name}: ${reason(errno)}`;
  }

  close(): void {
    this.handOver();
    fs.closeSync(this.#order);
    this.#status.destroy();
  }
}

const ENOEXEC = 8;

function reason(errno: number): string {
  if (errno === ENOEXEC) return 'exec format error';
  return getSystemErrorMap().get(-errno)?.[1] ?? `errno ${errno}`;
}
