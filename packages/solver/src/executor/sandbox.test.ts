import { describe } from 'vitest';
import { canRunExecutors, describeExecutor } from './executor.contract.ts';
import { RuntimeExecutor } from './prepared-step.ts';
import { missingSandboxPrograms, Sandbox } from './sandbox.ts';

describe.skipIf(!canRunExecutors || missingSandboxPrograms().length > 0)('util-linux', () => {
  describeExecutor('sandbox', (folder) => new RuntimeExecutor(new Sandbox(folder), folder));
});
