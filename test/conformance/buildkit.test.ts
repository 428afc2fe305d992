import { requires } from '../support/requirements.ts';
import { buildctl } from '../support/solvers.ts';
import { execCases, fileCases } from './load.ts';
import { conformanceSuite } from './suite.ts';

requires('reference-buildkit')('the reference BuildKit makes the trees that are checked in', () =>
  conformanceSuite(fileCases, () => buildctl()),
);

requires('reference-buildkit', 'busybox')('the reference BuildKit runs processes as checked in', () =>
  conformanceSuite(execCases, () => buildctl()),
);
