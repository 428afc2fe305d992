import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Project, type SourceFile, type Type } from 'ts-morph';
import { beforeAll, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../../..');
const doc = readFileSync(join(root, 'docs/go-to-ts.md'), 'utf8');
const names = readFileSync(join(root, 'packages/llb/testdata/go-llb-api.txt'), 'utf8')
  .trim()
  .split('\n')
  .map((line) => line.slice(line.indexOf(' ') + 1));

interface Row {
  readonly go: string;
  /** Undefined where there is no TypeScript form. */
  readonly ts: string | undefined;
  readonly remark: string;
}

/** Rows of three columns; those of `Ours` have two. */
const rows = doc.split('\n').flatMap((line): Row[] => {
  const match = /^\| `([^`]+)` \| (?:`([^`]+)`|—) \|(.*)\|$/.exec(line);
  return match?.[1] ? [{ go: match[1], ts: match[2], remark: (match[3] ?? '').trim() }] : [];
});
const ours = doc.split('\n').flatMap((line) => /^\| `([^`]+)` \| [^|`—]+[^|]*\|$/.exec(line)?.[1] ?? []);

let faces: readonly SourceFile[];

beforeAll(() => {
  const project = new Project({
    tsConfigFilePath: join(root, 'tsconfig.json'),
    skipAddingFilesFromTsConfig: true,
  });
  faces = ['llb', 'marshal', 'pb'].map((name) =>
    project.addSourceFileAtPath(join(root, `packages/${name}/src/index.ts`)),
  );
}, 120_000);

/** True if one of our faces exports `name`, or `Type.member` of an exported type. */
function exists(name: string): boolean {
  const [type = '', member] = name.split('.');
  return faces.some((face) => {
    const declarations = face.getExportedDeclarations().get(type) ?? [];
    return declarations.some((declaration) => {
      if (member === undefined) return true;
      const own = declaration.getType();
      const all = [own, own.getSymbol()?.getTypeAtLocation(declaration) ?? own];
      const statics = declaration.getSymbol()?.getExports() ?? [];
      return all.some((one) => hasMember(one, member)) || statics.some((one) => one.getName() === member);
    });
  });
}

function hasMember(type: Type, member: string): boolean {
  const parts = type.isUnion() ? type.getUnionTypes() : [type];
  return parts.some((part) => part.getProperty(member) !== undefined);
}

describe('docs/go-to-ts.md', () => {
  it("has every name of Go's client once, and no other", () => {
    const table = doc.slice(doc.indexOf('## Constants'));
    const listed = rows.filter(({ go }) => table.includes(`| \`${go}\` |`)).map(({ go }) => go);
    const known = new Set(names);
    expect(names.filter((name) => !listed.includes(name))).toEqual([]);
    expect(listed.filter((name) => !known.has(name) && !isOfBuild(name))).toEqual([]);
    const counts = new Map<string, number>();
    for (const { go } of rows) counts.set(go, (counts.get(go) ?? 0) + 1);
    expect([...counts].filter(([, count]) => count > 1)).toEqual([]);
  });

  it('names only what exists', () => {
    expect(rows.flatMap(({ ts }) => ts ?? []).filter((name) => !exists(name))).toEqual([]);
    expect(ours.length).toBeGreaterThan(5);
    expect(ours.filter((name) => !exists(name))).toEqual([]);
    expect(exists('State.Fly') || exists('Fly')).toBe(false);
  }, 120_000);

  it('says why there is no form where there is none', () => {
    expect(rows.filter(({ ts, remark }) => ts === undefined && remark === '')).toEqual([]);
  });
});

/** Names of `llbbuild`, which have a table of their own. */
function isOfBuild(name: string): boolean {
  return /^(NewBuildOp|Build|Build(Info|Option).*|With(Filename|Constraints))$/.test(name);
}
