/**
 * The program that makes the calls of a list (`call-list.ts`): an ELF file without libraries, data or stack. In C,
 *
 *     call = mmap(BASE, 16 MiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_FIXED, 3, 0) + 64
 *     for (;;) {
 *       result = syscall(call[0], call[1], …, call[6])
 *       if (-4095 <= result && result < 0) { BASE[0] = -result; BASE[1] = call; call = call[7] }
 *       else call += 8
 *     }
 */

/** Machine code, a line an instruction, as an assembler writes it. */
const CODE: Readonly<Record<string, { readonly machine: number; readonly code: string }>> = {
  x64: {
    machine: 62,
    code: `
      b8 09 00 00 00        mov eax, 9 (mmap)
      bf 00 00 00 10        mov edi, 0x10000000
      be 00 00 00 01        mov esi, 0x1000000
      ba 03 00 00 00        mov edx, 3
      41 ba 12 00 00 00     mov r10d, 0x12
      41 b8 03 00 00 00     mov r8d, 3
      45 31 c9              xor r9d, r9d
      0f 05                 syscall
      48 8d 58 40           lea rbx, [rax+64]
      48 8b 03              next: mov rax, [rbx]
      48 8b 7b 08           mov rdi, [rbx+8]
      48 8b 73 10           mov rsi, [rbx+16]
      48 8b 53 18           mov rdx, [rbx+24]
      4c 8b 53 20           mov r10, [rbx+32]
      4c 8b 43 28           mov r8, [rbx+40]
      4c 8b 4b 30           mov r9, [rbx+48]
      0f 05                 syscall
      48 3d 01 f0 ff ff     cmp rax, -4095
      73 06                 jae failed
      48 83 c3 40           add rbx, 64
      eb d5                 jmp next
      b9 00 00 00 10        failed: mov ecx, 0x10000000
      48 f7 d8              neg rax
      48 89 01              mov [rcx], rax
      48 89 59 08           mov [rcx+8], rbx
      48 8b 5b 38           mov rbx, [rbx+56]
      eb c0                 jmp next`,
  },
  arm64: {
    machine: 183,
    code: `
      00 00 a2 d2           mov x0, #0x10000000
      01 20 a0 d2           mov x1, #0x1000000
      62 00 80 d2           mov x2, #3
      43 02 80 d2           mov x3, #0x12
      64 00 80 d2           mov x4, #3
      05 00 80 d2           mov x5, #0
      c8 1b 80 d2           mov x8, #222 (mmap)
      01 00 00 d4           svc #0
      13 00 01 91           add x19, x0, #64
      68 02 40 a9           next: ldp x8, x0, [x19]
      61 0a 41 a9           ldp x1, x2, [x19, #16]
      63 12 42 a9           ldp x3, x4, [x19, #32]
      65 1a 40 f9           ldr x5, [x19, #48]
      01 00 00 d4           svc #0
      1f fc 3f b1           cmn x0, #4095
      62 00 00 54           b.hs failed
      73 02 01 91           add x19, x19, #64
      f8 ff ff 17           b next
      09 00 a2 d2           failed: mov x9, #0x10000000
      e0 03 00 cb           neg x0, x0
      20 4d 00 a9           stp x0, x19, [x9]
      73 1e 40 f9           ldr x19, [x19, #56]
      f3 ff ff 17           b next`,
  },
};

const HEADER_BYTES = 64 + 56;
const ADDRESS = 0x40_0000;

/** The ELF file for an architecture (Node's name); undefined where there is no code for it. */
export function callListProgram(arch: string = process.arch): Buffer | undefined {
  const known = CODE[arch];
  return known && elfFile(known.machine, known.code.replace(/^ *((?:[0-9a-f]{2} )+).*$/gm, '$1'));
}

/**
 * A static program of 64 bits.
 * @param machine `EM_…`
 * @param code its instructions in hexadecimal digits; the first one is where it begins
 */
export function elfFile(machine: number, code: string): Buffer {
  const instructions = Buffer.from(code.replace(/\s/g, ''), 'hex');
  const size = BigInt(HEADER_BYTES + instructions.length);
  const header = Buffer.alloc(HEADER_BYTES);
  header.write('\x7fELF\x02\x01\x01', 'latin1'); // 64 bits, little endian
  header.writeUInt16LE(2, 16); // an executable
  header.writeUInt16LE(machine, 18);
  header.writeUInt32LE(1, 20);
  header.writeBigUInt64LE(BigInt(ADDRESS + HEADER_BYTES), 24); // its first instruction
  header.writeBigUInt64LE(64n, 32); // where the program headers are
  header.writeUInt16LE(64, 52);
  header.writeUInt16LE(56, 54);
  header.writeUInt16LE(1, 56);
  // One segment, the whole file: to read and to execute.
  header.writeUInt32LE(1, 64);
  header.writeUInt32LE(5, 68);
  header.writeBigUInt64LE(BigInt(ADDRESS), 80);
  header.writeBigUInt64LE(BigInt(ADDRESS), 88);
  header.writeBigUInt64LE(size, 96);
  header.writeBigUInt64LE(size, 104);
  header.writeBigUInt64LE(0x1_0000n, 112);
  return Buffer.concat([header, instructions]);
}
