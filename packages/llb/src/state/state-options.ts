import { text } from '../base/check.ts';
import { requireOwn } from '../graph/brand.ts';
import type { NetMode, SecurityMode } from '../graph/graph.ts';
import { envName } from '../value/env-list.ts';
import { resetTo, type State, type StateOption } from './state.ts';
import { checkNetMode, checkSecurityMode } from './state-checks.ts';

/** Sets an environment variable. `base.Run(Shlex('make'), AddEnv('CI', '1'))` */
export function AddEnv(key: string, value: string): StateOption {
  const name = envName(AddEnv, key);
  const checked = text(AddEnv, `the value of ${name}`, value);
  return (state) => state.AddEnv(name, checked);
}

/** Sets the directory; a relative one is below that so far. `base.Run(Shlex('make'), Dir('/src'))` */
export function Dir(path: string): StateOption {
  const checked = text(Dir, 'the directory', path);
  return (state) => state.Dir(checked);
}

/** Sets who the process runs as: `user` or `user:group`, names or numbers. `base.Run(Shlex('id'), User('app'))` */
export function User(user: string): StateOption {
  const checked = text(User, 'the user', user);
  return (state) => state.User(checked);
}

/** Sets the host name that the process sees. `base.Run(Shlex('hostname'), Hostname('builder'))` */
export function Hostname(hostname: string): StateOption {
  const checked = text(Hostname, 'the host name', hostname);
  return (state) => state.Hostname(checked);
}

/** Sets the network of the process. `base.Run(Shlex('make'), Network(NetModeNone))` */
export function Network(mode: NetMode): StateOption {
  const checked = checkNetMode(Network, mode);
  return (state) => state.Network(checked);
}

/** Sets how much the process may do. `base.Run(Shlex('mount'), Security(SecurityModeInsecure))` */
export function Security(mode: SecurityMode): StateOption {
  const checked = checkSecurityMode(Security, mode);
  return (state) => state.Security(checked);
}

/** Takes all values from another state; the filesystem stays. `built.With(Reset(base))` */
export function Reset(other: State): StateOption {
  requireOwn(Reset, 'the state to take values from', other);
  return (state) => resetTo(state, other);
}

/** The daemon's usual network; the default. `Network(NetModeSandbox)` */
export const NetModeSandbox = 'sandbox';
/** The daemon's own network; needs the entitlement `network.host`. `Network(NetModeHost)` */
export const NetModeHost = 'host';
/** No network but loopback. `Network(NetModeNone)` */
export const NetModeNone = 'none';
/** An ordinary container; the default. `Security(SecurityModeSandbox)` */
export const SecurityModeSandbox = 'sandbox';
/** A privileged container; needs the entitlement `security.insecure`. `Security(SecurityModeInsecure)` */
export const SecurityModeInsecure = 'insecure';
