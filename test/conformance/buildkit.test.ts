import { requires } from '../support/requirements.ts';
import { buildctl } from '../support/solvers.ts';
import { checkImage } from './check.ts';
import { execCases, fileCases, imageCases } from './load.ts';
import { conformanceSuite } from './suite.ts';

/*
 * Images come first. BuildKit links the devices of a layer into the tree of a merge and sets owner and mode there, so that
 * making a tree changes the layers below it, and the image of such a layer is another one from then on.
 */
requires('reference-buildkit')('the reference BuildKit makes the images that are checked in', () =>
  conformanceSuite(imageCases, () => buildctl(), checkImage),
);

requires('reference-buildkit')('the reference BuildKit makes the trees that are checked in', () =>
  conformanceSuite(fileCases, () => buildctl()),
);

requires('reference-buildkit', 'busybox')('the reference BuildKit runs processes as checked in', () =>
  conformanceSuite(execCases, () => buildctl()),
);
