import type { Caller } from './call-site.ts';
import { show } from './check.ts';
import { invalid } from './error.ts';
import type { ImageConfig } from './image-config.ts';
import { normalizePlatform, type PlatformSpec } from './platform.ts';

/** What a State takes from an image config. */
export interface ImageJSON {
  readonly env: readonly (readonly [key: string, value: string])[];
  readonly workingDir: string;
  /** Only when the image says both system and processor. */
  readonly platform: PlatformSpec | undefined;
  readonly config: ImageConfig;
}

type Json = Readonly<Record<string, unknown>>;

/** Reads an OCI image config as `State.WithImageConfig` of `client/llb/state.go` does: names in any letter case. */
export function parseImageJSON(at: Caller, json: unknown): ImageJSON {
  const image = record(at, 'the image config', parse(at, json));
  const config = record(at, 'config', field(image, 'config') ?? {});
  const word = (from: Json, name: string) => string(at, name, field(from, name));
  const env = strings(at, 'Env', field(config, 'Env'));
  const [os, architecture] = [word(image, 'os'), word(image, 'architecture')];
  const osFeatures = strings(at, 'os.features', field(image, 'os.features'));
  return {
    env: env.map(splitVariable).filter(([key]) => key !== ''),
    workingDir: word(config, 'WorkingDir'),
    platform:
      os && architecture
        ? normalizePlatform({
            os,
            architecture,
            variant: word(image, 'variant'),
            osVersion: word(image, 'os.version'),
            ...(osFeatures.length > 0 && { osFeatures }),
          })
        : undefined,
    config: pick(at, config, env),
  };
}

function pick(at: Caller, config: Json, env: readonly string[]): ImageConfig {
  const words = (name: string) => strings(at, name, field(config, name));
  const set = (name: string) => record(at, name, field(config, name) ?? {}) as Record<string, object>;
  const word = (name: string) => string(at, name, field(config, name));
  return Object.freeze({
    ...(word('User') && { User: word('User') }),
    ...(field(config, 'ExposedPorts') != null && { ExposedPorts: set('ExposedPorts') }),
    ...(env.length > 0 && { Env: env }),
    ...(words('Entrypoint').length > 0 && { Entrypoint: words('Entrypoint') }),
    ...(words('Cmd').length > 0 && { Cmd: words('Cmd') }),
    ...(field(config, 'Volumes') != null && { Volumes: set('Volumes') }),
    ...(word('WorkingDir') && { WorkingDir: word('WorkingDir') }),
    ...(field(config, 'Labels') != null && { Labels: set('Labels') as Record<string, never> }),
    ...(word('StopSignal') && { StopSignal: word('StopSignal') }),
  });
}

function parse(at: Caller, json: unknown): unknown {
  const source = json instanceof Uint8Array ? new TextDecoder().decode(json) : json;
  if (typeof source !== 'string') throw invalid(at, `an image config is JSON, got ${show(json)}`);
  try {
    return JSON.parse(source);
  } catch (cause) {
    throw invalid(
      at,
      `the image config is no JSON: ${cause instanceof Error ? cause.message : String(cause)}`,
    );
  }
}

function field(from: Json, name: string): unknown {
  if (Object.hasOwn(from, name)) return from[name];
  const key = Object.keys(from).find((other) => other.toLowerCase() === name.toLowerCase());
  return key === undefined ? undefined : from[key];
}

function record(at: Caller, what: string, value: unknown): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid(at, `${what} must be a JSON object, got ${show(value)}`);
  }
  return value as Json;
}

function string(at: Caller, what: string, value: unknown): string {
  if (value === undefined || value === null) return '';
  if (typeof value !== 'string')
    throw invalid(at, `${what} of the image config must be text, got ${show(value)}`);
  return value;
}

function strings(at: Caller, what: string, value: unknown): readonly string[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value))
    throw invalid(at, `${what} of the image config must be a list, got ${show(value)}`);
  return value.map((item) => string(at, what, item));
}

function splitVariable(entry: string): readonly [key: string, value: string] {
  const [key = '', value = ''] = entry.split(/=(.*)/s);
  return [key, value];
}
