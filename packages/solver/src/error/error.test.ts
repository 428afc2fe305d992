import { describe, expect, it } from 'vitest';
import { asFailure, errnoOf } from './error.ts';

/** An error as Node makes it of a number that libuv has no name for. */
function unnamed(number: number): Error {
  const code = `Unknown system error -${number}`;
  return Object.assign(new Error(`${code}: ${code}, open '/f'`), { code, errno: -number, syscall: 'open' });
}

describe('an error of the kernel that Node has no name for', () => {
  it('has the name that the kernel gives it', () => {
    expect([122, 116, 37].map((number) => errnoOf(unnamed(number)))).toEqual(['EDQUOT', 'ESTALE', 'ENOLCK']);
  });

  it('is a failure of the machine, not a bug', () => {
    const { code, message } = asFailure(unnamed(122));
    expect([code, message.startsWith('disk quota exceeded: ')]).toEqual(['environment', true]);
  });
});
