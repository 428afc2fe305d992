import { join } from 'node:path';
import { requires } from '../support/requirements.ts';
import { llbTs } from '../support/solvers.ts';
import { conformanceSuite } from './suite.ts';

// One store for all cases: what one leaves in the cache must not change another.
requires('root')('the local solver makes the trees that BuildKit made', () =>
  conformanceSuite((folder) => llbTs({ stateDir: join(folder, 'state') })),
);
