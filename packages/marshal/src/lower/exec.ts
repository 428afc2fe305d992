import { type Environment, type EnvList, type ExecVertex, type Mount, resolveEnvironment } from '@llb-ts/llb';
import {
  CacheSharingOpt,
  compareUtf8,
  EMPTY_INPUT,
  type ExecOp,
  type Meta,
  MountContentCache,
  MountType,
  NetMode,
  type Mount as OpMount,
  SecurityMode,
  SKIP_OUTPUT,
} from '@llb-ts/pb';
import type { Capability } from '../base/capabilities.ts';
import { MarshalError } from '../base/error.ts';
import { type Context, Inputs, type Lowered } from './lowered.ts';

const unixPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const setsDefaultPath = 'exec.meta.setsdefaultpath';

/** A process (`client/llb/exec.go`, docs/buildkit-semantics.md#encoding-of-exec). */
export function lowerExec(vertex: ExecVertex, context: Context): Lowered {
  const environment = resolveEnvironment(vertex.environment);
  validate(vertex, environment);
  const inputs = new Inputs();
  const outputs: Mount[] = [];
  const mounts = sortedMounts(vertex).map((mount) => lowerMount(mount, inputs, outputs, context));
  const caps = capabilities(vertex, environment);
  const { proxyEnv, secrets, ssh, cdiDevices } = vertex;
  const sockets = ssh.map((socket, i) => ({
    ...socket,
    target: socket.target || `/run/buildkit/ssh_agent.${i}`,
  }));
  let env = environment.env;
  if (sockets[0]) env = env.SetDefault('SSH_AUTH_SOCK', sockets[0].target);
  if (context.constraints.caps) env = defaultPath(env, context, caps);
  const meta = lowerMeta(environment, env);
  const op: { readonly kind: 'exec' } & ExecOp = {
    kind: 'exec',
    meta: proxyEnv ? { ...meta, proxyEnv: { ...noProxyEnv, ...proxyEnv } } : meta,
    mounts: [...mounts, ...secrets.flatMap(secretMount), ...sockets.map(sshMount)],
    network: networks[environment.network ?? 'sandbox'],
    security: SecurityMode[environment.security ?? 'sandbox'],
    secretenv: secrets.flatMap(({ id, env: name, optional }) =>
      name === undefined ? [] : [{ id, name, optional }],
    ),
    cdiDevices,
  };
  return {
    op,
    inputs: inputs.list,
    platform: vertex.constraints.platform ?? environment.platform ?? context.constraints.platform,
    caps,
    outputs,
  };
}

/** The mounts in the order in which they are written and their outputs numbered. */
export function sortedMounts({ mounts }: ExecVertex): readonly Mount[] {
  return mounts.length === 1 ? mounts : mounts.toSorted((a, b) => compareUtf8(a.target, b.target));
}

const networks = { sandbox: NetMode.unset, host: NetMode.host, none: NetMode.none };
const noProxyEnv = { httpProxy: '', httpsProxy: '', ftpProxy: '', noProxy: '', allProxy: '' };

/** Only async states can get here without arguments or directory; `Run` has checked all others. */
function validate({ callSite }: ExecVertex, environment: Environment): void {
  if (!environment.args?.length) {
    throw new MarshalError('invalid-argument', 'arguments are required', { callSite });
  }
  if (!environment.dir) {
    throw new MarshalError('invalid-argument', 'working directory is required', { callSite });
  }
}

function lowerMeta(environment: Environment, env: EnvList): Meta {
  return {
    args: environment.args ?? [],
    env: env.ToArray(),
    cwd: environment.dir ?? '',
    user: environment.user ?? '',
    extraHosts: environment.extraHosts,
    hostname: environment.hostname ?? '',
    ulimit: environment.ulimits,
    cgroupParent: environment.cgroupParent ?? '',
    removeMountStubsRecursive: true,
    validExitCodes: environment.validExitCodes ?? [],
  };
}

