import { describe } from 'vitest';
import { findProgram } from '../../host/programs.ts';
import { RuntimeExecutor } from '../root/prepared-step.ts';
import { canRunExecutors, describeExecutor } from '../testing/executor.contract.ts';
import { OciRuntime } from './oci-runtime.ts';

for (const kind of ['crun', 'runc'] as const) {
  const program = findProgram(kind);
  describe.skipIf(!canRunExecutors || !program)('installed runtime', () => {
    describeExecutor(
      kind,
      (folder) => new RuntimeExecutor(new OciRuntime({ kind, program: program!, folder }), folder),
    );
  });
}
