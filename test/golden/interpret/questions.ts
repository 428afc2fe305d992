import type { State } from '@llb-ts/llb';
import { resolve } from '@llb-ts/marshal';
import type { Call } from './call.ts';

/** The state of argument 0, with nothing left open that an async state decides. */
const settled = (c: Call): Promise<State> => resolve(c.state(0));

const networks = { sandbox: 0, host: 1, none: 2 } as const;
const securities = { sandbox: 0, insecure: 1 } as const;

/** The queries of a state; answers in the form of Go's JSON. */
export const questions: Readonly<Record<string, (call: Call) => Promise<unknown>>> = {
  'State.Env': async (c) => (await settled(c)).Env(),
  'State.GetEnv': async (c) => (await settled(c)).GetEnv(c.text(1)) ?? null,
  'State.GetDir': async (c) => (await settled(c)).GetDir(),
  // No arguments are an empty list here, nil in Go.
  'State.GetArgs': async (c) => {
    const args = (await settled(c)).GetArgs();
    return args.length > 0 ? args : null;
  },
  'State.GetHostname': async (c) => (await settled(c)).GetHostname(),
  'State.GetNetwork': async (c) => networks[(await settled(c)).GetNetwork()],
  'State.GetSecurity': async (c) => securities[(await settled(c)).GetSecurity()],
  'State.Value': async (c) => (await settled(c)).Value(c.text(1)) ?? null,
  'State.GetPlatform': async (c) => {
    const platform = (await settled(c)).GetPlatform();
    if (!platform) return null;
    const { os, architecture, variant, osVersion, osFeatures } = platform;
    return {
      architecture,
      os,
      ...(osVersion && { 'os.version': osVersion }),
      ...(osFeatures && { 'os.features': osFeatures }),
      ...(variant && { variant }),
    };
  },
};
