import {
  EMPTY_INPUT,
  type ExecOp,
  type Mount,
  MountContentCache,
  MountType,
  type Platform,
  SKIP_OUTPUT,
} from '@llb-ts/pb';
import type { ContentSelector } from '../../cache/content-digest.ts';
import { stepFailure } from '../../error/error.ts';
import { bytesOf, clean } from '../../name/bytes.ts';
import { hostPlatform, normalizePlatform } from '../../registry/platform.ts';
import type { InputKey, OperationKey } from '../../work/operation.ts';

/**
 * The cache key of an exec (docs/buildkit-semantics.md#key-of-exec; `solver/llbsolver/ops/exec.go` CacheMap): all of the
 * op, except fields that change between builds without an effect (addresses of extra hosts, proxies, names of caches), and
 * for each input either its identity or the content of the selected part.
 */
export function execKey(op: ExecOp, inputCount: number, platform: Platform | undefined): OperationKey {
  const { os, architecture, variant } = normalizePlatform(platform ?? hostPlatform());
  const inputs = inputsOf(op.mounts, inputCount);
  return {
    recipe: {
      type: 'buildkit.exec.v0',
      exec: {
        ...op,
        meta: op.meta && {
          ...op.meta,
          proxyEnv: undefined,
          extraHosts: op.meta.extraHosts.map(({ host }) => ({ host })),
          ulimit: op.meta.ulimit.map(({ name, soft, hard }) => ({ name, soft: `${soft}`, hard: `${hard}` })),
        },
        mounts: isPlainRoot(op.mounts) ? [] : op.mounts.map(keyOfMount),
      },
      platform: { os, architecture, variant },
      selectors: inputs.map(({ selectors }) => selectors),
    },
    inputs: inputs.map(({ selectors, isContentKeyed }): InputKey => {
      return isContentKeyed ? { by: 'content', selectors: contentSelectors(selectors) } : { by: 'ref' };
    }),
  };
}

/** The part of a mount that is in the key: its selector and input; the name of a cache only if it is the default one. */
function keyOfMount(mount: Mount): object {
  const { cacheOpt: cache, selector, ...rest } = mount;
  const isUsual =
    cache?.sharing === 0 && (cache.id === mount.dest || cache.id.replace(/^[^/]*\//, '') === mount.dest);
  return {
    ...rest,
    ...(leadsBack(selector) && { selector }),
    cacheOpt: cache && (isUsual ? cache : { id: '', sharing: 0 }),
  };
}

/** The target of a `..` depends on links before it, so a selector with one cannot be reduced to its clean form. */
function leadsBack(selector: string): boolean {
  return selector.split('/').includes('..');
}

/** The mounts of a plain step do not count, for compatibility with old caches of BuildKit. */
function isPlainRoot(mounts: readonly Mount[]): boolean {
  const [root] = mounts;
  if (mounts.length !== 1 || !root) return false;
  const { dest, readonly, mountType, cacheOpt, sshOpt, secretOpt, resultID, output } = root;
  return (
    dest === '/' &&
    !readonly &&
    mountType === MountType.bind &&
    !cacheOpt &&
    !sshOpt &&
    !secretOpt &&
    resultID === '' &&
    // Without one there is no result at all.
    output !== SKIP_OUTPUT
  );
}

interface KeyedInput {
  readonly selectors: readonly string[];
  readonly isContentKeyed: boolean;
}

/** Of several mounts of one input, the last decides how it counts. */
function inputsOf(mounts: readonly Mount[], count: number): readonly KeyedInput[] {
  const inputs: KeyedInput[] = Array.from({ length: count }, () => ({
    selectors: [],
    isContentKeyed: false,
  }));
  for (const mount of mounts) {
    const { mountType, input } = mount;
    if (mountType === MountType.secret || mountType === MountType.ssh || mountType === MountType.tmpfs)
      continue;
    if (input === EMPTY_INPUT) continue;
    const known = inputs[input];
    if (!known) throw stepFailure(`failed to load cache key: invalid mountinput ${mount.dest}`);
    const selector = clean(mount.selector);
    inputs[input] = {
      // A selector that passes a link may select any part of the tree.
      selectors: [...known.selectors, leadsBack(mount.selector) ? '/' : selector],
      isContentKeyed: isContentKeyed(mount, selector),
    };
  }
  return inputs;
}

/** Only if no file outside the selected part can become part of a result. */
function isContentKeyed(mount: Mount, selector: string): boolean {
  const isSafe = mount.output === SKIP_OUTPUT || mount.readonly || selector === '/';
  switch (mount.contentCache) {
    case MountContentCache.off:
      return false;
    case MountContentCache.on:
      if (!isSafe) throw stepFailure(`failed to load cache key: invalid mount cache content ${mount.dest}`);
      return true;
    default:
      return isSafe && mount.dest !== '/';
  }
}

function contentSelectors(selectors: readonly string[]): readonly ContentSelector[] {
  const paths = selectors.includes('/') ? ['/'] : [...new Set(selectors.map(bytesOf))].sort();
  return paths.map((path) => ({
    path,
    wildcard: false,
    followLinks: true,
    includePatterns: [],
    excludePatterns: [],
    requiredPaths: [],
  }));
}
