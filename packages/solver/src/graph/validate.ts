import { EMPTY_INPUT, type Op, type OpKind, registeredCapabilities } from '@llb-ts/pb';

/** The structural flaw of an op, in BuildKit's words; undefined if there is none (`solver/llbsolver/ops/opsutils/validate.go`). */
export function flawOfOp(op: Op): string | undefined {
  return op.op && flawOfKind(op.op, op.inputs.length);
}

function flawOfKind(op: OpKind, inputs: number): string | undefined {
  switch (op.kind) {
    case 'source':
      return inputs === 0 ? undefined : `invalid source op with ${inputs} inputs`;
    case 'exec':
      if (!op.meta) return 'invalid exec op with no meta';
      if (op.meta.args.length === 0) return 'invalid exec op with no args';
      if (op.mounts.length === 0) return 'invalid exec op with no mounts';
      return op.mounts.some((mount) => mount.dest === '/') ? undefined : 'invalid exec op with no rootfs';
    case 'file':
      return op.actions.length === 0 ? 'invalid file op with no actions' : undefined;
    case 'build':
      return undefined;
    case 'merge':
      return sidesFlaw('merge', op.inputs.length, inputs);
    case 'diff': {
      const { lower, upper } = op;
      if (!lower || !upper) return 'invalid diff op with nil lower or upper input';
      const sides = [lower, upper].filter((side) => side.input !== EMPTY_INPUT);
      const outside = sides.find((side) => side.input < 0 || side.input >= inputs);
      return (
        sidesFlaw('diff', sides.length, inputs) ?? (outside && `invalid diff input index ${outside.input}`)
      );
    }
    case 'passthrough': {
      if (op.id === '') return 'invalid passthrough op with no id';
      if (op.outputs.length === 0) return 'invalid passthrough op with no outputs';
      const wrong = op.outputs.find((input) => input < 0 || (inputs > 0 && input >= inputs));
      return wrong === undefined ? undefined : `invalid passthrough output input index ${wrong}`;
    }
  }
}

function sidesFlaw(kind: string, inner: number, outer: number): string | undefined {
  if (inner === outer) return undefined;
  return `invalid ${kind} op with ${inner} inner inputs and ${outer} outer inputs`;
}

/** The first entitlement that an op needs and was not given (`solver/llbsolver/vertex.go` ValidateEntitlements). */
export function missingEntitlement(op: OpKind, allowed: readonly string[]): string | undefined {
  if (op.kind !== 'exec') return undefined;
  const needed = [op.network === 1 && 'network.host', op.security === 1 && 'security.insecure'];
  return needed.find((entitlement): entitlement is string => !!entitlement && !allowed.includes(entitlement));
}

/** The first device that an op cannot do without; there are none here. Optional ones are left out (docs/buildkit-semantics.md#loading). */
export function requiredDevice(op: OpKind): string | undefined {
  return op.kind === 'exec' ? op.cdiDevices.find(({ optional }) => !optional)?.name : undefined;
}

/** The first capability in an op's metadata that no BuildKit knows. */
export function unknownCapability(caps: Readonly<Record<string, boolean>>): string | undefined {
  return Object.keys(caps).find((id) => !registeredCapabilities.has(id));
}
