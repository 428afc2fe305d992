/**
 * Lists nodes of a graph, each once and after its inputs. It does not recurse, so a graph may be deep.
 *
 * @param roots the nodes that are wanted, with all that they need
 * @param inputsOf the inputs of a node, in order
 * @param options.skip leaves out a node, and what only it needs. Default: none
 * @param options.onLoop called with a node that needs itself. Default: the edge is passed over
 */
export function inputsFirst<T>(
  roots: Iterable<T>,
  inputsOf: (node: T) => readonly T[],
  { skip, onLoop }: { readonly skip?: (node: T) => boolean; readonly onLoop?: (node: T) => never } = {},
): readonly T[] {
  const order: T[] = [];
  const states = new Map<T, 'open' | 'done'>();
  const path: { readonly node: T; readonly inputs: readonly T[]; next: number }[] = [];
  const enter = (node: T) => {
    const state = states.get(node);
    if (state === 'open') onLoop?.(node);
    if (state || skip?.(node)) return;
    states.set(node, 'open');
    path.push({ node, inputs: inputsOf(node), next: 0 });
  };
  for (const root of roots) {
    enter(root);
    for (let top = path.at(-1); top; top = path.at(-1)) {
      if (top.next < top.inputs.length) {
        enter(top.inputs[top.next++] as T);
        continue;
      }
      states.set(top.node, 'done');
      order.push(top.node);
      path.pop();
    }
  }
  return order;
}
