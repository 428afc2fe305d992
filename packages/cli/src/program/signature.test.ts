import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../../../test/support/temporary.ts';
import { typeText } from './argument-type.ts';
import { describeProgram, type ProgramDescription } from './signature.ts';

let folder: string;
beforeAll(() => {
  folder = temporaryFolder();
});

async function describeText(text: string, name = 'build.ts'): Promise<ProgramDescription | undefined> {
  const file = join(folder, name);
  writeFileSync(file, text);
  return describeProgram(file);
}

const table = (args: ProgramDescription['args']) =>
  args?.map(({ name, type, isRequired, defaultText, doc }) =>
    [name, typeText(type), isRequired ? 'required' : 'optional', defaultText ?? '', doc].join(' ; '),
  );

describe('what a build file takes', () => {
  it('is read from types, defaults and JSDoc', async () => {
    writeFileSync(
      join(folder, 'args.ts'),
      'export interface Common {\n/** Prints more. */\nverbose?: boolean }',
    );
    const found = await describeText(`
      import { Image, type State } from 'llb-ts';
      import type { Common } from './args.ts';
      enum Level { low = 'low', high = 'high' }
      interface Args extends Common {
        /** The version to build. */
        version: string;
        /**
         * For which machine.
         * @default 'amd64'
         */
        platform?: 'amd64' | 'arm64';
        tags?: readonly string[];
        level?: Level;
        size: 1 | 2 | undefined;
        extra?: { a: string };
      }
      /** Builds the app. */
      export default function app({ version, level = Level.low }: Args & { jobs?: number }): State {
        return Image(version + level);
      }
    `);
    expect(found?.doc).toBe('Builds the app.');
    expect(found?.targets).toEqual([]);
    expect(table(found?.args)).toEqual([
      'version ; string ; required ;  ; The version to build.',
      'platform ; "amd64" | "arm64" ; optional ; \'amd64\' ; For which machine.',
      'tags ; string[] ; optional ;  ; ',
      'level ; "low" | "high" ; optional ; Level.low ; ',
      'size ; 1 | 2 ; optional ;  ; ',
      'extra ; { a: string; } ; optional ;  ; ',
      'verbose ; boolean ; optional ;  ; Prints more.',
      'jobs ; number ; optional ;  ; ',
    ]);
  });

  it('is found through arrows, names and satisfies', async () => {
    const args = ['debug ; boolean ; required ;  ; '];
    const arrow = await describeText(
      '/** Doc. */\nexport default async ({ debug }: { debug: boolean }) => debug;',
    );
    expect([table(arrow?.args), arrow?.doc]).toEqual([args, 'Doc.']);
    const named = await describeText(
      '/** Doc. */\nconst build = (a: { debug: boolean }) => a;\nexport { build as default };',
    );
    expect([table(named?.args), named?.doc]).toEqual([args, 'Doc.']);
  });

  it('lists targets with their arguments', async () => {
    const found = await describeText(`
      import { Image } from 'llb-ts';
      /** The tests. */
      const test = (args: { only?: string }) => Image('a');
      export default {
        /** The app. */
        app: Image('b'),
        test,
        'odd-name': ({ x }: { x: number }) => Image('c'),
        lint() { return Image('d'); },
      };
    `);
    expect(found?.args).toEqual([]);
    expect(found?.targets.map(({ name, doc, args }) => [name, doc, table(args)])).toEqual([
      ['app', 'The app.', []],
      ['test', 'The tests.', ['only ; string ; optional ;  ; ']],
      ['odd-name', '', ['x ; number ; required ;  ; ']],
      ['lint', '', []],
    ]);
  });

  it('reads JavaScript with JSDoc types', async () => {
    const found = await describeText(
      '/** @param {{ version: string, n?: number }} args */\nexport default (args) => args;',
      'build.mjs',
    );
    expect(table(found?.args)).toEqual(['version ; string ; required ;  ; ', 'n ; number ; optional ;  ; ']);
  });

  it('is unknown where no type is said, and nothing where nothing is exported', async () => {
    expect((await describeText('export default (args) => args;', 'a.mjs'))?.args).toBeUndefined();
    expect(await describeText('export const a = 1;')).toBeUndefined();
    expect((await describeText('export default 1;'))?.args).toBeUndefined();
  });
});
