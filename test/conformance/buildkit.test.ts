import { requires } from '../support/requirements.ts';
import { buildctl } from '../support/solvers.ts';
import { conformanceSuite } from './suite.ts';

requires('reference-buildkit')('the reference BuildKit makes the trees that are checked in', () =>
  conformanceSuite(() => buildctl()),
);
