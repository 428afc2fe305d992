import type { Platform } from '@llb-ts/pb';
import { frameLines } from '../report/frame.ts';
import type { Colors } from '../terminal/colors.ts';
import { tableLines } from '../terminal/table.ts';
import { plainLine, shownText } from '../terminal/terminal-text.ts';
import type { Graph, Step, StepInput } from './graph.ts';
import { opJson } from './json.ts';

/** The graph as a table, a row an op, and the result below it. */
export function graphTable({ steps, result }: Graph, colors: Colors, width?: number): string {
  if (!result && steps.length === 0) return 'an empty definition: scratch, nothing to solve\n';
  const rows = steps.map((step) => [
    `#${step.number}`,
    shortDigest(step.entry.digest),
    step.kind,
    plainLine(step.name),
    step.inputs.map(inputText).join(' ') || '-',
    platformText(step.entry.op.platform),
    step.place ? `${shownText(step.place.file)}:${step.place.line}` : '-',
  ]);
  const lines = tableLines(
    [
      { title: '#', align: 'right' },
      { title: 'DIGEST' },
      { title: 'OP' },
      { title: 'NAME', flexible: true },
      { title: 'INPUTS' },
      { title: 'PLATFORM' },
      { title: 'SOURCE' },
    ],
    rows,
    colors,
    width,
  );
  return `${[...lines, `result: ${result ? inputText(result) : 'none'}`].join('\n')}\n`;
}

/** Everything about one op. */
export function stepDetails(step: Step, colors: Colors): string {
  const { digest, metadata, op } = step.entry;
  const rows: (readonly [string, string])[] = [
    ['digest', digest],
    ['op', step.kind],
    ['name', step.name],
    ['inputs', step.inputs.map((input) => `${inputText(input)} ${input.digest}`).join('\n') || 'none'],
    ['platform', platformText(op.platform)],
    ...Object.entries(metadata.description).map(([key, value]) => [key, value] as const),
    ['capabilities', Object.keys(metadata.caps).sort().join(', ') || 'none'],
  ];
  if (op.constraints?.filter.length) rows.push(['worker filter', op.constraints.filter.join(', ')]);
  if (metadata.ignoreCache) rows.push(['cache', 'ignored']);
  if (metadata.progressGroup) {
    const { id, name, weak } = metadata.progressGroup;
    rows.push(['group', `${name} (${id}${weak ? ', weak' : ''})`]);
  }
  const label = Math.max(...rows.map(([key]) => key.length));
  return `${[
    colors.bold(`#${step.number}`),
    ...rows.map(
      ([key, value]) =>
        `  ${key.padEnd(label)}  ${shownText(value).replaceAll('\n', `\n${' '.repeat(label + 4)}`)}`,
    ),
    ...(step.place ? frameLines(step.place, colors) : []),
    shownText(JSON.stringify(opJson(op), null, 2)),
  ].join('\n')}\n`;
}

/** `#3`, with the output when it is not the first, and the mount point when it is not the root. */
function inputText({ step, digest, output, mount }: StepInput): string {
  const name = step ? `#${step.number}` : `missing ${shortDigest(digest)}`;
  return `${name}${output === 0 ? '' : `[${output}]`}${mount === undefined ? '' : `:${mount}`}`;
}

export function platformText(platform: Platform | undefined): string {
  if (!platform) return '-';
  return (
    [platform.os, platform.architecture, platform.variant].filter((part) => part !== '').join('/') || '-'
  );
}

export function shortDigest(digest: string): string {
  return digest.replace(/^sha256:/, '').slice(0, 12);
}
