import type { CaseGroup } from '../case.ts';
import { apply } from './apply.ts';
import { chains } from './chains.ts';
import { copies } from './copy.ts';
import { examples } from './examples.ts';
import { execFiles } from './exec/files.ts';
import { execMounts } from './exec/mounts.ts';
import { execPlaces } from './exec/places.ts';
import { execProcess } from './exec/process.ts';
import { ghosts } from './ghosts.ts';
import { links } from './links.ts';
import { make } from './make.ts';
import { moved } from './moved.ts';
import { opaque } from './opaque.ts';
import { patterns } from './patterns.ts';
import { sameness } from './sameness.ts';
import { specialFiles } from './special.ts';

/** Own cases that run no process, by suite; the trees they must give are in `expected/<suite>.json`. */
export const suites: Readonly<Record<string, CaseGroup>> = {
  examples,
  sameness,
  apply,
  chains,
  opaque,
  moved,
  special: specialFiles,
  ghosts,
  links,
  make,
  copy: copies,
  patterns,
};

/** Cases that run processes, in a root made of this machine's busybox. */
export const execSuites: Readonly<Record<string, CaseGroup>> = {
  'exec-files': execFiles,
  'exec-process': execProcess,
  'exec-mounts': execMounts,
  'exec-places': execPlaces,
};
