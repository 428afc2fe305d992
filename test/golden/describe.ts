import { createHash } from 'node:crypto';
import type { DefinitionMessage, LinuxResources, OpMetadata, Source, SourceInfo } from '@llb-ts/pb';

/** A definition in the form of `expected.json`: nothing left out that is on the wire. */
export interface Description {
  readonly ops: readonly DescribedOp[];
  /** null: the definition has no source record at all. */
  readonly infos: readonly DescribedInfo[] | null;
}

export interface DescribedOp {
  readonly digest: string;
  /** Base64. */
  readonly bytes: string;
  /** null: there is no record. */
  readonly metadata: DescribedMetadata | null;
  readonly locations: readonly DescribedLocation[] | null;
}

export interface DescribedMetadata {
  readonly ignoreCache?: true;
  readonly description?: Readonly<Record<string, string>>;
  readonly exportCache?: boolean;
  readonly caps: readonly string[];
  readonly progressGroup?: { readonly id: string; readonly name: string; readonly weak: boolean };
  readonly linuxResources?: Readonly<Record<keyof LinuxResources, string>>;
}

export interface DescribedLocation {
  readonly source: number;
  readonly ranges: readonly (readonly [number, number, number, number])[];
}

export interface DescribedInfo {
  readonly filename: string;
  readonly language: string;
  readonly data: string;
  readonly definition?: Description;
}

export function describeDefinition(message: DefinitionMessage): Description {
  const { source } = message;
  return {
    ops: message.def.map((bytes) => {
      const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
      const record = message.metadata[digest];
      return {
        digest,
        bytes: Buffer.from(bytes).toString('base64'),
        metadata: record ? describeMetadata(record) : null,
        locations: describeLocations(source, digest),
      };
    }),
    infos: source ? source.infos.map(describeInfo) : null,
  };
}

function describeInfo({ filename, language, data, definition }: SourceInfo): DescribedInfo {
  return {
    filename,
    language,
    data: Buffer.from(data).toString('base64'),
    ...(definition && { definition: describeDefinition(definition) }),
  };
}

export function describeMetadata(metadata: OpMetadata): DescribedMetadata {
  const { ignoreCache, description, exportCache, caps, progressGroup, linuxResources } = metadata;
  return {
    ...(ignoreCache && { ignoreCache }),
    ...(Object.keys(description).length > 0 && { description: { ...description } }),
    ...(exportCache && { exportCache: exportCache.value }),
    caps: Object.keys(caps)
      .sort()
      .map((id) => (caps[id] ? id : `!${id}`)),
    ...(progressGroup && { progressGroup: { ...progressGroup } }),
    ...(linuxResources && { linuxResources: describeResources(linuxResources) }),
  };
}

function describeResources(resources: LinuxResources): Readonly<Record<keyof LinuxResources, string>> {
  const { memory, memorySwap, cpuShares, cpuPeriod, cpuQuota, cpusetCpus, cpusetMems } = resources;
  return {
    memory: String(memory),
    memorySwap: String(memorySwap),
    cpuShares: String(cpuShares),
    cpuPeriod: String(cpuPeriod),
    cpuQuota: String(cpuQuota),
    cpusetCpus,
    cpusetMems,
  };
}

function describeLocations(source: Source | undefined, digest: string): readonly DescribedLocation[] | null {
  const record = source?.locations[digest];
  if (!record) return null;
  return record.locations.map(({ sourceIndex, ranges }) => ({
    source: sourceIndex,
    ranges: ranges.map(({ start, end }) => [
      start?.line ?? 0,
      start?.character ?? 0,
      end?.line ?? 0,
      end?.character ?? 0,
    ]),
  }));
}
