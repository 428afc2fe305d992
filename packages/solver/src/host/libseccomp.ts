/**
 * libseccomp: makes the kernel's program from a list of rules, for any architecture. Needed to write
 * `executor/seccomp-programs.ts`, never to run a step.
 */
import fs from 'node:fs';
import koffi from 'koffi';
import { sealedFile } from './kernel.ts';

/** Rules in the words of the OCI runtime specification. */
export interface SeccompRules {
  readonly defaultErrnoRet: number;
  /** All that the program is for; not necessarily the one that this process has. */
  readonly architectures: readonly string[];
  readonly syscalls: readonly {
    readonly names: readonly string[];
    readonly action: 'SCMP_ACT_ALLOW' | 'SCMP_ACT_ERRNO';
    readonly errnoRet?: number;
    readonly args?: readonly {
      readonly index: number;
      readonly op: keyof typeof COMPARISONS;
      readonly value: number;
      readonly valueTwo?: number;
    }[];
  }[];
}

const COMPARISONS = { SCMP_CMP_LT: 2, SCMP_CMP_EQ: 4, SCMP_CMP_MASKED_EQ: 7 } as const;
const ALLOW = 0x7fff0000;
const ERRNO = 0x00050000;
const UNKNOWN = -1;

type Library = ReturnType<typeof load>;
let library: Library | undefined | 'missing';

/** The program for `seccomp(2)`, as an array of `struct sock_filter`; undefined where libseccomp is missing or refuses. */
export function compileSeccomp(rules: SeccompRules): Buffer | undefined {
  const lib = loaded();
  const context = lib?.init(ERRNO | rules.defaultErrnoRet);
  if (!lib || !context) return undefined;
  try {
    return fill(lib, context, rules) ? exported(lib, context) : undefined;
  } finally {
    lib.release(context);
  }
}

function fill(lib: Library, context: unknown, rules: SeccompRules): boolean {
  // A new context is for the architecture of this process, which may be no part of the program.
  const native = lib.archNative() as number;
  const tokens = rules.architectures.map((name) => tokenOf(lib, name));
  for (const token of tokens) if (token !== native) lib.archAdd(context, token);
  if (!tokens.includes(native)) lib.archRemove(context, native);
  for (const { names, action, errnoRet = 0, args = [] } of rules.syscalls) {
    const code = action === 'SCMP_ACT_ALLOW' ? ALLOW : ERRNO | errnoRet;
    const conditions = args.map(({ index, op, value, valueTwo = 0 }) => ({
      arg: index,
      op: COMPARISONS[op],
      datum_a: value,
      datum_b: valueTwo,
    }));
    for (const name of names) {
      const call = lib.syscallResolve(name) as number;
      if (call === UNKNOWN) continue;
      if ((lib.ruleAdd(context, code, call, conditions.length, conditions) as number) < 0) return false;
    }
  }
  return true;
}

function tokenOf(lib: Library, architecture: string): number {
  return lib.archResolve(architecture.replace('SCMP_ARCH_', '').toLowerCase()) as number;
}

/** The highest number among system calls on an architecture, as far as libseccomp knows them. */
export function lastSyscall(names: readonly string[], architecture: string): number {
  const lib = loaded();
  if (!lib) throw new Error('libseccomp is missing');
  const token = tokenOf(lib, architecture);
  return Math.max(...names.map((name) => lib.syscallResolveFor(token, name) as number));
}

/** As `2.5.4`; undefined where libseccomp is missing. */
export function libseccompVersion(): string | undefined {
  const numbers = loaded()?.version();
  return numbers && koffi.decode(numbers, 'uint', 3).join('.');
}

function loaded(): Library | undefined {
  library ??= loadIfThere() ?? 'missing';
  return library === 'missing' ? undefined : library;
}

function exported(lib: Library, context: unknown): Buffer | undefined {
  let result = 0;
  const fd = sealedFile('seccomp', (file) => {
    result = lib.exportBpf(context, file) as number;
  });
  try {
    const program = Buffer.alloc(fs.fstatSync(fd).size);
    fs.readSync(fd, program, 0, program.length, 0);
    return result === 0 && program.length > 0 ? program : undefined;
  } finally {
    fs.closeSync(fd);
  }
}

function loadIfThere(): Library | undefined {
  try {
    return load();
  } catch {
    return undefined;
  }
}

function load() {
  const lib = koffi.load('libseccomp.so.2');
  const condition = koffi.struct('scmp_arg_cmp', {
    arg: 'uint',
    op: 'int',
    datum_a: 'uint64_t',
    datum_b: 'uint64_t',
  });
  return {
    version: lib.func('const void *seccomp_version()'),
    init: lib.func('void *seccomp_init(uint32_t action)'),
    release: lib.func('void seccomp_release(void *context)'),
    archResolve: lib.func('uint32_t seccomp_arch_resolve_name(const char *name)'),
    archAdd: lib.func('int seccomp_arch_add(void *context, uint32_t token)'),
    archNative: lib.func('uint32_t seccomp_arch_native()'),
    archRemove: lib.func('int seccomp_arch_remove(void *context, uint32_t token)'),
    syscallResolveFor: lib.func('int seccomp_syscall_resolve_name_arch(uint32_t token, const char *name)'),
    syscallResolve: lib.func('int seccomp_syscall_resolve_name(const char *name)'),
    ruleAdd: lib.func('seccomp_rule_add_array', 'int', [
      'void *',
      'uint32_t',
      'int',
      'uint',
      koffi.pointer(condition),
    ]),
    exportBpf: lib.func('int seccomp_export_bpf(void *context, int fd)'),
  };
}
