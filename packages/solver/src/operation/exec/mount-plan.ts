import path from 'node:path';
import { EMPTY_INPUT, type ExecOp, type Mount, MountType, SKIP_OUTPUT } from '@llb-ts/pb';
import type { Ref } from '../../chain/ref.ts';
import { stepFailure } from '../../error/error.ts';

/**
 * A plan for each mount of an exec, made before anything is mounted (docs/buildkit-semantics.md#mounts-of-exec;
 * `frontend/gateway/container/container.go` PrepareMounts). Pure: the same op and inputs give the same plan.
 */
export interface MountPlan {
  /** In the order of the op; one of them is the root. */
  readonly mounts: readonly PlannedMount[];
  /** One per output, in the order of the op's mounts. */
  readonly outputs: readonly PlannedOutput[];
}

export interface PlannedMount {
  readonly mount: Mount;
  /** Absolute. */
  readonly dest: string;
  /** The initial content. */
  readonly base: Ref | undefined;
  /**
   * - `view`: the base, as it is.
   * - `layer`: written on the base, and kept.
   * - `dropped`: written on the base, and thrown away.
   */
  readonly kind: 'view' | 'layer' | 'dropped' | 'cache' | 'tmpfs' | 'secret' | 'ssh';
}

export type PlannedOutput =
  /** The content of this mount after the process. */
  | { readonly from: PlannedMount }
  /** The mount's input itself. */
  | { readonly ref: Ref };

/** Fails with BuildKit's texts. */
export function planMounts({ mounts, meta }: ExecOp, inputs: readonly (Ref | undefined)[]): MountPlan {
  const outputs: PlannedOutput[] = [];
  const planned = mounts.map((mount) => {
    const plan = planMount(mount, inputs, meta?.cwd ?? '/');
    const { kind, base } = plan;
    if (kind === 'layer') outputs.push({ from: plan });
    else if (mount.output !== SKIP_OUTPUT && base && (kind === 'view' || kind === 'cache'))
      outputs.push({ ref: base });
    return plan;
  });
  return { mounts: planned, outputs };
}

function planMount(mount: Mount, inputs: readonly (Ref | undefined)[], cwd: string): PlannedMount {
  const isRoot = mount.dest === '/';
  if (isRoot && mount.mountType !== MountType.bind) {
    throw stepFailure(`invalid mount type ${nameOfType(mount.mountType)} for ${mount.dest}`);
  }
  if (mount.input !== EMPTY_INPUT && (mount.input < 0 || mount.input >= inputs.length)) {
    throw stepFailure(`missing input ${mount.input}`);
  }
  const base = mount.input === EMPTY_INPUT ? undefined : inputs[mount.input];
  const dest = path.posix.resolve('/', cwd, mount.dest);
  return { mount, base, dest, kind: kindOf(mount, base, isRoot) };
}

function kindOf(mount: Mount, base: Ref | undefined, isRoot: boolean): PlannedMount['kind'] {
  switch (mount.mountType) {
    case MountType.bind:
      if (mount.output !== SKIP_OUTPUT) return mount.readonly && base && !isRoot ? 'view' : 'layer';
      // A read-only root is written to all the same: mount points are made in it.
      if (isRoot) return mount.readonly ? 'dropped' : rootWithoutOutput(base, mount);
      return mount.readonly && base ? 'view' : 'dropped';
    case MountType.cache:
      if (!mount.cacheOpt) throw stepFailure('missing cache mount options');
      return 'cache';
    case MountType.tmpfs:
      return 'tmpfs';
    case MountType.secret:
      return 'secret';
    case MountType.ssh:
      return 'ssh';
    default:
      throw stepFailure(`mount type ${nameOfType(mount.mountType)} not implemented`);
  }
}

function rootWithoutOutput(base: Ref | undefined, { dest }: Mount): 'view' {
  if (!base) throw stepFailure(`mount ${dest} has no input`);
  return 'view';
}

function nameOfType(type: MountType): string {
  const name = Object.entries(MountType).find(([, value]) => value === type)?.[0];
  return name?.toUpperCase() ?? String(type);
}
