import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { stateDirOf } from './backends.ts';

describe('the store', () => {
  it.each([
    ['/a', { LLB_TS_STATE_DIR: '/b' }, 0, '/a'],
    [undefined, { LLB_TS_STATE_DIR: '/b' }, 0, '/b'],
    [undefined, {}, 0, '/var/lib/llb-ts'],
    [undefined, { XDG_DATA_HOME: '/data' }, 1000, '/data/llb-ts'],
    [undefined, {}, 1000, join(homedir(), '.local/share/llb-ts')],
    ['x', {}, 1000, join(process.cwd(), 'x')],
  ])('with the flag %j, variables %j and user %i is %j', (flag, env, uid, path) => {
    expect(stateDirOf(flag, env, uid)).toBe(path);
  });
});
