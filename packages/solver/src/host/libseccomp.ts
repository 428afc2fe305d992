/**
 * libseccomp, where it is installed: makes the kernel's program from a list of rules. Runtimes do the same for each process
 * that they start, which takes longer (11 ms here) than all else that they do; made once, the program can be handed over.
 */
import fs from 'node:fs';
import koffi from 'koffi';
import { sealedFile } from './kernel.ts';

/** Rules in the words of the OCI runtime specification. */
export interface SeccompRules {
  readonly defaultErrnoRet: number;
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
  library ??= loadIfThere() ?? 'missing';
  if (library === 'missing') return undefined;
  const context = library.init(ERRNO | rules.defaultErrnoRet);
  if (!context) return undefined;
  try {
    return fill(library, context, rules) ? exported(library, context) : undefined;
  } finally {
    library.release(context);
  }
}

function fill(lib: Library, context: unknown, rules: SeccompRules): boolean {
  for (const name of rules.architectures) {
    const token = lib.archResolve(name.replace('SCMP_ARCH_', '').toLowerCase()) as number;
    // Adding the native one again is refused, and fine.
    if (token !== 0) lib.archAdd(context, token);
  }
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
    init: lib.func('void *seccomp_init(uint32_t action)'),
    release: lib.func('void seccomp_release(void *context)'),
    archResolve: lib.func('uint32_t seccomp_arch_resolve_name(const char *name)'),
    archAdd: lib.func('int seccomp_arch_add(void *context, uint32_t token)'),
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

/**
 * The library's file as `path size time`: of the one that is loaded, or of the path in an earlier answer, without loading
 * it. Undefined where there is none.
 */
export function seccompLibrary(earlier?: string): string | undefined {
  const file =
    earlier?.split(' ')[0] ??
    /\s(\/\S*libseccomp\.so\S*)$/m.exec(fs.readFileSync('/proc/self/maps', 'latin1'))?.[1];
  if (file === undefined) return undefined;
  try {
    const { size, mtimeMs } = fs.statSync(file);
    return `${file} ${size} ${mtimeMs}`;
  } catch {
    return undefined;
  }
}
