import type { Caller } from '../base/call-site.ts';
import { isRecord, nonEmpty, show, text, textList, textRecord } from '../base/check.ts';
import { invalid } from '../base/error.ts';
import { suggestion } from '../base/nearest.ts';
import { envName } from './env-list.ts';
import { checkPlatform, normalizePlatform, type PlatformSpec, type PlatformText } from './platform.ts';

/**
 * How to run an image: the `config` of an OCI image config, under its JSON names. LLB cannot carry
 * it; it travels beside the definition and exporters write it.
 */
export interface ImageConfig {
  readonly platform?: PlatformSpec;
  readonly User?: string;
  readonly ExposedPorts?: Readonly<Record<string, object>>;
  readonly Env?: readonly string[];
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Volumes?: Readonly<Record<string, object>>;
  readonly WorkingDir?: string;
  readonly Labels?: Readonly<Record<string, string>>;
  readonly StopSignal?: string;
}

/** The settings of `State.ImageConfig`. A list replaces the one before; variables, labels, ports and volumes add up. */
export interface ImageConfigSettings {
  /** The program of a container, before `cmd`. */
  readonly entrypoint?: readonly string[];
  /** Default arguments, or the command where there is no entrypoint. */
  readonly cmd?: readonly string[];
  /** Variables of containers. */
  readonly env?: Readonly<Record<string, string>>;
  /** Directory that containers start in. */
  readonly workingDir?: string;
  /** `user`, `user:group`, names or numbers. */
  readonly user?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Ports such as `'80/tcp'` or `8080`. */
  readonly exposedPorts?: readonly (string | number)[];
  /** Paths that are kept outside of a container's filesystem. */
  readonly volumes?: readonly string[];
  /** Signal that stops a container: `'SIGTERM'`. */
  readonly stopSignal?: string;
  /** Platform that the image says it is for. Default: that of the build. */
  readonly platform?: PlatformSpec | PlatformText;
}

type SettingsName = keyof ImageConfigSettings;

/** Checks settings and gives them their JSON names. */
export function imageConfigFrom(at: Caller, settings: unknown): ImageConfig {
  if (!isRecord(settings)) throw invalid(at, `settings must be a record, got ${show(settings)}`);
  let config: ImageConfig = {};
  for (const [name, value] of Object.entries(settings)) {
    if (!Object.hasOwn(writers, name)) {
      throw invalid(at, `there is no setting ${show(name)}`, suggestion(name, Object.keys(writers)));
    }
    if (value !== undefined) config = { ...config, ...writers[name as SettingsName](at, name, value) };
  }
  return Object.freeze(config);
}

type Write = (at: Caller, name: string, value: unknown) => ImageConfig;

const writers: Readonly<Record<SettingsName, Write>> = {
  entrypoint: (at, name, value) => ({ Entrypoint: textList(at, name, value) }),
  cmd: (at, name, value) => ({ Cmd: textList(at, name, value) }),
  env: (at, name, value) => ({
    Env: Object.entries(textRecord(at, name, value)).map(([key, text]) => `${envName(at, key)}=${text}`),
  }),
  workingDir: (at, name, value) => ({ WorkingDir: text(at, name, value) }),
  user: (at, name, value) => ({ User: text(at, name, value) }),
  labels: (at, name, value) => ({ Labels: textRecord(at, name, value) }),
  exposedPorts: (at, name, value) => ({
    ExposedPorts: keyed(list(at, name, value).map((port) => checkPort(at, port))),
  }),
  volumes: (at, name, value) => ({ Volumes: keyed(textList(at, name, value)) }),
  stopSignal: (at, name, value) => ({ StopSignal: nonEmpty(at, name, value) }),
  platform: (at, _, value) => ({ platform: normalizePlatform(checkPlatform(at, value)) }),
};

function list(at: Caller, name: string, value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw invalid(at, `${name} must be a list, got ${show(value)}`);
  return value;
}

function keyed(names: readonly string[]): Readonly<Record<string, object>> {
  return Object.fromEntries(names.map((name) => [name, {}]));
}

/** `8080` and `'8080'` are TCP ports. */
function checkPort(at: Caller, value: unknown): string {
  const match = /^(\d{1,5})(?:\/(tcp|udp|sctp))?$/.exec(String(value));
  if (!match || Number(match[1]) < 1 || Number(match[1]) > 65535) {
    throw invalid(at, `${show(value)} is no port`, 'write 8080 or "53/udp"');
  }
  return `${Number(match[1])}/${match[2] ?? 'tcp'}`;
}
