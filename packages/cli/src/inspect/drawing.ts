import { clip, plainLine } from '../terminal/terminal-text.ts';
import type { Graph, Step, StepInput } from './graph.ts';

const MAX_LABEL = 80;

/** Shapes of `buildctl debug dump-llb --dot`, so that its users find what they know. */
const dotShapes: Readonly<Record<string, string>> = {
  source: 'ellipse',
  exec: 'box',
  build: 'box3d',
  merge: 'invtriangle',
  diff: 'doublecircle',
  file: 'note',
};

/** The graph for Graphviz. */
export function graphDot(graph: Graph): string {
  const quote = (text: string) => `"${text.replace(/[\\"]/g, '\\$&')}"`;
  const lines = [
    ...graph.steps.map((step) => {
      const shape = dotShapes[step.kind] ?? 'plaintext';
      return `  n${step.number} [label=${quote(labelOf(step))} shape=${shape} tooltip=${quote(step.entry.digest)}];`;
    }),
    ...edgesOf(graph).map(
      ({ from, to, label }) => `  n${from} -> n${to}${label === '' ? '' : ` [label=${quote(label)}]`};`,
    ),
    ...(graph.result?.step
      ? ['  result [shape=plaintext];', `  n${graph.result.step.number} -> result;`]
      : []),
  ];
  return `digraph {\n${lines.join('\n')}\n}\n`;
}

/** The graph for Mermaid. */
export function graphMermaid(graph: Graph): string {
  // Mermaid reads markup and quotes in labels; entities keep them text.
  const quote = (text: string) => `"${text.replace(/[&"<>#`]/g, (char) => `#${char.charCodeAt(0)};`)}"`;
  const lines = [
    ...graph.steps.map((step) => `  n${step.number}${mermaidShape(step.kind, quote(labelOf(step)))}`),
    ...edgesOf(graph).map(
      ({ from, to, label }) => `  n${from} -->${label === '' ? '' : `|${quote(label)}|`} n${to}`,
    ),
    ...(graph.result?.step ? [`  n${graph.result.step.number} --> result(("result"))`] : []),
  ];
  return `flowchart TD\n${lines.join('\n')}\n`;
}

function mermaidShape(kind: string, label: string): string {
  switch (kind) {
    case 'source':
      return `([${label}])`;
    case 'merge':
    case 'diff':
      return `{{${label}}}`;
    default:
      return `[${label}]`;
  }
}

function labelOf(step: Step): string {
  return clip(plainLine(step.name), MAX_LABEL);
}

interface Arrow {
  readonly from: number;
  readonly to: number;
  readonly label: string;
}

function edgesOf({ steps }: Graph): readonly Arrow[] {
  return steps.flatMap((step) =>
    step.inputs.flatMap(({ step: from, mount, output }: StepInput): Arrow[] =>
      from
        ? [{ from: from.number, to: step.number, label: mount ?? (output === 0 ? '' : `output ${output}`) }]
        : [],
    ),
  );
}
