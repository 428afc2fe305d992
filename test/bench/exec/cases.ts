import { Args, Copy, Local, Merge, Mkdir, Scratch, type State } from 'llb-ts';

/** A build of many steps that do next to nothing, so that its time is what steps cost. */
export interface ExecCase {
  readonly name: string;
  readonly about: string;
  readonly steps: number;
  /** @param salt what nobody has built yet: the same twice would come from the cache */
  readonly build: (salt: string) => State;
}

const STEPS = 20;

/** The folder with `busybox` that the root is made of. */
export const TOOLS = 'tools';

/** The base of all steps; both sides have built it before anything is measured. */
export function box(): State {
  return Scratch().File(
    Mkdir('/bin', 0o755)
      .Copy(Local(TOOLS), '/busybox', '/bin/busybox')
      .Symlink('busybox', '/bin/sh')
      .Mkdir('/etc', 0o755)
      .Mkfile('/etc/passwd', 0o644, 'root:x:0:0:root:/root:/bin/sh\n')
      .Mkdir('/out', 0o755),
  );
}

export const cases: readonly ExecCase[] = [
  {
    name: 'no step',
    about: 'a copy into the root: the start of a client, and all that is no step',
    steps: 0,
    build: (salt) => box().File(Copy(box(), '/bin/sh', `/out/${salt}`)),
  },
  {
    name: 'chain',
    about: `a chain of ${STEPS} steps that write a file each`,
    steps: STEPS,
    build: (salt) => numbered(salt).reduce((state, name) => written(state, name), box()),
  },
  {
    name: 'independent',
    about: `${STEPS} independent steps that write a file each, merged`,
    steps: STEPS,
    build: (salt) => Merge(numbered(salt).map((name) => written(box(), name))),
  },
];

function numbered(salt: string): readonly string[] {
  return Array.from({ length: STEPS }, (_, at) => `${salt}-${at}`);
}

function written(state: State, name: string): State {
  return state.Run(Args(['/bin/sh', '-c', `echo ${name} > /out/${name}`])).Root();
}
