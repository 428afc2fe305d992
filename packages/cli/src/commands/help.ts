import { readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { CliError, usageError } from '../error/cli-error.ts';
import { inputOf } from '../input/input.ts';
import { standardOutput } from '../output/console.ts';
import { writeData } from '../output/write-data.ts';
import { type Argument, typeText } from '../program/argument-type.ts';
import { describeProgram, type ProgramDescription } from '../program/signature.ts';
import { alignedLines } from '../terminal/table.ts';
import { shownPath } from '../words/shown-path.ts';

export interface HelpOptions {
  readonly format: 'table' | 'json';
}

/** `llb-ts help FILE`: what a build file takes, read from its source; runs nothing. */
export async function helpFile(file: string, { format }: HelpOptions): Promise<void> {
  const input = inputOf(file, (folder) => readdirSync(folder));
  if (input.kind !== 'program') {
    throw usageError(`${file} is no build file`, `to look at a definition: llb-ts inspect ${file}`);
  }
  const description = await describeProgram(resolve(file));
  if (!description) {
    throw new CliError(
      'program',
      `${shownPath(file)} has no default export that can be told without running it`,
      {
        help: 'a build file exports a State, a function that returns one, or a record of named targets',
      },
    );
  }
  const text =
    format === 'json'
      ? `${JSON.stringify(jsonOf(description), null, 2)}\n`
      : describe(shownPath(file), description);
  await writeData(standardOutput, text);
}

function describe(shown: string, { doc, isFunction, args, targets }: ProgramDescription): string {
  const blocks: (readonly string[])[] = [
    [usageLine(shown, args, targets.length > 0), ...(doc === '' ? [] : ['', doc])],
  ];
  if (targets.length > 0) {
    const rows = targets.map((target) => [`  ${target.name}`, oneLine(target.doc)]);
    blocks.push(['Targets:', ...alignedLines(rows)]);
  }
  if (args) {
    if (args.length > 0) blocks.push(argumentTable('Arguments:', args));
  } else if (isFunction) {
    blocks.push(['Arguments: any, their types are not said']);
  }
  for (const target of targets) {
    if (target.args?.length) blocks.push(argumentTable(`Arguments of ${target.name}:`, target.args));
  }
  return `${blocks.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

function usageLine(shown: string, args: readonly Argument[] | undefined, hasTargets: boolean): string {
  const required = (args ?? []).filter((arg) => arg.isRequired).map(({ name }) => ` --arg ${name}=…`);
  return `llb-ts solve ${shown}${hasTargets ? ' TARGET' : ''}${required.join('')}`;
}

function argumentTable(title: string, args: readonly Argument[]): readonly string[] {
  const rows = args.map(({ name, type, isRequired, defaultText, doc }) => [
    `  ${name}`,
    typeText(type),
    defaultText !== undefined ? `default ${defaultText}` : isRequired ? 'required' : 'optional',
    oneLine(doc),
  ]);
  return [title, ...alignedLines(rows)];
}

function oneLine(doc: string): string {
  return doc.split('\n').join(' ').trim();
}

function jsonOf({ doc, args, targets }: ProgramDescription): object {
  return {
    doc,
    arguments: args?.map(argumentJson) ?? null,
    targets: targets.map((target) => ({
      name: target.name,
      doc: target.doc,
      arguments: target.args?.map(argumentJson) ?? null,
    })),
  };
}

function argumentJson({ name, type, isRequired, defaultText, doc }: Argument): object {
  return { name, type: typeText(type), required: isRequired, default: defaultText ?? null, doc };
}
