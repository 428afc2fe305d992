import { type Caller, callSiteOf } from '../base/call-site.ts';
import { nonEmpty, show, text, textRecord } from '../base/check.ts';
import { invalid } from '../base/error.ts';
import type { Constraints, Output } from '../graph/graph.ts';
import { type ConstraintsOpt, constraintsOf, type NoOption } from '../graph/option.ts';
import type { SourceSpec } from '../graph/source-spec.ts';
import { NewState, type State } from '../state/state.ts';

/** The filesystem of a source, marked with the platform that it was asked for. */
export function sourceOutput(at: Caller, source: SourceSpec, constraints: Constraints): Output {
  const vertex = Object.freeze({
    kind: 'source',
    source: Object.freeze(source),
    constraints,
    callSite: callSiteOf(at),
  } as const);
  const { platform } = constraints;
  return Object.freeze({ kind: 'result', vertex, index: 0, ...(platform && { platform }) });
}

/**
 * A source in BuildKit's own words, for what has no verb here: an identifier and its attributes.
 * `NewSource('docker-image://docker.io/library/alpine:latest', {})`
 */
export function NewSource(
  identifier: string,
  attrs: Readonly<Record<string, string>> = {},
  ...options: readonly (ConstraintsOpt | NoOption)[]
): State {
  const at: Caller = NewSource;
  if (identifier === '') throw invalid(at, "source identifier can't be empty");
  const source = {
    type: 'raw',
    identifier: nonEmpty(at, 'the identifier', identifier),
    attrs: textRecord(at, 'the attributes', attrs),
  } as const;
  return NewState(sourceOutput(at, source, constraintsOf(at, options)));
}

/** A digest in the shape `algorithm:encoded`, or `''` for none; what an algorithm's must look like is the daemon's business. */
export function checkDigest(at: Caller, what: string, value: unknown): string {
  const digest = text(at, what, value);
  if (digest !== '' && !/^[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[a-zA-Z0-9=_-]+$/.test(digest)) {
    throw invalid(at, `${what} must be a digest such as sha256:…, got ${show(digest)}`);
  }
  return digest;
}
