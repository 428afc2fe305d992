import { dirname } from 'node:path';
import type { SourceUnit } from './sources.ts';

/** Groups of files that import each other in a circle, type imports included. */
export function circlesOfFiles(units: readonly SourceUnit[]): readonly (readonly string[])[] {
  return circlesOf(new Map(units.map((unit) => [unit.path, filesOf(unit)])));
}

/** Groups of folders whose files import each other in a circle. A folder and the folders in it are different ones. */
export function circlesOfFolders(units: readonly SourceUnit[]): readonly (readonly string[])[] {
  const targets = new Map<string, string[]>();
  for (const unit of units) {
    const folder = dirname(unit.path);
    const others = filesOf(unit)
      .map((file) => dirname(file))
      .filter((other) => other !== folder);
    targets.set(folder, [...(targets.get(folder) ?? []), ...others]);
  }
  return circlesOf(targets);
}

function filesOf({ imports }: SourceUnit): string[] {
  return imports.flatMap(({ file }) => (file === undefined ? [] : [file]));
}

/** The strongly connected components of a graph that are more than one node, and nodes that point at themselves. */
function circlesOf(targets: ReadonlyMap<string, readonly string[]>): readonly (readonly string[])[] {
  const index = new Map<string, number>();
  const lowest = new Map<string, number>();
  const open: string[] = [];
  const circles: string[][] = [];

  const visit = (node: string): void => {
    index.set(node, index.size);
    lowest.set(node, index.size - 1);
    open.push(node);
    for (const target of targets.get(node) ?? []) {
      if (!targets.has(target)) continue;
      if (!index.has(target)) visit(target);
      if (open.includes(target)) lowest.set(node, Math.min(lowest.get(node)!, lowest.get(target)!));
    }
    if (lowest.get(node) !== index.get(node)) return;
    const circle = open.splice(open.indexOf(node));
    if (circle.length > 1 || targets.get(node)?.includes(node)) circles.push(circle);
  };

  for (const node of targets.keys()) if (!index.has(node)) visit(node);
  return circles;
}
