import type { ImageConfig } from '@llb-ts/backend';
import { hostPlatform, normalizePlatform, type OciPlatform, ociPlatform } from '../../registry/platform.ts';
import { exportFailure } from '../base/failure.ts';
import { type GoJson, goJson } from '../base/go-json.ts';
import { epochText, isAfter, respelled } from '../base/go-time.ts';
import { completeHistory, type HistoryEntry, type LayerHistory } from './image-history.ts';

/** The parts of the config of an exported image. */
export interface ConfigSource {
  /** JSON of a whole config (`containerimage.config`), if there is one. */
  readonly json?: string;
  /** How to run the image, if the build says so. */
  readonly imageConfig?: ImageConfig;
  /** JSON of the config that the build started from (`containerimage.base.config`). */
  readonly baseJson?: string;
  /** The platform of the image if the build does not say. Default: that of this machine. */
  readonly platform?: OciPlatform;
}

export interface ConfigLayers {
  /** Lowest → highest, as all lists here. */
  readonly diffIds: readonly string[];
  readonly layers: readonly LayerHistory[];
  /** Seconds since 1970. */
  readonly epoch?: bigint;
}

export interface BuiltConfig {
  readonly bytes: Buffer;
  readonly platform: OciPlatform;
}

const DEFAULT_PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * The config of an image, with root filesystem and history filled in (`exporter/containerimage/writer.go`,
 * patchImageConfig). Fails with code `export` and BuildKit's texts for a config that cannot be used.
 */
export function buildImageConfig(
  source: ConfigSource,
  { diffIds, layers, epoch }: ConfigLayers,
): BuiltConfig {
  const config = source.json === undefined ? defaultConfig(source) : parseConfig(source.json);
  const { os, architecture } = config;
  if (typeof os !== 'string' || os === '') throw exportFailure('invalid image config for export: missing os');
  if (typeof architecture !== 'string' || architecture === '') {
    throw exportFailure('invalid image config for export: missing architecture');
  }
  const base = source.baseJson === undefined ? undefined : (parseConfig(source.baseJson).history ?? []);
  const history = completeHistory(
    (config.history ?? []) as readonly HistoryEntry[],
    layers,
    epoch,
    base as readonly HistoryEntry[] | undefined,
  );
  const fields = new Map<string, GoJson>();
  for (const [key, value] of Object.entries(config)) fields.set(key, value as GoJson);
  fields.set('rootfs', { type: 'layers', diff_ids: diffIds.length > 0 ? diffIds : null });
  fields.set('history', history.length > 0 ? history.map(historyJson) : null);
  fields.set('created', createdTime(config.created, history, epoch));
  const variant = typeof config.variant === 'string' ? config.variant : undefined;
  return {
    bytes: Buffer.from(goJson(fields)),
    platform: normalizePlatform({ os, architecture, ...(variant && { variant }) }),
  };
}

type ParsedConfig = Readonly<Record<string, unknown>>;

function parseConfig(json: string): ParsedConfig {
  let config: unknown;
  try {
    config = JSON.parse(json);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw exportFailure(`invalid image config for export: ${reason}`, { cause: error });
  }
  if (config === null) throw exportFailure('invalid null image config for export');
  if (typeof config !== 'object' || Array.isArray(config)) {
    throw exportFailure('invalid image config for export: not an object');
  }
  return config as ParsedConfig;
}

/** As BuildKit makes one for a result that comes without: the platform and the usual PATH. */
function defaultConfig({ imageConfig, platform: byDefault }: ConfigSource): ParsedConfig {
  const { platform: wanted, ...run } = imageConfig ?? {};
  const platform = wanted ? ociPlatform(wanted) : normalizePlatform(byDefault ?? hostPlatform());
  return { ...platform, config: runConfig(run) };
}

/** In the order in which the specification's Go types have the fields; empty ones are left out. */
function runConfig(run: Omit<ImageConfig, 'platform'>): GoJson {
  const { Env = [] } = run;
  const paths = Env.some((line) => line.startsWith('PATH=')) ? [] : [DEFAULT_PATH];
  return {
    User: run.User || undefined,
    ExposedPorts: emptySet(run.ExposedPorts),
    Env: [...paths, ...Env],
    Entrypoint: run.Entrypoint?.length ? run.Entrypoint : undefined,
    Cmd: run.Cmd?.length ? run.Cmd : undefined,
    Volumes: emptySet(run.Volumes),
    WorkingDir: run.WorkingDir || '/',
    Labels:
      run.Labels && Object.keys(run.Labels).length > 0 ? new Map(Object.entries(run.Labels)) : undefined,
    StopSignal: run.StopSignal || undefined,
  };
}

function emptySet(names: Readonly<Record<string, object>> | undefined): GoJson | undefined {
  const keys = Object.keys(names ?? {});
  return keys.length > 0 ? new Map(keys.map((key) => [key, {}])) : undefined;
}

function historyJson({ created, created_by, author, comment, empty_layer }: HistoryEntry): GoJson {
  return {
    created: created ? respelled(created) : undefined,
    created_by: created_by || undefined,
    author: author || undefined,
    comment: comment || undefined,
    empty_layer: empty_layer || undefined,
  };
}

function createdTime(
  created: unknown,
  history: readonly HistoryEntry[],
  epoch: bigint | undefined,
): string | null {
  if (created === undefined) return history.findLast((entry) => entry.created)?.created ?? null;
  if (typeof created !== 'string') return null;
  return epoch !== undefined && isAfter(created, epoch) ? epochText(epoch) : created;
}
