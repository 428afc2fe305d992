import { requires } from '../support/requirements.ts';
import { buildctl } from '../support/solvers.ts';
import { checkImage } from './check.ts';
import { execCases, fileCases, imageCases } from './load.ts';
import { conformanceSuite } from './suite.ts';

requires('reference-buildkit')('the reference BuildKit makes the trees that are checked in', () =>
  conformanceSuite(fileCases, () => buildctl()),
);

requires('reference-buildkit', 'busybox')('the reference BuildKit runs processes as checked in', () =>
  conformanceSuite(execCases, () => buildctl()),
);

requires('reference-buildkit')('the reference BuildKit makes the images that are checked in', () =>
  conformanceSuite(imageCases, () => buildctl(), checkImage),
);
