import { describe, expect, it } from 'vitest';
import { parseChallenges } from './challenge.ts';

describe('parseChallenges', () => {
  it.each([
    [
      'Bearer realm="https://auth.example/token",service="registry",scope="repository:a/b:pull,push"',
      [
        {
          scheme: 'bearer',
          parameters: {
            realm: 'https://auth.example/token',
            service: 'registry',
            scope: 'repository:a/b:pull,push',
          },
        },
      ],
    ],
    ['Basic realm="a \\"quoted\\" name"', [{ scheme: 'basic', parameters: { realm: 'a "quoted" name' } }]],
    ['BEARER Realm=x , Service = y', [{ scheme: 'bearer', parameters: { realm: 'x', service: 'y' } }]],
    [
      'Basic realm="one", Bearer realm="two",error="invalid_token"',
      [
        { scheme: 'bearer', parameters: { realm: 'two', error: 'invalid_token' } },
        { scheme: 'basic', parameters: { realm: 'one' } },
      ],
    ],
    ['Negotiate', []],
    ['', []],
    [undefined, []],
  ])('%j', (header, challenges) => {
    expect(parseChallenges(header)).toEqual(challenges);
  });
});
