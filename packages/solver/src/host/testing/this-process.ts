import { isInUserNamespace } from '../in-user-namespace.ts';
import { type Pacer, pacerFor } from '../pacer.ts';

/** Root of the machine, who may make devices and mount what a user namespace may not. */
export const isRoot = process.getuid?.() === 0 && !isInUserNamespace();

/** The pacer of work that nothing stops. */
export const UNSTOPPED: Pacer = pacerFor(new AbortController().signal);
