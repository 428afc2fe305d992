import type { SourceUnit } from './sources.ts';

/** Groups of files that import each other in a circle (strongly connected components), type imports included. */
export function circlesOf(units: readonly SourceUnit[]): readonly (readonly string[])[] {
  const targets = new Map(
    units.map((unit) => [unit.path, unit.imports.flatMap(({ file }) => (file === undefined ? [] : [file]))]),
  );
  const index = new Map<string, number>();
  const lowest = new Map<string, number>();
  const open: string[] = [];
  const circles: string[][] = [];

  const visit = (path: string): void => {
    index.set(path, index.size);
    lowest.set(path, index.size - 1);
    open.push(path);
    for (const target of targets.get(path) ?? []) {
      if (!targets.has(target)) continue;
      if (!index.has(target)) visit(target);
      if (open.includes(target)) lowest.set(path, Math.min(lowest.get(path)!, lowest.get(target)!));
    }
    if (lowest.get(path) !== index.get(path)) return;
    const circle = open.splice(open.indexOf(path));
    if (circle.length > 1 || targets.get(path)?.includes(path)) circles.push(circle);
  };

  for (const path of targets.keys()) if (!index.has(path)) visit(path);
  return circles;
}
