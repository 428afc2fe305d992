import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { copyCliFor, give, ordinaryUser } from '../support/ordinary-user.ts';
import { requires } from '../support/requirements.ts';
import { llbTs } from '../support/solvers.ts';
import { checkImage } from './check.ts';
import { execCases, fileCases, imageCases } from './load.ts';
import { conformanceSuite } from './suite.ts';

// One store for all cases: what one leaves in the cache must not change another.
const stateIn = (folder: string) => join(folder, 'state');

requires('root')('the local solver makes the trees that BuildKit made', () =>
  conformanceSuite(fileCases, (folder) => llbTs({ stateDir: stateIn(folder) })),
);

requires('root')('the local solver makes the images that BuildKit made', () =>
  conformanceSuite(imageCases, (folder) => llbTs({ stateDir: stateIn(folder) }), checkImage),
);

for (const executor of ['crun', 'runc'] as const) {
  requires(
    'root',
    'overlay',
    'busybox',
    executor,
  )(`processes leave what they left in BuildKit: ${executor}`, () =>
    conformanceSuite(execCases, (folder) => llbTs({ stateDir: stateIn(folder), executor })),
  );
}

requires(
  'root',
  'overlay',
  'busybox',
)('processes leave what they left in BuildKit: the sandbox', () =>
  conformanceSuite(execCases, (folder) => llbTs({ stateDir: stateIn(folder), executor: 'sandbox' })),
);

for (const executor of ['crun', 'sandbox'] as const) {
  requires(
    'ordinary-user',
    'busybox',
    ...(executor === 'crun' ? (['crun'] as const) : []),
  )(`processes leave what they left in BuildKit: ${executor} without root`, () =>
    conformanceSuite(execCases, (folder) => {
      const user = ordinaryUser();
      // A suite that is left out is collected all the same.
      if (!user) return llbTs({ stateDir: stateIn(folder), executor });
      mkdirSync(stateIn(folder));
      give(stateIn(folder), user);
      const program = copyCliFor(join(folder, 'cli'));
      return llbTs({ stateDir: stateIn(folder), executor, as: { user, program } });
    }),
  );
}
