/** The demand of a registry in `WWW-Authenticate` (RFC 7235), read as containerd reads it. */
export interface Challenge {
  readonly scheme: 'bearer' | 'basic';
  /** Names in lower case. */
  readonly parameters: Readonly<Record<string, string>>;
}

/** The challenges we can answer, bearer first. */
export function parseChallenges(header: string | undefined): Challenge[] {
  const challenges: Challenge[] = [];
  const reader = new HeaderReader(header ?? '');
  for (let scheme = reader.scheme(); scheme !== undefined; scheme = reader.scheme()) {
    const parameters = reader.parameters();
    if (scheme === 'bearer' || scheme === 'basic') challenges.push({ scheme, parameters });
  }
  return challenges.sort((a, b) => (a.scheme === b.scheme ? 0 : a.scheme === 'bearer' ? -1 : 1));
}

const SCHEME = /\s*,?\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)(?=\s|,|$)/y;
const PARAMETER = /\s*,?\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*))/y;

/** Several challenges may stand in one header, separated by the commas that also separate their parameters. */
class HeaderReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  scheme(): string | undefined {
    return this.#match(SCHEME)?.[1]?.toLowerCase();
  }

  parameters(): Record<string, string> {
    const parameters: Record<string, string> = {};
    for (let match = this.#match(PARAMETER); match; match = this.#match(PARAMETER)) {
      const [, name = '', quoted, plain] = match;
      parameters[name.toLowerCase()] = quoted === undefined ? (plain ?? '') : quoted.replace(/\\(.)/gs, '$1');
    }
    return parameters;
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match) this.#at = pattern.lastIndex;
    return match;
  }
}
