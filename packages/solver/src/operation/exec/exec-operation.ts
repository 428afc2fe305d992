import { type Capabilities, type FailureDetails, SolveFailure } from '@llb-ts/backend';
import { type ExecOp, type LinuxResources, NetMode, type Platform, SecurityMode } from '@llb-ts/pb';
import type { Ref } from '../../chain/ref.ts';
import type { Stores } from '../../chain/stores.ts';
import { stepFailure } from '../../error/error.ts';
import { canonicalAddress } from '../../executor/root/hosts-file.ts';
import type { Step, StepExit } from '../../executor/step/executor.ts';
import { bytesOf, compareBytes } from '../../name/bytes.ts';
import type { Operation, Workbench } from '../../work/operation.ts';
import type { CacheMounts } from './cache-mounts.ts';
import { EMULATOR_PATH, emulatorFor } from './emulator.ts';
import type { ExecHost } from './exec-host.ts';
import { execKey } from './exec-key.ts';
import { ExecMounts } from './exec-mounts.ts';
import { openShell } from './failure-shell.ts';
import { goQuote } from './go-quote.ts';
import { LastLines } from './last-lines.ts';
import { type MountPlan, planMounts } from './mount-plan.ts';
import { processEnvironment } from './process-environment.ts';

/** The services of the solve that an exec uses. */
export interface ExecServices {
  readonly capabilities: Pick<Capabilities, 'secrets' | 'agents'>;
  readonly stores: Stores;
  readonly caches: CacheMounts;
  /** Opened when the first exec runs. Fails with an `environment` failure. */
  readonly execHost: () => ExecHost;
  /**
   * Called while the root and mounts of a failed step are still there. Until it settles, `openShell` runs a shell there on
   * our terminal, and resolves with its exit code. Default: nothing.
   */
  readonly onStepFailure?: (failure: SolveFailure, openShell: () => Promise<number>) => Promise<void>;
}

export interface ExecVertex {
  readonly op: ExecOp;
  readonly inputCount: number;
  /** Undefined: the platform of this machine. */
  readonly platform: Platform | undefined;
  readonly resources: LinuxResources | undefined;
}

/** An ExecOp: runs a process on the inputs (`solver/llbsolver/ops/exec.go`). */
export function execOperation(vertex: ExecVertex, services: ExecServices): Operation {
  return {
    slot: 'wait',
    key: async () => execKey(vertex.op, vertex.inputCount, vertex.platform),
    run: (inputs, work) => runExec(vertex, inputs, work, services),
  };
}

async function runExec(
  vertex: ExecVertex,
  inputs: readonly (Ref | undefined)[],
  work: Workbench,
  services: ExecServices,
): Promise<readonly (Ref | undefined)[]> {
  const { op } = vertex;
  const { secrets, agents } = services.capabilities;
  const args = op.meta?.args ?? [];
  const plan = planMounts(op, inputs);
  const host = services.execHost();
  const name = `exec ${args.join(' ')}`;
  const mounts = new ExecMounts({ ...services, host, work, secrets, agents, name });
  try {
    for (const planned of plan.mounts) await mounts.open(planned);
    for (const message of host.takeFallbackWarnings()) work.report({ type: 'warning', message });
    for (const { ip } of op.meta?.extraHosts ?? []) canonicalAddress(ip);
    const env = await processEnvironment(op, secrets);
    await runProcess(() => stepOf(vertex, plan, mounts, env), vertex, work, services);
    const outputs: Ref[] = [];
    for (const output of plan.outputs) {
      outputs.push('ref' in output ? output.ref : await mounts.commit(output.from));
    }
    return outputs;
  } finally {
    mounts.release();
  }
}

const LIMITS_HINT = 'they need crun or runc, root, and control groups (/sys/fs/cgroup) that can be written';

/** Runs the process; every later failure is reported as a failure of the process. */
async function runProcess(
  makeStep: () => Step,
  { op: { meta }, platform }: ExecVertex,
  work: Workbench,
  { execHost, onStepFailure }: ExecServices,
): Promise<void> {
  const { executor } = execHost();
  const log = new LastLines();
  const commandLine = [...(emulatorFor(platform) ? [EMULATOR_PATH] : []), ...(meta?.args ?? [])].join(' ');
  const failed = (why: string, details: FailureDetails = {}) =>
    stepFailure(`process ${goQuote(commandLine)} did not complete successfully: ${why}`, details);
  let step: Step;
  let exit: StepExit;
  try {
    step = makeStep();
    if (!executor.hasLimits && (step.resources || step.cgroupParent !== '')) {
      work.report({
        type: 'warning',
        message: 'the limits of this step have no effect here',
        hint: LIMITS_HINT,
      });
    }
    exit = await executor.run(step, {
      signal: work.signal,
      onOutput: (stream, data) => {
        log.add(data);
        work.report({ type: 'log', stream, data });
      },
    });
  } catch (error) {
    work.signal.throwIfAborted();
    if (!(error instanceof SolveFailure) || error.code !== 'step') throw error;
    throw failed(error.message, { ...error.details, cause: error });
  }
  work.signal.throwIfAborted();
  const valid = meta?.validExitCodes.length ? meta.validExitCodes : [0];
  if (valid.includes(exit.code)) return;
  const why = exit.isOutOfMemory ? 'cannot allocate memory' : `exit code: ${exit.code}`;
  const failure = failed(why, { exitCode: exit.code, log: log.lines });
  await onStepFailure?.(failure, () => openShell(executor, step, work.signal));
  throw failure;
}

function stepOf(
  { op, platform, resources }: ExecVertex,
  { mounts: planned }: MountPlan,
  mounts: ExecMounts,
  env: readonly string[],
): Step {
  const { meta } = op;
  const root = planned.findLast(({ mount }) => mount.dest === '/')!;
  const others = planned.filter(({ mount }) => mount.dest !== '/').map((mount) => mounts.stepMountOf(mount));
  const emulator = emulatorFor(platform);
  return {
    root: mounts.pathOf(root)!,
    isRootReadonly: root.mount.readonly,
    mounts: [
      ...others
        .filter((mount) => mount !== undefined)
        .sort((a, b) => compareBytes(bytesOf(a.dest), bytesOf(b.dest))),
      ...(emulator
        ? [{ type: 'bind', dest: EMULATOR_PATH, isReadonly: true, source: bytesOf(emulator) } as const]
        : []),
    ],
    args: [...(emulator ? [EMULATOR_PATH] : []), ...(meta?.args ?? [])],
    env,
    cwd: meta?.cwd || '/',
    user: meta?.user ?? '',
    hostname: meta?.hostname ?? '',
    extraHosts: meta?.extraHosts ?? [],
    network: networkOf(op),
    security: securityOf(op),
    ulimits: meta?.ulimit ?? [],
    cgroupParent: meta?.cgroupParent ?? '',
    ...(resources && { resources }),
    removeStubParents: meta?.removeMountStubsRecursive ?? false,
  };
}

function networkOf({ network }: ExecOp): Step['network'] {
  switch (network) {
    case NetMode.unset:
      return 'sandbox';
    case NetMode.host:
      return 'host';
    case NetMode.none:
      return 'none';
    default:
      throw stepFailure(`unknown network mode ${network}`);
  }
}

function securityOf({ security }: ExecOp): Step['security'] {
  switch (security) {
    case SecurityMode.sandbox:
      return 'sandbox';
    case SecurityMode.insecure:
      return 'insecure';
    default:
      throw stepFailure(`invalid security mode ${security}`);
  }
}
