import fs from 'node:fs';
import { type BuildOp, Definition, LLB_BUILDER, LLB_DEFINITION_INPUT, PbError } from '@llb-ts/pb';
import type { Ref } from '../chain/ref.ts';
import { requestFailure, stepFailure } from '../error/error.ts';
import { bytesOf, fsPath } from '../name/bytes.ts';
import { resolve } from '../tree/resolve.ts';
import type { Tree } from '../tree/tree.ts';
import type { Operation } from '../work/operation.ts';

/** Bytes that a definition file may have (`ops/build.go`). */
const MAX_DEFINITION = 16 * 1024 * 1024;

/** A definition that an earlier step wrote, solved as part of the same build (docs/buildkit-semantics.md#build-ops; `ops/build.go`). */
export function buildOperation(
  op: BuildOp,
  inputs: number,
  solveInner: (definition: Definition) => Promise<Ref | undefined>,
): Operation {
  return {
    slot: undefined,
    async key() {
      const { builder, inputs: named, attrs } = op;
      return {
        recipe: { type: 'buildkit.build.v0', builder, inputs: named, attrs },
        inputs: Array.from({ length: inputs }, () => ({ by: 'ref' })),
      };
    },
    async run(refs, work) {
      if (op.builder !== LLB_BUILDER) throw stepFailure('only LLB builder is currently allowed');
      const input = op.inputs[LLB_DEFINITION_INPUT];
      if (!input) throw stepFailure(`no llb definition input ${LLB_DEFINITION_INPUT} found`);
      if (input.input < 0 || input.input >= refs.length) throw stepFailure(`invalid index ${input.input}`);
      const file = op.attrs['llbbuild.filename'] ?? LLB_DEFINITION_INPUT;
      return [await solveInner(readDefinition(work.view(refs[input.input]), file))];
    },
  };
}

function readDefinition(tree: Tree, file: string): Definition {
  const entry = tree.lookup(resolve(tree, `/${bytesOf(file)}`));
  if (!entry) throw stepFailure(`open ${file}: no such file or directory`);
  if (entry.stat.type !== 'file') throw stepFailure(`open ${file}: not a regular file`);
  if (entry.stat.size > MAX_DEFINITION) {
    throw stepFailure(`${file} exceeds maximum allowed size of ${MAX_DEFINITION} bytes`);
  }
  try {
    return Definition.read(fs.readFileSync(fsPath(entry.hostPath)));
  } catch (error) {
    if (!(error instanceof PbError)) throw error;
    throw requestFailure(`failed to load LLB: ${file} is no definition: ${error.message}`, { cause: error });
  }
}
