import type { Built } from '../built/built.ts';
import { graphDot, graphMermaid } from '../inspect/drawing.ts';
import { type Graph, graphOf } from '../inspect/graph.ts';
import { graphJson, stepJson } from '../inspect/json.ts';
import { selectStep } from '../inspect/select.ts';
import { graphTable, stepDetails } from '../inspect/table.ts';
import { standardOutput } from '../output/console.ts';
import { writeData } from '../output/write-data.ts';
import { colorsFor } from '../terminal/colors.ts';
import { type BuildOptions, build } from './build.ts';

export const inspectFormats = ['table', 'json', 'dot', 'mermaid'] as const;

export interface InspectOptions extends BuildOptions {
  readonly format: (typeof inspectFormats)[number];
  /** Beginning of a digest: only this step, in full. */
  readonly digest: string | undefined;
}

/** `llb-ts inspect`: the graph of a build file or a definition, to look at. */
export async function inspect(
  file: string | undefined,
  target: string | undefined,
  options: InspectOptions,
): Promise<void> {
  const built = await build(file, target, options, 'inspect');
  const graph = graphOf(built.definition, built.placeOf);
  await writeData(standardOutput, textOf(built, graph, options));
}

function textOf(built: Built, graph: Graph, { format, digest }: InspectOptions): string {
  const colors = colorsFor(standardOutput);
  if (digest !== undefined) {
    const step = selectStep(graph, digest);
    return format === 'json' ? stepJson(step) : stepDetails(step, colors);
  }
  switch (format) {
    case 'table':
      return graphTable(graph, colors, standardOutput.isTTY ? standardOutput.columns : undefined);
    case 'json':
      return graphJson(built.definition, graph);
    case 'dot':
      return graphDot(graph);
    case 'mermaid':
      return graphMermaid(graph);
  }
}
