/** Solves LLB on this machine, on chains of overlayfs layers, without a daemon. */

export { enterUserNamespace, needsUserNamespace, ROOTLESS_VARIABLE } from './host/user-namespace.ts';
export { createLocalBackend, type LocalBackendOptions } from './local-backend.ts';
export type { RegistryConfig, RegistryHostConfig } from './registry/registry-hosts.ts';
