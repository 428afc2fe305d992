import * as llb from '@llb-ts/llb';
import type { Call } from './call.ts';

/** Values and verbs of a state, and the state options of the same names. A format of Go's is a template here. */
export const states: Readonly<Record<string, (call: Call) => unknown>> = {
  NewState: (c) => llb.NewState(c.output(0)),
  'State.Output': (c) => c.state(0).Output(),
  'State.WithOutput': (c) => c.state(0).WithOutput(c.output(1)),

  'State.AddEnv': (c) => c.state(0).AddEnv(c.text(1), c.text(2)),
  'State.AddEnvf': (c) => c.state(0).AddEnv(c.text(1), c.formatted(2)),
  'State.AddExtraHost': (c) => c.state(0).AddExtraHost(c.text(1), c.text(2)),
  'State.AddUlimit': (c) => c.state(0).AddUlimit(c.arg(1), c.long(2), c.long(3)),
  'State.Dir': (c) => c.state(0).Dir(c.text(1)),
  'State.Dirf': (c) => c.state(0).Dir(c.formatted(1)),
  'State.User': (c) => c.state(0).User(c.text(1)),
  'State.Hostname': (c) => c.state(0).Hostname(c.text(1)),
  'State.Network': (c) => c.state(0).Network(c.arg(1)),
  'State.Security': (c) => c.state(0).Security(c.arg(1)),
  'State.Platform': (c) => c.state(0).Platform(c.platform(1)),
  'State.WithCgroupParent': (c) => c.state(0).WithCgroupParent(c.text(1)),
  'State.With': (c) => c.state(0).With(...c.rest<llb.StateOption>(1)),
  'State.Reset': (c) => c.state(0).Reset(c.state(1)),
  'State.Requires': (c) => c.state(0).Requires(c.text(1), ...c.rest<llb.State>(2)),
  'State.WithValue': (c) => c.state(0).WithValue(c.text(1), c.arg(2)),
  'State.Async': (c) => {
    const compute = c.arg<(it: llb.State, constraints: llb.Constraints) => llb.State>(1);
    return c.state(0).Async((it, { constraints }) => compute(it, constraints));
  },
  'State.SetMarshalDefaults': (c) => c.state(0).SetMarshalDefaults(...c.rest<llb.ConstraintsOpt>(1)),
  'State.WithImageConfig': (c) => c.state(0).WithImageConfig(JSON.stringify(c.record(1))),

  AddEnv: (c) => llb.AddEnv(c.text(0), c.text(1)),
  AddEnvf: (c) => llb.AddEnv(c.text(0), c.formatted(1)),
  Dir: (c) => llb.Dir(c.text(0)),
  Dirf: (c) => llb.Dir(c.formatted(0)),
  User: (c) => llb.User(c.text(0)),
  Hostname: (c) => llb.Hostname(c.text(0)),
  Network: (c) => llb.Network(c.arg(0)),
  Security: (c) => llb.Security(c.arg(0)),
  Reset: (c) => llb.Reset(c.state(0)),

  NetModeSandbox: () => llb.NetModeSandbox,
  NetModeHost: () => llb.NetModeHost,
  NetModeNone: () => llb.NetModeNone,
  SecurityModeSandbox: () => llb.SecurityModeSandbox,
  SecurityModeInsecure: () => llb.SecurityModeInsecure,

  'EnvList.AddOrReplace': (c) => c.arg<llb.EnvList>(0).AddOrReplace(c.text(1), c.text(2)),
  'EnvList.SetDefault': (c) => c.arg<llb.EnvList>(0).SetDefault(c.text(1), c.text(2)),
  'EnvList.Delete': (c) => c.arg<llb.EnvList>(0).Delete(c.text(1)),
  'EnvList.Get': (c) => c.arg<llb.EnvList>(0).Get(c.text(1)),
  'EnvList.Keys': (c) => c.arg<llb.EnvList>(0).Keys(),
  'EnvList.ToArray': (c) => c.arg<llb.EnvList>(0).ToArray(),
};
