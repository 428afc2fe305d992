import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { SyntaxKind } from 'ts-morph';
import { describe, expect, test } from 'vitest';
import { circlesOfFiles, circlesOfFolders } from './circles.ts';
import {
  FACES,
  LONG_FILES,
  LONGEST_FILE,
  PACKAGE_FLOORS,
  type PackageName,
  RESERVED_IMPORTS,
  ROOM_FLOORS,
} from './rules.ts';
import { productUnits, type SourceUnit } from './sources.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const units = productUnits();
const names = Object.keys(FACES) as PackageName[];
const packageOfFace = new Map(names.map((name) => [FACES[name], name]));

describe('packages', () => {
  test('are those of the table, each with one face', () => {
    expect(readdirSync(join(ROOT, 'packages')).sort()).toEqual([...names].sort());
    for (const name of names) {
      const manifest = JSON.parse(readFileSync(join(ROOT, 'packages', name, 'package.json'), 'utf8')) as {
        name: string;
        exports: Record<string, unknown>;
      };
      expect(manifest.name).toBe(FACES[name]);
      expect(Object.keys(manifest.exports), `faces of ${name}`).toEqual(['.']);
    }
  });

  test.each(names)('%s imports only what its floor allows', (name) => {
    const allowed = new Set<string>(PACKAGE_FLOORS[name].map((other) => FACES[other]));
    expect(lines(unitsOf(name), ({ specifier }) => isOurs(specifier) && !allowed.has(specifier))).toEqual([]);
  });

  test('do not reach into each other by path', () => {
    expect(lines(units, ({ file }, unit) => file !== undefined && !file.startsWith(srcOf(unit)))).toEqual([]);
  });

  test.each(names)('%s depends on the packages that it imports, and on no others', (name) => {
    const manifest = JSON.parse(readFileSync(join(ROOT, 'packages', name, 'package.json'), 'utf8')) as {
      dependencies?: Record<string, string>;
      devDependencies?: Record<string, string>;
    };
    // The manifest of the workspace lists the packages that are bundled: users do not install them.
    const bundled = name === 'cli' ? JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) : {};
    const declared = Object.keys({
      ...manifest.dependencies,
      ...manifest.devDependencies,
      ...bundled.devDependencies,
    });
    const imported = new Set(
      unitsOf(name)
        .flatMap((unit) => unit.imports)
        .filter(({ file, specifier }) => file === undefined && !specifier.startsWith('node:'))
        .map(({ specifier }) => packageOf(specifier)),
    );
    expect(
      [...imported].filter((one) => !declared.includes(one)),
      'imported but not declared',
    ).toEqual([]);
    const unused = Object.keys(manifest.dependencies ?? {}).filter(
      (one) => !imported.has(one) && !isOurs(one),
    );
    expect(
      unused.filter((one) => !isShippedBesides(name, one)),
      'declared but not imported',
    ).toEqual([]);
  });
});

describe.each(Object.entries(ROOM_FLOORS))('the rooms of %s', (name, rooms) => {
  const own = unitsOf(name as PackageName);
  const roomOf = (path: string) => {
    const [first = '', ...more] = path.slice(`packages/${name}/src/`.length).split('/');
    return more.length > 0 ? first : '';
  };

  test('are those of the list', () => {
    expect([...new Set(own.map((unit) => roomOf(unit.path)))].sort()).toEqual([...rooms].sort());
  });

  test('import only downwards', () => {
    const floor = (path: string) => rooms.indexOf(roomOf(path));
    expect(lines(own, ({ file }, unit) => file !== undefined && floor(file) > floor(unit.path))).toEqual([]);
  });
});

test('no file imports itself in a circle, type imports included', () => {
  expect(circlesOfFiles(units)).toEqual([]);
});

test('no folder imports itself in a circle', () => {
  expect(circlesOfFolders(units)).toEqual([]);
});

test.each(RESERVED_IMPORTS)('$because', ({ what, onlyIn }) => {
  expect(
    lines(
      units,
      ({ specifier }, unit) => what.test(specifier) && !onlyIn.some((start) => unit.path.startsWith(start)),
    ),
  ).toEqual([]);
});

test('nothing prints outside the CLI', () => {
  const printing = units
    .filter((unit) => unit.packageName !== 'cli')
    .flatMap((unit) =>
      unit.source
        .getDescendantsOfKind(SyntaxKind.PropertyAccessExpression)
        .map((access) => access.getText())
        .filter((text) => /^(console\.|process\.(stdout|stderr)$)/.test(text))
        .map((text) => `${unit.path}: ${text}`),
    );
  expect(printing).toEqual([]);
});

test('imports name files with their ending', () => {
  expect(lines(units, ({ file }) => file !== undefined && !file.endsWith('.ts'))).toEqual([]);
});

describe('files are small', () => {
  const lengths = new Map(units.map((unit) => [unit.path, unit.source.getEndLineNumber()]));

  test(`none has more than ${LONGEST_FILE} lines without a reason`, () => {
    const long = [...lengths].filter(([path, count]) => count > LONGEST_FILE && !(path in LONG_FILES));
    expect(long.map(([path, count]) => `${path}: ${count} lines`)).toEqual([]);
  });

  test('no reason stands for a file that is short again', () => {
    expect(Object.keys(LONG_FILES).filter((path) => (lengths.get(path) ?? 0) <= LONGEST_FILE)).toEqual([]);
  });
});

function unitsOf(name: PackageName): readonly SourceUnit[] {
  return units.filter((unit) => unit.packageName === name);
}

function srcOf(unit: SourceUnit): string {
  return `packages/${unit.packageName}/src/`;
}

/** True if a specifier means one of our packages, by its face or deeper. */
function isOurs(specifier: string): boolean {
  return packageOfFace.has(packageOf(specifier));
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

/** Dependencies that a package ships for its parts (the solver is bundled into the CLI, koffi is not). */
function isShippedBesides(name: PackageName, dependency: string): boolean {
  return (
    name === 'cli' &&
    units.some((unit) => unit.imports.some(({ specifier }) => packageOf(specifier) === dependency))
  );
}

function lines(
  of: readonly SourceUnit[],
  isWrong: (line: SourceUnit['imports'][number], unit: SourceUnit) => boolean,
): readonly string[] {
  return of.flatMap((unit) =>
    unit.imports
      .filter((line) => isWrong(line, unit))
      .map(({ specifier, line }) => `${unit.path}:${line} → ${specifier}`),
  );
}
