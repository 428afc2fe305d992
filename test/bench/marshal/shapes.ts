import { Image, Merge, Mkfile, Scratch, Shlex, type State } from '@llb-ts/llb';

/** The graphs that are measured; `cmd/marshalbench` of the reference module makes the same ones. */
export const shapes = {
  /** Run after Run on an image. */
  chain: (size: number): State => {
    let state: State = Image('alpine');
    for (let i = 0; i < size; i++) state = state.Run(Shlex(`echo ${i}`)).Root();
    return state;
  },
  /** Many one-file states side by side. */
  merge: (size: number): State =>
    Merge(Array.from({ length: size }, (_, i) => Scratch().File(Mkfile(`/f${i}`, 0o644, 'x')))),
} as const;

export type Shape = keyof typeof shapes;
