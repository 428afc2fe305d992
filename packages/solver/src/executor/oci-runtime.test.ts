import { describe } from 'vitest';
import { findProgram } from '../host/programs.ts';
import { canRunExecutors, describeExecutor } from './executor.contract.ts';
import { OciRuntime } from './oci-runtime.ts';
import { RuntimeExecutor } from './prepared-step.ts';

for (const kind of ['crun', 'runc'] as const) {
  const program = findProgram(kind);
  describe.skipIf(!canRunExecutors || !program)('installed runtime', () => {
    describeExecutor(
      kind,
      (folder) => new RuntimeExecutor(new OciRuntime({ kind, program: program!, folder }), folder),
    );
  });
}
