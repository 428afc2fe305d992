import type { ResolvedSource } from '@llb-ts/backend';
import { CliError } from '../error/cli-error.ts';

/** One source of a build, by the name that a lock has for it. */
export interface LockedSource {
  /** A reference, `URL#ref` or a URL. */
  readonly name: string;
  readonly pin: ResolvedSource;
}

type Kind = ResolvedSource['kind'];
type Json = Readonly<Record<string, unknown>>;

const VERSION = 1;
/** The section of the file for each kind. */
const sections: readonly (readonly [Kind, string])[] = [
  ['image', 'images'],
  ['git', 'git'],
  ['http', 'http'],
];

/**
 * The sources of a build as they were when they were locked: digests of images, commits, checksums of files. Its text is
 * sorted and the same for the same sources, so that a change shows as one line.
 */
export class Lock {
  static readonly empty = new Lock(new Map());
  readonly #sources: ReadonlyMap<string, LockedSource>;

  private constructor(sources: ReadonlyMap<string, LockedSource>) {
    this.#sources = sources;
  }

  /** @param shown the file's name, for messages */
  static parse(text: string, shown: string): Lock {
    const broken = (why: string, cause?: unknown) =>
      new CliError('definition', `${shown}: ${why}`, {
        help: 'llb-ts lock writes it anew once it is removed',
        cause,
      });
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch (cause) {
      throw broken(`it is no JSON: ${(cause as Error).message}`, cause);
    }
    if (!isObject(json)) throw broken('it is no lock');
    if (json.version !== VERSION) {
      throw broken(`its version is ${JSON.stringify(json.version)}, this llb-ts reads version ${VERSION}`);
    }
    return Lock.empty.with(
      sections.flatMap(([kind, section]) => {
        const entries = json[section] ?? {};
        if (!isObject(entries)) throw broken(`${section} is no object`);
        return Object.entries(entries).map(([name, value]): LockedSource => {
          const pin = parsePin(kind, value);
          if (!pin)
            throw broken(
              `${section}: ${name} is locked to ${JSON.stringify(value)}, which is no ${words[kind]}`,
            );
          return { name, pin };
        });
      }),
    );
  }

  get(kind: Kind, name: string): ResolvedSource | undefined {
    return this.#sources.get(keyOf(kind, name))?.pin;
  }

  /** All sources, by kind and name. */
  get sources(): readonly LockedSource[] {
    return [...this.#sources].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, source]) => source);
  }

  /** With these sources, in place of what was known of them. */
  with(sources: readonly LockedSource[]): Lock {
    const added = sources.map((one) => [keyOf(one.pin.kind, one.name), one] as const);
    return new Lock(new Map([...this.#sources, ...added]));
  }

  /** The content of the file. */
  get text(): string {
    const json = sections.map(([kind, section]) => {
      const own = this.sources.filter(({ pin }) => pin.kind === kind);
      return [section, Object.fromEntries(own.map(({ name, pin }) => [name, jsonOf(pin)]))];
    });
    return `${JSON.stringify({ version: VERSION, ...Object.fromEntries(json) }, null, 2)}\n`;
  }
}

const words: Readonly<Record<Kind, string>> = {
  image: 'digest',
  git: 'commit',
  http: 'checksum and file name',
};

const DIGEST = /^sha(?:256:[0-9a-f]{64}|384:[0-9a-f]{96}|512:[0-9a-f]{128})$/;

function parsePin(kind: Kind, value: unknown): ResolvedSource | undefined {
  switch (kind) {
    case 'image':
      return matches(DIGEST, value) ? { kind, digest: value } : undefined;
    case 'git':
      return matches(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/, value) ? { kind, commit: value } : undefined;
    case 'http': {
      if (!isObject(value)) return undefined;
      const { checksum, filename } = value;
      const isFine = matches(DIGEST, checksum) && typeof filename === 'string' && filename !== '';
      return isFine ? { kind, checksum, filename } : undefined;
    }
  }
}

function jsonOf(pin: ResolvedSource): string | { readonly checksum: string; readonly filename: string } {
  switch (pin.kind) {
    case 'image':
      return pin.digest;
    case 'git':
      return pin.commit;
    case 'http':
      return { checksum: pin.checksum, filename: pin.filename };
  }
}

/** The pin of a source, in one word. */
export function pinText(pin: ResolvedSource): string {
  const json = jsonOf(pin);
  return typeof json === 'string' ? json : `${json.checksum} (${json.filename})`;
}

function keyOf(kind: Kind, name: string): string {
  return `${kind} ${name}`;
}

function matches(pattern: RegExp, value: unknown): value is string {
  return typeof value === 'string' && pattern.test(value);
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
