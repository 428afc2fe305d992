import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { LlbError } from './base/error.ts';
import { canonicalIP } from './base/ip.ts';
import { cleanPath, joinPath } from './base/path.ts';
import { formatReference, parseReference, withDefaultTag } from './base/reference.ts';
import { splitWords } from './base/shlex.ts';
import type { GitSource } from './graph/source-spec.ts';
import { Git, KnownSSHHosts } from './sources/git.ts';
import { normalizePlatform, type PlatformSpec } from './value/platform.ts';

/** Rows of `testdata/`, which says what made them. */
function table<Row>(name: string): readonly Row[] {
  return JSON.parse(readFileSync(new URL(`../testdata/${name}.json`, import.meta.url), 'utf8'));
}

function normalize(ref: string): string {
  try {
    return formatReference(withDefaultTag(parseReference(normalize, ref)));
  } catch (error) {
    return error instanceof LlbError ? error.message : String(error);
  }
}

describe("ports do what Go's libraries do", () => {
  it.each(table<{ ref: string; normalized?: string; error?: string }>('references'))(
    'reference $ref',
    ({ ref, normalized, error }) => {
      expect(normalize(ref)).toBe(normalized ?? error);
    },
  );

  it.each(table<{ text: string; words: readonly string[] }>('shlex'))('words of $text', ({ text, words }) => {
    expect(splitWords(text).words).toEqual(words);
  });

  it.each(table<{ text: string; ip: string | null }>('ips'))('address $text', ({ text, ip }) => {
    expect(canonicalIP(text) ?? null).toBe(ip);
  });

  it.each(table<{ path: string; clean: string; joined: string; relative: string; alone: string }>('paths'))(
    'path $path',
    ({ path, clean, joined, relative, alone }) => {
      expect(cleanPath(path)).toBe(clean);
      expect(joinPath('/w/x', path)).toBe(joined);
      expect(joinPath('r', path)).toBe(relative);
      expect(joinPath('', path)).toBe(alone);
    },
  );

  it.each(table<{ given: PlatformSpec; normalized: PlatformSpec }>('platforms'))(
    'platform $given',
    ({ given, normalized }) => {
      expect(normalizePlatform(given)).toEqual(normalized);
    },
  );

  it.each(
    table<{ url: string; fragment: string; identifier?: string; fullurl?: string; unparsed?: boolean }>(
      'git-remotes',
    ),
  )('remote $url $fragment', ({ url, fragment, identifier, fullurl, unparsed }) => {
    const make = () => Git(url, fragment, KnownSSHHosts('k'));
    if (unparsed) {
      // Go's client leaves these to the daemon, which refuses them.
      expect(make).toThrow(LlbError);
      return;
    }
    const output = make().Output();
    const vertex = output?.kind === 'result' ? output.vertex : undefined;
    const source = (vertex?.kind === 'source' ? vertex.source : {}) as GitSource;
    const place = source.subDir ? `${source.ref}:${source.subDir}` : source.ref;
    expect(`git://${source.repository}${place && `#${place}`}`).toBe(identifier);
    expect(source.url).toBe(fullurl);
  });
});
