import type { Caller } from '../base/call-site.ts';
import { flag, text } from '../base/check.ts';
import { type Checks, given, type NoOption, settings } from '../graph/option.ts';
import type { RunChange } from '../state/state.ts';
import { run } from './run-options.ts';

/** Settings of a device request. */
export interface CDIDeviceInfo {
  /** Name as the Container Device Interface has it: `vendor.com/gpu=0`. Default: `''`. */
  readonly name?: string;
  /** The process runs without it where the daemon has none. Default: false. */
  readonly optional?: boolean;
}
/** An option of `AddCDIDevice`. */
export type CDIDeviceOption = CDIDeviceInfo;

const checks = { name: text, optional: flag } satisfies Checks<CDIDeviceInfo>;

/** Asks for a device of the daemon. `Run(Shlex('train'), AddCDIDevice(CDIDeviceName('vendor.com/gpu=all')))` */
export function AddCDIDevice(...options: readonly (CDIDeviceOption | NoOption)[]): RunChange {
  const at: Caller = AddCDIDevice;
  const { name = '', optional = false } = settings(at, { of: 'AddCDIDevice', checks }, options);
  const device = Object.freeze({ name, optional });
  return run(({ cdiDevices }) => ({ cdiDevices: [...cdiDevices, device] }));
}

/** Name of a device. `AddCDIDevice(CDIDeviceName('vendor.com/gpu=0'))` */
export function CDIDeviceName(name: string): { readonly name: string } {
  return given(CDIDeviceName, { name });
}

/** The process runs without the device where the daemon has none. `AddCDIDevice(CDIDeviceName('x'), CDIDeviceOptional)` */
export const CDIDeviceOptional: { readonly optional: true } = Object.freeze({ optional: true });
