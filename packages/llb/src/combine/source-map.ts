import type { Caller } from '../base/call-site.ts';
import { record, show, text, unicode, whole } from '../base/check.ts';
import { invalid } from '../base/error.ts';
import { constraint } from '../constraints/options.ts';
import { requireState } from '../graph/brand.ts';
import type { HasState, Range, SourceText } from '../graph/graph.ts';
import type { ConstraintsOpt } from '../graph/option.ts';
import type { State } from '../state/state.ts';

/**
 * A file that describes the build, such as a Dockerfile. Ops that name a place in it are shown with that place when
 * they fail. Without one, ops are shown with the line of the build file that made them.
 */
export class SourceMap implements SourceText {
  /** The state that holds the file, if it came out of a build. */
  readonly state: HasState | undefined;
  /** As it is shown. */
  readonly filename: string;
  /** Its name in GitHub's linguist. */
  readonly language: string;
  /** The text, as bytes. */
  readonly data: Uint8Array;

  /** @internal Use {@link NewSourceMap}. */
  constructor(state: HasState | undefined, filename: string, language: string, data: Uint8Array) {
    this.state = state;
    this.filename = filename;
    this.language = language;
    this.data = data;
    Object.freeze(this);
  }

  /** Says where in the file an op comes from. `Run(Shlex('make'), map.Location([{ start, end }]))` */
  Location(ranges: readonly Range[]): ConstraintsOpt {
    const at: Caller = this.Location;
    if (!Array.isArray(ranges)) throw invalid(at, `ranges must be a list, got ${show(ranges)}`);
    const checked = ranges.map((range, i) => checkRange(at, `range ${i + 1}`, range));
    const location = Object.freeze({ map: this, ranges: Object.freeze(checked) });
    return constraint((c) => ({ ...c, sourceLocations: [...c.sourceLocations, location] }));
  }
}

/**
 * A file that describes the build. `NewSourceMap(undefined, 'Dockerfile', 'Dockerfile', text)`
 *
 * @param state the state that holds the file, if it came out of a build
 * @param language its name in GitHub's linguist
 */
export function NewSourceMap(
  state: State | undefined,
  filename: string,
  language: string,
  data: string | Uint8Array,
): SourceMap {
  const at: Caller = NewSourceMap;
  if (typeof data !== 'string' && !(data instanceof Uint8Array)) {
    throw invalid(at, `the text must be a string or a Uint8Array, got ${show(data)}`);
  }
  return new SourceMap(
    state === undefined ? undefined : requireState(at, 'the state', state),
    text(at, 'the file name', filename),
    text(at, 'the language', language),
    typeof data === 'string'
      ? new TextEncoder().encode(unicode(at, 'the text', data))
      : Uint8Array.from(data),
  );
}

function checkRange(at: Caller, what: string, range: unknown): Range {
  const { start, end = start } = record(at, what, ['start', 'end'], range);
  return { start: checkPosition(at, `${what}.start`, start), end: checkPosition(at, `${what}.end`, end) };
}

function checkPosition(at: Caller, what: string, position: unknown): Range['start'] {
  const { line, character = 0 } = record(at, what, ['line', 'character'], position);
  return Object.freeze({
    line: whole(at, `${what}.line`, line, { max: 2 ** 31 - 1 }),
    character: whole(at, `${what}.character`, character, { max: 2 ** 31 - 1 }),
  });
}
