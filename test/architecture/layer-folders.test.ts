import { Node, SyntaxKind } from 'ts-morph';
import { expect, test } from 'vitest';
import { productUnits, type SourceUnit } from './sources.ts';

/**
 * Entries of a layer were made by steps and images: a link among them must never lead a lookup out of the layer's folder.
 * So code that looks for a path in a folder uses `FolderTree` or `ChainTree`, which look at each directory on the way. Only these
 * files join a folder with more than one name.
 */
const JOINING: Readonly<Record<string, string>> = {
  'tree/folder-tree.ts': 'the lookup itself',
  'layer/draft.ts': 'the lookup of a draft, by the directories that it knows',
  'layer/adopt-upper.ts': 'walks: each directory was looked at before what is in it',
  'layer/alike.ts': 'walks two folders at once',
  'layer/copy-folder.ts': 'walks, and writes where it made the directories',
  'pack/pack.ts': 'walks',
  'chain/compute-diff.ts': 'writes where it made the directories',
  'unpack/unpack-layer.ts': 'removes where its own model has a directory',
  'unpack/unpack-writer.ts': 'writes where its own model has a directory',
  'chain/apply-layers.ts': 'writes where it made the directories',
  'layer/odd-entries.ts': 'walks',
  'snapshot/native-capture.ts': 'walks, and writes where it made the directories',
  'snapshot/native-materialise.ts': 'writes where it made the directories',
  'source/local/import-folder.ts': 'writes where it made the directories',
};

/** Names of variables and properties that hold the folder of a layer or a tree. */
const FOLDER = /(^|[.#])(upper|lower|movable|own|root|folder|target)$/i;
/** Elsewhere these words mean folders of the program's own. */
const ROOMS_OF_LAYERS = ['layer/', 'chain/', 'pack/', 'unpack/', 'snapshot/', 'tree/'];
/** Files of those rooms that keep records and blobs, in folders of the store. */
const KEEPERS = ['layer/layer-store.ts', 'pack/pack-variants.ts', 'chain/ref-store.ts'];

const units = productUnits().filter(
  ({ packageName, path }) => packageName === 'solver' && !path.includes('/testdata/'),
);
const below = ({ path }: SourceUnit) => path.slice('packages/solver/src/'.length);

test('only lookups and walks join the folder of a layer with a path', () => {
  const joins = units.filter((unit) => !KEEPERS.includes(below(unit))).flatMap(joinsIn);
  expect(joins.filter(({ file }) => !(file in JOINING)).map(({ text, file }) => `${file}: ${text}`)).toEqual(
    [],
  );
  const joining = new Set(joins.map(({ file }) => file));
  expect(Object.keys(JOINING).filter((file) => !joining.has(file))).toEqual([]);
});

/** Files outside the rooms of layers that ask for the folder of a stored layer, and why. */
const HOLDING: Readonly<Record<string, string>> = {
  'evaluate/workbench.ts': 'looks at the folder itself',
  'source/image/image-layers.ts': 'makes it a part of a tree',
  'source/local/folder-transfer.ts': 'makes a tree of it, and lets `cp` link all of it',
};

test('few outside the rooms of layers hold the folder of a stored layer', () => {
  const holding = units
    .filter(({ room }) => !ROOMS_OF_LAYERS.includes(`${room}/`))
    .filter(asksForFolder)
    .map(below);
  expect(holding.sort()).toEqual(Object.keys(HOLDING).sort());
});

function joinsIn(unit: SourceUnit): { readonly file: string; readonly text: string }[] {
  const file = below(unit);
  const isRoom = ROOMS_OF_LAYERS.some((room) => file.startsWith(room));
  const isFolder = (text: string) => FOLDER.test(text) && (isRoom || /upper$/.test(text));
  const sums = unit.source
    .getDescendantsOfKind(SyntaxKind.BinaryExpression)
    .filter((sum) => sum.getOperatorToken().getText() === '+' && isFolder(sum.getLeft().getText()));
  const templates = unit.source.getDescendantsOfKind(SyntaxKind.TemplateExpression).filter((template) => {
    const [first, second] = template.getTemplateSpans();
    return template.getHead().getLiteralText() === '' && second && isFolder(first!.getExpression().getText());
  });
  return [...sums, ...templates].map((node) => ({ file, text: node.getText() }));
}

function asksForFolder({ source }: SourceUnit): boolean {
  return source.getDescendantsOfKind(SyntaxKind.CallExpression).some((call) => {
    const [, form] = call.getArguments();
    return Node.isStringLiteral(form) && ['own', 'movable'].includes(form.getLiteralText());
  });
}
