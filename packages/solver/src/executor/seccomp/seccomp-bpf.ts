/** Instructions of the kernel's filters (`struct sock_filter`, over `struct seccomp_data`). Jumps count what they pass over. */

/** Offsets of fields in the data of a filter. */
export const OFFSET = { number: 0, architecture: 4, secondArgument: 24 } as const;

/** How the kernel numbers architectures (`AUDIT_ARCH_…`), by libseccomp's names of them. */
export const AUDIT = {
  SCMP_ARCH_X86_64: 0xc000003e,
  SCMP_ARCH_X86: 0x40000003,
  SCMP_ARCH_AARCH64: 0xc00000b7,
  SCMP_ARCH_ARM: 0x40000028,
} as const;

/** Numbers of system calls of x32, which the kernel counts as x86-64, have this bit. */
export const X32_BIT = 0x4000_0000;

export const load = (offset: number) => instruction(0x20, 0, 0, offset);
export const allow = () => instruction(0x06, 0, 0, 0x7fff_0000);
export const fail = (errno: number) => instruction(0x06, 0, 0, 0x0005_0000 | errno);
export const ifEqual = (value: number, yes: number, no: number) => instruction(0x15, yes, no, value);
export const ifAbove = (value: number, yes: number, no: number) => instruction(0x25, yes, no, value);
export const ifAtLeast = (value: number, yes: number, no: number) => instruction(0x35, yes, no, value);

function instruction(code: number, yes: number, no: number, value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt16LE(code, 0);
  bytes.writeUInt8(yes, 2);
  bytes.writeUInt8(no, 3);
  bytes.writeUInt32LE(value, 4);
  return bytes;
}
