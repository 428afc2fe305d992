import { describe } from 'vitest';
import { RuntimeExecutor } from '../root/prepared-step.ts';
import { canRunExecutors, describeExecutor } from '../testing/executor.contract.ts';
import { missingSandboxPrograms, Sandbox } from './sandbox.ts';

describe.skipIf(!canRunExecutors || missingSandboxPrograms().length > 0)('util-linux', () => {
  describeExecutor('sandbox', (folder) => new RuntimeExecutor(new Sandbox(folder), folder));
});
