/** Solves LLB on this machine, on chains of overlayfs layers, without a daemon. */
export { createLocalBackend, type LocalBackendOptions } from './local-backend.ts';
