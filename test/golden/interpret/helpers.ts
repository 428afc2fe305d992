import type { Constraints, ImageConfigResolver, PlatformSpec, ResolveImageOptions } from '@llb-ts/llb';
import type { Call } from './call.ts';
import type { Term } from './term.ts';

/** One answer of a `resolver`; what it leaves out fits every question. */
interface Answer {
  readonly ref: string;
  readonly platform?: string;
  readonly resolveMode?: string;
  readonly resolved?: string;
  readonly digest?: string;
  readonly config: object;
}

/** Names of the recipe language itself. */
export const helpers: Readonly<Record<string, (call: Call) => unknown>> = {
  resolver: (c) => resolver(c.terms(0) as unknown as readonly Answer[]),
  error: (c) => {
    throw new Error(c.text(0));
  },
  platformOf: (c) => formatPlatform(c.arg<Constraints>(0).platform),
  onPlatform: (c) => {
    const choices = c.record(1) as Readonly<Record<string, Term>>;
    return c.evaluate(choices[formatPlatform(c.arg<Constraints>(0).platform)]);
  },
};

function resolver(answers: readonly Answer[]): ImageConfigResolver {
  return {
    resolveImageConfig: async (ref, { platform, resolveMode }: ResolveImageOptions) => {
      const asked = formatPlatform(platform);
      const answer = answers.find(
        (candidate) =>
          candidate.ref === ref &&
          (candidate.platform ?? asked) === asked &&
          (candidate.resolveMode ?? resolveMode) === resolveMode,
      );
      if (!answer) throw new Error(`no answer for ${ref} on ${asked} with mode ${resolveMode}`);
      const { resolved = ref, digest, config } = answer;
      return { ref: resolved, ...(digest && { digest }), config: JSON.stringify(config) };
    },
  };
}

function formatPlatform(platform: PlatformSpec | undefined): string {
  if (!platform) return '';
  return [platform.os, platform.architecture, platform.variant].filter(Boolean).join('/');
}
