export interface CallData {
  /** `AUDIT_ARCH_…`. */
  readonly architecture: number;
  readonly number: number;
  readonly args?: readonly (number | bigint)[];
}

const [ALLOW, KILL] = [0x7fff0000, 0];

/**
 * The kernel's answer to a system call under a filter: 0 lets it pass, -1 kills the process, else it fails with that error.
 * @param program an array of `struct sock_filter`
 */
export function judge(program: Buffer, { architecture, number, args = [] }: CallData): number {
  const data = Buffer.alloc(64);
  data.writeUInt32LE(number >>> 0, 0);
  data.writeUInt32LE(architecture, 4);
  args.forEach((arg, i) => {
    data.writeBigUInt64LE(BigInt.asUintN(64, BigInt(arg)), 16 + 8 * i);
  });
  let accumulator = 0;
  for (let at = 0; ; at++) {
    const code = program.readUInt16LE(8 * at);
    const [yes, no] = [program[8 * at + 2]!, program[8 * at + 3]!];
    const value = program.readUInt32LE(8 * at + 4);
    const jump = (condition: boolean) => {
      at += condition ? yes : no;
    };
    if (code === 0x20) accumulator = data.readUInt32LE(value);
    else if (code === 0x54) accumulator = (accumulator & value) >>> 0;
    else if (code === 0x05) at += value;
    else if (code === 0x15) jump(accumulator === value);
    else if (code === 0x25) jump(accumulator > value);
    else if (code === 0x35) jump(accumulator >= value);
    else if (code === 0x06) return value === ALLOW ? 0 : value === KILL ? -1 : value & 0xffff;
    else throw new Error(`instruction ${at} has the code ${code}`);
  }
}
