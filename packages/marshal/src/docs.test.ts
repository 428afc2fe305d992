import { join } from 'node:path';
import { Node, Project } from 'ts-morph';
import { beforeAll, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../../..');
let project: Project;

beforeAll(() => {
  project = new Project({ tsConfigFilePath: join(root, 'tsconfig.json'), skipAddingFilesFromTsConfig: true });
}, 120_000);

interface Documented {
  readonly name: string;
  readonly doc: string;
  /** Something that is called or passed, and so needs an example. */
  readonly isValue: boolean;
}

/** The exports of a face and the public members of its classes, with the text that an editor shows on hover. */
function documented(face: string): readonly Documented[] {
  const file = project.addSourceFileAtPath(join(root, `packages/${face}/src/index.ts`));
  return [...file.getExportedDeclarations()].flatMap(([name, declarations]) => {
    const isValue = declarations.some(
      (one) => Node.isFunctionDeclaration(one) || Node.isVariableDeclaration(one),
    );
    const members = declarations.flatMap((one) =>
      Node.isClassDeclaration(one)
        ? [...one.getInstanceMembers(), ...one.getStaticMembers()].filter(
            (member) => !member.getName().startsWith('#') && !member.getName().startsWith('['),
          )
        : [],
    );
    return [
      { name, doc: declarations.map(docOf).join('\n'), isValue },
      ...members.map((member) => ({
        name: `${name}.${member.getName()}`,
        doc: docOf(member),
        isValue: false,
      })),
    ];
  });
}

function docOf(node: Node): string {
  const holder = Node.isVariableDeclaration(node) ? node.getVariableStatementOrThrow() : node;
  return Node.isJSDocable(holder)
    ? holder
        .getJsDocs()
        .map((doc) => doc.getText())
        .join('\n')
    : '';
}

describe('documentation', () => {
  it.each(['llb', 'marshal', 'pb'])(
    'of %s says something about every export',
    (face) => {
      expect(documented(face).flatMap(({ name, doc }) => (doc ? [] : [name]))).toEqual([]);
    },
    120_000,
  );

  it.each(['llb', 'marshal'])(
    'of %s has an example for every value',
    (face) => {
      const without = documented(face).filter(({ isValue, doc }) => isValue && !/`[^`]+`|```/.test(doc));
      expect(without.map(({ name }) => name)).toEqual([]);
    },
    120_000,
  );
});