/** Daemons that do not set a default PATH themselves need it written; only a marshal that knows the daemon can tell. */
function defaultPath(env: EnvList, { constraints }: Context, caps: Capability[]): EnvList {
  if (constraints.caps?.has(setsDefaultPath)) {
    caps.push(setsDefaultPath);
    return env;
  }
  return constraints.platform.os === 'windows' ? env : env.SetDefault('PATH', unixPath);
}

function lowerMount(mount: Mount, inputs: Inputs, outputs: Mount[], context: Context): OpMount {
  const { target, source, selector, readonly, cache, tmpfs, contentCache } = mount;
  const input = source ? inputs.number(context.input(source)) : EMPTY_INPUT;
  const keeps = !mount.noOutput && !readonly && !cache && !tmpfs;
  const output = keeps ? outputs.push(mount) - 1 : SKIP_OUTPUT;
  const written: OpMount = {
    input,
    selector,
    dest: target,
    output,
    readonly,
    mountType: tmpfs ? MountType.tmpfs : cache ? MountType.cache : MountType.bind,
    resultID: '',
    contentCache: MountContentCache[contentCache],
  };
  if (!cache && !tmpfs) return written;
  return {
    ...written,
    ...(cache && { cacheOpt: { id: cache.id, sharing: CacheSharingOpt[cache.sharing] } }),
    ...(tmpfs && { tmpfsOpt: tmpfs }),
  };
}

const emptyMount: OpMount = {
  input: EMPTY_INPUT,
  selector: '',
  dest: '',
  output: 0,
  readonly: false,
  mountType: MountType.bind,
  resultID: '',
  contentCache: MountContentCache.default,
};

/** Unlike other mounts without an output, those of secrets and sockets say 0. */
function secretMount({ target, id, uid, gid, mode, optional }: ExecVertex['secrets'][number]): OpMount[] {
  if (target === undefined) return [];
  const secretOpt = { id, uid, gid, mode, optional };
  return [{ ...emptyMount, dest: target, mountType: MountType.secret, secretOpt }];
}

function sshMount({ target, id, uid, gid, mode, optional }: ExecVertex['ssh'][number]): OpMount {
  return {
    ...emptyMount,
    dest: target,
    mountType: MountType.ssh,
    sshOpt: { id, uid, gid, mode, optional },
  };
}

function capabilities(vertex: ExecVertex, environment: Environment): Capability[] {
  const caps = new Set<Capability>(['exec.meta.base']);
  const { secrets, ssh, cdiDevices, proxyEnv, constraints } = vertex;
  if (environment.validExitCodes?.length) caps.add('exec.validexitcode');
  if (environment.ulimits.length > 0) caps.add('exec.meta.ulimit');
  if (constraints.metadata.linuxResources) caps.add('exec.meta.linux.resources');
  if (environment.network && environment.network !== 'sandbox') caps.add('exec.meta.network');
  if (environment.security === 'insecure') caps.add('exec.meta.security');
  if (proxyEnv) caps.add('exec.meta.proxyenv');
  for (const mount of vertex.mounts) {
    if (mount.selector) caps.add('exec.mount.selector');
    if (mount.cache) caps.add('exec.mount.cache').add('exec.mount.cache.sharing');
    else if (mount.tmpfs) caps.add('exec.mount.tmpfs');
    else if (mount.source) caps.add('exec.mount.bind');
    if (!mount.cache && mount.tmpfs && mount.tmpfs.size > 0) caps.add('exec.mount.tmpfs.size');
    if (mount.contentCache !== 'default') caps.add('exec.mount.cache.content');
  }
  if (secrets.length > 0) caps.add('exec.mount.secret');
  if (secrets.some(({ env }) => env !== undefined)) caps.add('exec.secretenv');
  if (ssh.length > 0) caps.add('exec.mount.ssh');
  if (cdiDevices.length > 0) caps.add('exec.meta.cdi');
  return [...caps];
}
