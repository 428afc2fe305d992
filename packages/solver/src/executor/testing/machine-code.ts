import { elfFile } from '../../host/call-list-program.ts';

/**
 * A program for x86-64 that makes a system call as one for i386 does, by `int 0x80`; its exit code is the error's number.
 * Filters know it as another architecture with numbers of its own.
 */
export function callOfI386(number: number, argument: number): Buffer {
  const hex = (value: number) => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value);
    return bytes.toString('hex');
  };
  return elfFile(
    62,
    [
      `b8 ${hex(number)}`, // mov eax, number
      `bb ${hex(argument)}`, // mov ebx, argument
      'cd 80', // int 0x80
      '89 c7', // mov edi, eax
      'f7 df', // neg edi
      'b8 e7 00 00 00', // mov eax, 231 (exit_group)
      '0f 05', // syscall
    ].join(''),
  );
}
