import { redactUrls } from '@llb-ts/backend';
import type { FileAction, OpKind } from '@llb-ts/pb';
import type { Edge } from './vertex.ts';

/** The name that BuildKit gives an op (`solver/llbsolver/vertex.go`). */
export function nameOfOp(op: OpKind, inputs: readonly Edge[]): string {
  switch (op.kind) {
    case 'source':
      return redactUrls(op.identifier);
    case 'exec':
      return op.meta?.args.join(' ') ?? '';
    case 'file':
      return op.actions.map(nameOfAction).filter(Boolean).join(', ');
    case 'build':
      return 'build';
    case 'merge':
      return nested(`merge (${inputs.map((input) => input.vertex.name).join(', ')})`);
    case 'diff':
      return nested(`diff ${sideName(op.lower?.input, inputs)} -> ${sideName(op.upper?.input, inputs)}`);
    case 'passthrough':
      return `passthrough ${op.id}`;
  }
}

/** Names of names grow with the square of a chain's length, and by powers of two where a state is merged with itself. */
const LONGEST_NESTED = 16 * 1024;

function nested(name: string): string {
  return name.length > LONGEST_NESTED ? `${name.slice(0, LONGEST_NESTED)}…` : name;
}

function sideName(input: number | undefined, inputs: readonly Edge[]): string {
  const edge = input === undefined || input < 0 ? undefined : inputs[input];
  return edge ? `(${edge.vertex.name})` : 'scratch';
}

function nameOfAction({ action }: FileAction): string {
  switch (action?.kind) {
    case 'mkdir':
    case 'mkfile':
    case 'rm':
      return `${action.kind} ${action.path}`;
    case 'symlink':
      return `symlink ${action.newpath} -> ${action.oldpath}`;
    case 'copy':
      return `copy ${action.src} ${action.dest}`;
    case undefined:
      return '';
  }
}
