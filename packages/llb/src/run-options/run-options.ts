import type { Caller } from '../base/call-site.ts';
import { record, show, text, textList, whole } from '../base/check.ts';
import { invalid } from '../base/error.ts';
import { splitWords } from '../base/shlex.ts';
import type { UlimitName } from '../base/ulimit.ts';
import { requireState } from '../graph/brand.ts';
import type { ProxyEnv } from '../graph/graph.ts';
import { isNoOption, type NoOption, wrongOption } from '../graph/option.ts';
import { type MountOption, makeMount } from '../run/mount.ts';
import {
  type ExecInfo,
  type MountChange,
  type NoOutputTarget,
  type ReadonlyRootOption,
  type RunChange,
  type State,
  type StateOption,
  withValues,
} from '../state/state.ts';
import { checkHost, checkUlimit } from '../state/state-checks.ts';

/** An option of `Run` that is neither state nor constraint. */
export function run(change: (info: ExecInfo) => Partial<ExecInfo>): RunChange {
  return Object.freeze({ of: 'run', change: (info: ExecInfo) => ({ ...info, ...change(info) }) });
}

/** The command as a list of arguments. `base.Run(Args(['sh', '-c', 'make && make install']))` */
export function Args(args: readonly string[]): RunChange {
  const checked = textList(Args, 'arguments', args);
  return run((info) => ({ state: withValues(info.state, { args: checked }) }));
}

/**
 * The command as text, split as a shell splits words; it is not run by a shell, so `&&`, `$X` and `*` mean nothing.
 * Text that ends inside quotes is refused. `base.Run(Shlex('cp "a b" /c'))`
 */
export function Shlex(command: string): RunChange {
  const { words, isClosed } = splitWords(text(Shlex, 'the command', command));
  if (!isClosed)
    throw invalid(Shlex, `${show(command)} ends inside quotes`, 'close them, or pass a list: Args([…])');
  return run((info) => ({ state: withValues(info.state, { args: Object.freeze(words) }) }));
}

/**
 * Mounts a state into the process. Writable mounts have a result of their own: `run.GetMount('/out')`.
 * `base.Run(Shlex('make'), AddMount('/src', Local('src'), Readonly()))`
 */
export function AddMount<
  const Target extends string,
  const Options extends readonly (MountOption | NoOption)[],
>(target: Target, source: State, ...options: Options): MountChange<NoOutputTarget<Target, Options>> {
  const at: Caller = AddMount;
  const output = requireState(at, 'the source', source).Output();
  const mount = makeMount(at, target, output, options);
  const change = run((info) => ({ mounts: [...info.mounts, mount] }));
  return change as MountChange<NoOutputTarget<Target, Options>>;
}

/** Makes the root filesystem read-only; the result is then only in the mounts. `base.Run(Shlex('make'), ReadonlyRootFS())` */
export function ReadonlyRootFS(): ReadonlyRootOption {
  return Object.freeze({ ...run(() => ({ readonlyRootFS: true })), readonlyRoot: true });
}

/** Applies changes of state to the process only. `base.Run(Shlex('make'), With(User('app'), Dir('/src')))` */
export function With(...options: readonly (StateOption | NoOption)[]): RunChange {
  for (const [index, option] of options.entries()) {
    if (isNoOption(option)) continue;
    if (typeof option !== 'function') throw wrongOption(With, index, option);
  }
  return run((info) => ({ state: info.state.With(...options) }));
}

/** Adds a line to the process' `/etc/hosts`. `base.Run(Shlex('ping db'), AddExtraHost('db', '10.0.0.2'))` */
export function AddExtraHost(host: string, ip: string): RunChange {
  const entry = checkHost(AddExtraHost, host, ip);
  return run((info) => ({ state: info.state.AddExtraHost(entry.host, entry.ip) }));
}

/** Limits a resource of the process; -1 is no limit. `base.Run(Shlex('make'), AddUlimit(UlimitNofile, 1024, 4096))` */
export function AddUlimit(name: UlimitName, soft: number | bigint, hard: number | bigint): RunChange {
  const entry = checkUlimit(AddUlimit, name, soft, hard);
  return run((info) => ({ state: info.state.AddUlimit(entry.name, entry.soft, entry.hard) }));
}

/** Exit codes that count as success instead of 0. `base.Run(Shlex('grep x'), ValidExitCodes(0, 1))` */
export function ValidExitCodes(...codes: readonly number[]): RunChange {
  const checked = codes.map((code) =>
    whole(ValidExitCodes, 'an exit code', code, { min: -(2 ** 31), max: 2 ** 31 - 1 }),
  );
  return run((info) => ({ state: withValues(info.state, { validExitCodes: Object.freeze(checked) }) }));
}

/** Puts the process below a control group of the daemon. `base.Run(Shlex('make'), WithCgroupParent('builds'))` */
export function WithCgroupParent(parent: string): RunChange {
  const checked = text(WithCgroupParent, 'the cgroup', parent);
  return run((info) => ({ state: info.state.WithCgroupParent(checked) }));
}

const proxyNames = ['httpProxy', 'httpsProxy', 'ftpProxy', 'noProxy', 'allProxy'] as const;

/** Proxies that the process sees and that do not count for its cache. `Run(Shlex('make'), WithProxy({ httpProxy: url }))` */
export function WithProxy(proxy: ProxyEnv): RunChange {
  const at: Caller = WithProxy;
  const set = Object.entries(record(at, 'the proxy', proxyNames, proxy)).filter(
    ([, value]) => value !== undefined,
  );
  const proxyEnv: ProxyEnv = Object.fromEntries(set.map(([name, value]) => [name, text(at, name, value)]));
  return run(() => ({ proxyEnv }));
}
