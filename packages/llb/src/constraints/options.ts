import type { Caller } from '../base/call-site.ts';
import { flag, nonEmpty, show, text, textRecord } from '../base/check.ts';
import { invalid } from '../base/error.ts';
import type { Constraints, OpMetadata } from '../graph/graph.ts';
import type { ConstraintsOpt } from '../graph/option.ts';
import { checkPlatform, type PlatformSpec, type PlatformText } from '../value/platform.ts';

/** An option that changes constraints. */
export function constraint(change: (constraints: Constraints) => Constraints): ConstraintsOpt {
  return Object.freeze({ of: 'constraints', change });
}

/** An option that changes what is said about an op without being part of its digest. */
export function metadata(change: (metadata: OpMetadata) => Partial<OpMetadata>): ConstraintsOpt {
  return constraint((c) => ({ ...c, metadata: { ...c.metadata, ...change(c.metadata) } }));
}

/**
 * The platform of an op, taken as it is; text is normalized. `Image('alpine', Platform('linux/arm64'))`
 */
export function Platform(platform: PlatformSpec | PlatformText): ConstraintsOpt {
  const checked = checkPlatform(Platform, platform);
  return constraint((c) => ({ ...c, platform: checked }));
}

const named = (os: string, architecture: string, variant?: string) =>
  Platform({ os, architecture, ...(variant && { variant }) });

/** linux/amd64. `Image('alpine', LinuxAmd64)` */
export const LinuxAmd64: ConstraintsOpt = named('linux', 'amd64');
/** linux/arm64. `Image('alpine', LinuxArm64)` */
export const LinuxArm64: ConstraintsOpt = named('linux', 'arm64');
/** linux/arm/v7. `Image('alpine', LinuxArmhf)` */
export const LinuxArmhf: ConstraintsOpt = named('linux', 'arm', 'v7');
/** The same as {@link LinuxArmhf}. `Image('alpine', LinuxArm)` */
export const LinuxArm: ConstraintsOpt = LinuxArmhf;
/** linux/arm/v6. `Image('alpine', LinuxArmel)` */
export const LinuxArmel: ConstraintsOpt = named('linux', 'arm', 'v6');
/** linux/s390x. `Image('alpine', LinuxS390x)` */
export const LinuxS390x: ConstraintsOpt = named('linux', 's390x');
/** linux/ppc64. `Image('alpine', LinuxPpc64)` */
export const LinuxPpc64: ConstraintsOpt = named('linux', 'ppc64');
/** linux/ppc64le. `Image('alpine', LinuxPpc64le)` */
export const LinuxPpc64le: ConstraintsOpt = named('linux', 'ppc64le');
/** linux/riscv64. `Image('alpine', LinuxRiscv64)` */
export const LinuxRiscv64: ConstraintsOpt = named('linux', 'riscv64');
/** darwin/amd64. `Image('tool', Darwin)` */
export const Darwin: ConstraintsOpt = named('darwin', 'amd64');
/** windows/amd64. `Image('mcr.microsoft.com/windows/nanoserver:ltsc2022', Windows)` */
export const Windows: ConstraintsOpt = named('windows', 'amd64');

/** Filter expressions that the worker must satisfy; they are part of the op's digest. `Require('label==x')` */
export function Require(...filters: readonly string[]): ConstraintsOpt {
  const added = filters.map((filter, i) => text(Require, `filter ${i + 1}`, filter));
  return constraint((c) => ({ ...c, workerConstraints: [...c.workerConstraints, ...added] }));
}

/** Runs the op even when its result is known. `base.Run(Shlex('date'), IgnoreCache)` */
export const IgnoreCache: ConstraintsOpt = metadata(() => ({ ignoreCache: true }));

/** Adds to the description of an op; keys that are there are overwritten. `WithDescription({ 'com.example.k': 'v' })` */
export function WithDescription(description: Readonly<Record<string, string>>): ConstraintsOpt {
  const added = textRecord(WithDescription, 'the description', description);
  return metadata((m) => ({ description: { ...m.description, ...added } }));
}

/** The name that progress shows for an op. `base.Run(Shlex('make'), WithCustomName('compile'))` */
export function WithCustomName(name: string): ConstraintsOpt {
  const customName = text(WithCustomName, 'the name', name);
  return metadata((m) => ({ description: { ...m.description, 'llb.customname': customName } }));
}

/** Always exports the op's result with the cache. `base.Run(Shlex('make'), WithExportCache())` */
export function WithExportCache(): ConstraintsOpt {
  return metadata(() => ({ exportCache: true }));
}

/** Never exports the op's result with the cache. `base.Run(Shlex('make'), WithoutExportCache())` */
export function WithoutExportCache(): ConstraintsOpt {
  return metadata(() => ({ exportCache: false }));
}

/** Takes back {@link WithExportCache} and {@link WithoutExportCache}: the build's setting counts. `Run(Shlex('make'), WithoutDefaultExportCache())` */
export function WithoutDefaultExportCache(): ConstraintsOpt {
  return constraint((c) => {
    const { exportCache: _, ...rest } = c.metadata;
    return { ...c, metadata: rest };
  });
}

/**
 * Shows ops with the same `id` as one in progress. `base.Run(Shlex('make'), ProgressGroup('build', 'build the app'))`
 *
 * @param weak the group does not show when it is the only one; default false
 */
export function ProgressGroup(id: string, name: string, weak = false): ConstraintsOpt {
  const at: Caller = ProgressGroup;
  const progressGroup = {
    id: text(at, 'the id', id),
    name: text(at, 'the name', name),
    weak: flag(at, 'weak', weak),
  };
  return metadata(() => ({ progressGroup }));
}

/**
 * Fixes what tells one upload of a local folder from another, so that definitions are the same each time.
 * `marshal(state, { constraints: [LocalUniqueID('fixed')] })`. Default: random for each marshal.
 */
export function LocalUniqueID(id: string): ConstraintsOpt {
  const localUniqueID = nonEmpty(LocalUniqueID, 'the id', id);
  return constraint((c) => ({ ...c, localUniqueID }));
}

/**
 * Tells the marshal which capabilities the daemon has, so that it writes the default `PATH` for daemons that do not set it.
 * Only counts among the constraints of a marshal. `marshal(state, { constraints: [WithCaps(['exec.meta.base'])] })`
 */
export function WithCaps(capabilities: Iterable<string>): ConstraintsOpt {
  const at: Caller = WithCaps;
  if (typeof capabilities === 'string' || typeof capabilities?.[Symbol.iterator] !== 'function') {
    throw invalid(
      at,
      `capabilities are a list of ids, got ${show(capabilities)}`,
      "as in WithCaps(['exec.meta.base'])",
    );
  }
  const caps = new Set(Array.from(capabilities, (cap, i) => nonEmpty(at, `capability ${i + 1}`, cap)));
  return constraint((c) => ({ ...c, caps }));
}
