import type { ExecOp, ProxyEnv } from '@llb-ts/pb';
import { stepFailure } from '../../error/error.ts';

const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The secret of an id, or undefined if there is none. */
export type SecretLookup = (id: string) => Promise<Uint8Array | undefined>;

/**
 * The variables of an exec in BuildKit's order: its own, proxies, PATH where it is missing, secrets (docs/buildkit-semantics.md#processes). Fails with
 * BuildKit's texts for secrets that are missing.
 */
export async function processEnvironment(op: ExecOp, secrets: SecretLookup): Promise<readonly string[]> {
  const env = [...(op.meta?.env ?? []), ...proxyVariables(op.meta?.proxyEnv)];
  if (!env.some((entry) => entry.startsWith('PATH='))) env.push(`PATH=${DEFAULT_PATH}`);
  for (const { id, name, optional } of op.secretenv) {
    if (id === '') throw stepFailure(`secret ID missing for "${name}" environment variable`);
    const value = await secrets(id);
    if (!value && !optional) throw secretFailure(id);
    env.push(`${name}=${value ? Buffer.from(value).toString('utf8') : ''}`);
  }
  return env;
}

export function secretFailure(id: string) {
  return stepFailure(`secret ${id}: not found`, { hint: `give it with --secret id=${id},src=FILE` });
}

function proxyVariables(proxy: ProxyEnv | undefined): readonly string[] {
  if (!proxy) return [];
  const values = {
    http_proxy: proxy.httpProxy,
    https_proxy: proxy.httpsProxy,
    ftp_proxy: proxy.ftpProxy,
    no_proxy: proxy.noProxy,
    all_proxy: proxy.allProxy,
  };
  return Object.entries(values).flatMap(([name, value]) =>
    value === '' ? [] : [`${name.toUpperCase()}=${value}`, `${name}=${value}`],
  );
}
