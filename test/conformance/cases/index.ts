import type { CaseGroup } from '../case.ts';
import { apply } from './apply.ts';
import { chains } from './chains.ts';
import { copies } from './copy.ts';
import { examples } from './examples.ts';
import { links } from './links.ts';
import { make } from './make.ts';
import { opaque } from './opaque.ts';
import { patterns } from './patterns.ts';
import { sameness } from './sameness.ts';
import { specialFiles } from './special.ts';

/** All own cases by suite; the trees they must give are in `expected/<suite>.json`. */
export const suites: Readonly<Record<string, CaseGroup>> = {
  examples,
  sameness,
  apply,
  chains,
  opaque,
  special: specialFiles,
  links,
  make,
  copy: copies,
  patterns,
};
