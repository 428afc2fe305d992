import { SolveFailure } from '@llb-ts/backend';
import pc from 'picocolors';
import { describe, expect, it } from 'vitest';
import { CliError } from '../error/cli-error.ts';
import { FailedSolve, reportOf } from './report.ts';

const none = pc.createColors(false);
const place = {
  file: 'build.ts',
  line: 14,
  character: 8,
  text: `${'\n'.repeat(12)}const app = Scratch()\n  .File(Copy(src, '/nosuch', '/app'))\nexport default app\n`,
};

describe('reports', () => {
  it('says what was wrong, where, and what to do', () => {
    const failure = new SolveFailure('step', 'copy: "/nosuch" is not in the source', {
      vertex: 'sha256:aa',
      vertexName: 'copy /nosuch /app',
      hint: 'the source has: /lib, /app.ts',
    });
    expect(reportOf(new FailedSolve(failure, { place }), none, false)).toEqual({
      exitCode: 1,
      text: [
        'error: copy: "/nosuch" is not in the source',
        '   build.ts:14:9',
        '   13 | const app = Scratch()',
        " > 14 |   .File(Copy(src, '/nosuch', '/app'))",
        '      |         ^',
        '   step   copy /nosuch /app',
        '   help   the source has: /lib, /app.ts',
        '',
      ].join('\n'),
    });
  });

  it('names the vertex where there is no place, and shows the end of the output', () => {
    const failure = new SolveFailure('step', 'exit code: 2', { vertex: 'sha256:aa', vertexName: 'sh -c x' });
    const context = { output: ['one', 'two'], logFile: '/tmp/step.log (all 3 lines)' };
    expect(reportOf(new FailedSolve(failure, context), none, false).text).toBe(
      [
        'error: exit code: 2',
        '   step     sh -c x',
        '   vertex   sha256:aa',
        '   output',
        '     | one',
        '     | two',
        '   log      /tmp/step.log (all 3 lines)',
        '',
      ].join('\n'),
    );
  });

  it.each([
    ['step', 1],
    ['export', 1],
    ['request', 2],
    ['environment', 3],
    ['cancelled', 130],
    ['internal', 70],
  ] as const)('exits a %s failure with %i', (code, exitCode) => {
    expect(reportOf(new SolveFailure(code, 'x'), none, false).exitCode).toBe(exitCode);
  });

  it('exits with 3 where the machine lacks something, with 2 for wrong use', () => {
    expect(reportOf(new CliError('environment', 'x'), none, false).exitCode).toBe(3);
    for (const code of ['usage', 'program', 'definition', 'config'] as const) {
      expect(reportOf(new CliError(code, 'x'), none, false).exitCode).toBe(2);
    }
  });

  it('shows our own bugs as such, with a stack only when asked', () => {
    const quiet = reportOf(new TypeError('x is not a function'), none, false);
    expect(quiet.exitCode).toBe(70);
    expect(quiet.text).toMatch(
      /^error: Internal error: x is not a function\n {3}help {3}this is a bug in llb-ts/,
    );
    expect(quiet.text).not.toContain('    at ');
    const debug = reportOf(new CliError('usage', 'x', { cause: new Error('y') }), none, true);
    expect(debug.text).toContain('    at ');
    expect(debug.text).toContain('caused by Error: y');
  });

  it('puts the caret below the place, whatever the line holds', () => {
    const tabs = { ...place, line: 1, character: 2, text: '\t\tx' };
    expect(reportOf(new CliError('program', 'x', { place: tabs }), none, false).text).toContain(
      ' >  1 |     x\n      |     ^\n',
    );
    const long = { ...place, line: 1, character: 300, text: `${'a'.repeat(300)}X${'b'.repeat(300)}` };
    const [, , shown, caret] = reportOf(
      new CliError('program', 'x', { place: long }),
      none,
      false,
    ).text.split('\n');
    expect(shown).toMatch(/^ > {2}1 \| …a{79}Xb{78}…$/);
    expect(shown?.[(caret as string).indexOf('^')]).toBe('X');
  });
});
