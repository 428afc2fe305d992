import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { probeHost } from './probe.ts';
import { findProgram } from './programs.ts';

const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'llb-ts-probe-'));
afterAll(() => fs.rmSync(dir, { recursive: true }));

describe('probeHost', () => {
  it('answers each question with a sentence, and each bad answer with a hint', () => {
    for (const { id, isGood, says, hint } of probeHost(dir)) {
      expect({ id, says: says !== '', hint: hint !== undefined }).toEqual({ id, says: true, hint: !isGood });
    }
  });

  it('leaves nothing behind', () => {
    probeHost(dir);
    expect(fs.readdirSync(dir)).toEqual([]);
  });

  it('tells which runtimes are installed', () => {
    const answers = new Map(probeHost(dir).map(({ id, isGood }) => [id, isGood]));
    expect([answers.get('crun'), answers.get('runc')]).toEqual([
      !!findProgram('crun'),
      !!findProgram('runc'),
    ]);
  });
});
