import { SolveFailure, type SourceResolver } from '@llb-ts/backend';
import { type ImageConfigResolver, LlbError, type PlatformSpec } from '@llb-ts/llb';
import type { Platform } from '@llb-ts/pb';
import { DockerCredentials } from '../credentials/docker-config.ts';
import { CliError } from '../error/cli-error.ts';

/** Answers about images of registries for a build that is being marshaled. */
export interface ImageAnswers {
  /** Opened when the first image is asked about. */
  readonly open: () => Promise<SourceResolver>;
  /** The reference to ask for instead of this one: the same, or the digest that a lock says. Default: the same. */
  readonly locked?: (reference: string) => string;
  /** Told what a reference turned out to be. */
  readonly found?: (reference: string, digest: string) => void;
}

/** Answers for `Image(ref, WithMetaResolver())`. Each image is asked about once for each platform. */
export function imageConfigs({ open, locked = (ref) => ref, found }: ImageAnswers): ImageConfigResolver {
  const credentials = new DockerCredentials();
  const asked = new Map<string, ReturnType<SourceResolver['resolveImageConfig']>>();
  return {
    async resolveImageConfig(ref, { platform }) {
      try {
        const key = JSON.stringify([ref, platform]);
        let answer = asked.get(key);
        if (!answer) {
          const wanted = locked(ref);
          const options = { credentials, ...(platform && { platform: toPlatform(platform) }) };
          answer = open().then((resolver) => resolver.resolveImageConfig(wanted, options));
          asked.set(key, answer);
        }
        const { digest, config } = await answer;
        found?.(ref, digest);
        return { ref, digest, config };
      } catch (error) {
        throw withoutPlace(error);
      }
    },
  };
}

/** As a mistake of the build file, so that the language adds the line of the image; {@link foreignFailure} takes it back. */
function withoutPlace(error: unknown): unknown {
  if (!(error instanceof SolveFailure || error instanceof CliError)) return error;
  return new LlbError('invalid-reference', error.message, { cause: error });
}

/** The cause, where an error of the language only carries it. */
export function foreignFailure(error: unknown): SolveFailure | CliError | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (at instanceof CliError || at instanceof SolveFailure) return at;
  }
  return undefined;
}

/** A platform as a definition has it. */
export function toPlatform(spec: PlatformSpec): Platform {
  const { os = '', architecture, variant = '', osVersion = '', osFeatures = [] } = spec;
  return { os, architecture, variant, osVersion, osFeatures };
}
