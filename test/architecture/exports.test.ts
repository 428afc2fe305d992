import { resolve } from 'node:path';
import { Node, Project } from 'ts-morph';
import { expect, test } from 'vitest';
import { FACES, type PackageName } from './rules.ts';

const ROOT = resolve(import.meta.dirname, '../..');

/**
 * The exports of each package, as a list that is checked in: a change of a face is then seen in review.
 * `pnpm vitest run --project unit test/architecture -u` writes the lists anew.
 */
test.each(Object.entries(FACES))('the face of %s', async (name, face) => {
  await expect(`${facesOf(name as PackageName).join('\n')}\n`).toMatchFileSnapshot(
    `exports/${face.replace('@llb-ts/', '')}.txt`,
  );
});

const project = new Project({
  tsConfigFilePath: resolve(ROOT, 'tsconfig.json'),
  skipAddingFilesFromTsConfig: true,
});

function facesOf(name: PackageName): readonly string[] {
  const face = project.addSourceFileAtPath(resolve(ROOT, 'packages', name, 'src/index.ts'));
  return [...face.getExportedDeclarations()]
    .map(([exported, declarations]) => {
      const isType = declarations.every(
        (node) => Node.isInterfaceDeclaration(node) || Node.isTypeAliasDeclaration(node),
      );
      return `${isType ? 'type' : 'value'} ${exported}`;
    })
    .sort();
}
