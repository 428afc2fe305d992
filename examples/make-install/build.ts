// The idea: `make install` writes all over a root, and the root it runs in is full of compilers. What it wrote, and what
// it deleted, is the difference between before and after; laid over a root without compilers, it is the program alone.
//
// Needs the folders of ../debian-root (`node ../debian-root/fetch.mjs`).
import { AddMount, Args, Diff, Dir, ForceNoOutput, Local, Merge, Mkdir, With } from 'llb-ts';
import { base, compiler, sh } from '../debian-root/root.ts';

const source = Local('source', { dir: './greet' });

const workshop = Merge(base, compiler).File(
  Mkdir('/etc/motd.d', 0o755).Mkfile('/etc/motd', 0o644, 'a workshop\n'),
);
const afterwards = workshop.Run(
  Args(['make', 'install']),
  With(Dir('/src')),
  // make writes its object files beside the sources, and nobody wants them: a mount is no part of the root.
  AddMount('/src', source, ForceNoOutput()),
);

/** Four entries and a deletion. */
const program = Diff(workshop, afterwards.Root());

const rebased = Merge(base, program);

export default {
  default: rebased,
  program,
  // It works without the compiler.
  greeting: rebased.Run(sh('greet world > /greeting; salute >> /greeting')).Root(),
};
