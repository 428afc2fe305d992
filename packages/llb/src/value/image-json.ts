import type { Caller } from '../base/call-site.ts';
import { show } from '../base/check.ts';
import { invalid } from '../base/error.ts';
import type { ImageConfig } from './image-config.ts';
import { normalizePlatform, type PlatformSpec } from './platform.ts';

/** The parts of an image config that a State takes. */
export interface ImageJSON {
  readonly env: readonly (readonly [key: string, value: string])[];
  readonly workingDir: string;
  /** Only when the image says both system and processor. */
  readonly platform: PlatformSpec | undefined;
  readonly config: ImageConfig;
}

/**
 * Reads an OCI image config as `State.WithImageConfig` of `client/llb/state.go` does: names in any letter case, of which
 * later ones win, and nothing of another type than it must be.
 */
export function parseImageJSON(at: Caller, json: unknown): ImageJSON {
  const image = decode(at, imageShape, 'the image config', parse(at, json));
  const { config = {} } = image as { config?: Readonly<Record<string, unknown>> };
  const word = (name: string) => (image[name] as string | undefined) ?? '';
  const env = (config.Env as readonly string[] | undefined) ?? [];
  const [os, architecture] = [word('os'), word('architecture')];
  const osFeatures = (image['os.features'] as readonly string[] | undefined) ?? [];
  return {
    env: env.map(splitVariable).filter(([key]) => key !== ''),
    workingDir: (config.WorkingDir as string | undefined) ?? '',
    platform:
      os && architecture
        ? normalizePlatform({
            os,
            architecture,
            variant: word('variant'),
            osVersion: word('os.version'),
            ...(osFeatures.length > 0 && { osFeatures }),
          })
        : undefined,
    config: pick(config),
  };
}

/** The types of values, after the structs of `image-spec/specs-go/v1/config.go`. */
type Shape =
  | 'text'
  | 'flag'
  | 'time'
  | { readonly list: Shape }
  | { readonly map: Shape }
  | { readonly fields: Readonly<Record<string, Shape>> };

const texts: Shape = { list: 'text' };
const anyFields: Shape = { fields: {} };

const imageShape = {
  fields: {
    created: 'time',
    author: 'text',
    architecture: 'text',
    os: 'text',
    'os.version': 'text',
    'os.features': texts,
    variant: 'text',
    config: {
      fields: {
        User: 'text',
        ExposedPorts: { map: anyFields },
        Env: texts,
        Entrypoint: texts,
        Cmd: texts,
        Volumes: { map: anyFields },
        WorkingDir: 'text',
        Labels: { map: 'text' },
        StopSignal: 'text',
        ArgsEscaped: 'flag',
      },
    },
    rootfs: { fields: { type: 'text', diff_ids: texts } },
    history: {
      list: {
        fields: {
          created: 'time',
          created_by: 'text',
          author: 'text',
          comment: 'text',
          empty_layer: 'flag',
        },
      },
    },
  },
} as const satisfies Shape;

type Decoded = Readonly<Record<string, unknown>>;

function decode(
  at: Caller,
  { fields }: { readonly fields: Readonly<Record<string, Shape>> },
  what: string,
  value: unknown,
): Decoded {
  const found: Record<string, unknown> = {};
  const names = new Map(Object.keys(fields).map((name) => [fold(name), name]));
  for (const [key, item] of Object.entries(object(at, what, value))) {
    const name = Object.hasOwn(fields, key) ? key : names.get(fold(key));
    const shape = name === undefined ? undefined : fields[name];
    if (name === undefined || shape === undefined) continue;
    const decoded = decodeValue(at, shape, name, item);
    // As in Go null empties a list or a map and leaves anything else; records and maps add up.
    if (decoded !== undefined)
      found[name] = isObject(decoded) ? { ...(found[name] as object), ...decoded } : decoded;
    else if (typeof shape === 'object' && !('fields' in shape)) delete found[name];
  }
  return found;
}

function decodeValue(at: Caller, shape: Shape, name: string, value: unknown): unknown {
  if (value === null) return undefined;
  if (shape === 'text') return string(at, name, value);
  if (shape === 'flag') return flagOf(at, name, value);
  if (shape === 'time') return time(at, name, value);
  if ('fields' in shape) return decode(at, shape, name, value);
  if ('list' in shape) {
    if (!Array.isArray(value)) throw wrong(at, name, 'a list', value);
    return value.map((item) => decodeValue(at, shape.list, name, item) ?? (shape.list === 'text' ? '' : {}));
  }
  const entries = Object.entries(object(at, name, value)).map(([key, item]): [string, unknown] => [
    key.toWellFormed(),
    decodeValue(at, shape.map, `${name}.${key}`, item) ?? (shape.map === 'text' ? '' : {}),
  ]);
  return Object.fromEntries(entries);
}

/** Letters that are one to Go's `encoding/json`: the case of ASCII, the long s and the Kelvin sign. */
function fold(name: string): string {
  return name
    .replaceAll('\u017f', 's')
    .replaceAll('\u212a', 'k')
    .replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

function pick(config: Decoded): ImageConfig {
  const kept = [
    'User',
    'ExposedPorts',
    'Env',
    'Entrypoint',
    'Cmd',
    'Volumes',
    'WorkingDir',
    'Labels',
    'StopSignal',
  ];
  const isEmpty = (value: unknown) =>
    value === undefined || value === '' || (Array.isArray(value) && value.length === 0);
  return Object.freeze(
    Object.fromEntries(kept.filter((name) => !isEmpty(config[name])).map((name) => [name, config[name]])),
  );
}

function parse(at: Caller, json: unknown): unknown {
  const source =
    json instanceof Uint8Array ? new TextDecoder('utf-8', { ignoreBOM: true }).decode(json) : json;
  if (typeof source !== 'string') throw invalid(at, `an image config is JSON, got ${show(json)}`);
  try {
    // Go takes null for a config that says nothing.
    return JSON.parse(source) ?? {};
  } catch (cause) {
    throw invalid(
      at,
      `the image config is no JSON: ${cause instanceof Error ? cause.message : String(cause)}`,
    );
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function object(at: Caller, what: string, value: unknown): Readonly<Record<string, unknown>> {
  if (!isObject(value)) throw invalid(at, `${what} must be a JSON object, got ${show(value)}`);
  return value;
}

function string(at: Caller, name: string, value: unknown): string {
  if (typeof value !== 'string') throw wrong(at, name, 'text', value);
  return value.toWellFormed();
}

function flagOf(at: Caller, name: string, value: unknown): boolean {
  if (typeof value !== 'boolean') throw wrong(at, name, 'true or false', value);
  return value;
}

const rfc3339 =
  /^\d{4}-(\d\d)-(\d\d)T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:[.,]\d+)?(?:Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/;

function time(at: Caller, name: string, value: unknown): string {
  const text = string(at, name, value);
  const [, month = '', day = ''] = rfc3339.exec(text) ?? [];
  const date = new Date(`${text.slice(0, 10)}T00:00:00Z`);
  if (month !== '' && date.getUTCMonth() + 1 === Number(month) && date.getUTCDate() === Number(day))
    return text;
  throw wrong(at, name, 'a time such as "2024-05-06T07:08:09Z"', value);
}

function wrong(at: Caller, name: string, expected: string, value: unknown): Error {
  return invalid(at, `${name} of the image config must be ${expected}, got ${show(value)}`);
}

function splitVariable(entry: string): readonly [key: string, value: string] {
  const [key = '', value = ''] = entry.split(/=(.*)/s);
  return [key, value];
}
