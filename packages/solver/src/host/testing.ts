import { isInUserNamespace } from './in-user-namespace.ts';

/** Root of the machine, who may make devices and mount what a user namespace may not. */
export const isRoot = process.getuid?.() === 0 && !isInUserNamespace();
