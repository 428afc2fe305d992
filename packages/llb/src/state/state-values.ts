import { own, shared } from '../graph/brand.ts';
import { resolveEnvironment } from '../graph/environment.ts';
import type { Environment, HasState, NetMode, Output, SecurityMode } from '../graph/graph.ts';
import type { EnvList } from '../value/env-list.ts';
import type { PlatformSpec } from '../value/platform.ts';

/** The reading side of a State: its filesystem and what the next command sees. */
export abstract class StateValues implements HasState {
  readonly #output: Output | undefined;
  /** The environment of the next command. */
  readonly environment: Environment;

  protected constructor(output: Output | undefined, environment: Environment) {
    this.#output = output;
    this.environment = environment;
  }

  get [own](): true {
    return true;
  }

  get [shared](): true {
    return true;
  }

  /** The output that it is the filesystem of; undefined for an empty one. */
  Output(): Output | undefined {
    return this.#output;
  }

  /** All variables. Like every getter it fails with `unresolved-state` where the values are those of an async state. */
  Env(): EnvList {
    return resolveEnvironment(this.environment).env;
  }

  /** The value of a variable; undefined when it is not set. */
  GetEnv(key: string): string | undefined {
    return this.Env().Get(key);
  }

  /** The directory; `''` when none was ever set. */
  GetDir(): string {
    return resolveEnvironment(this.environment).dir ?? '';
  }

  /** The arguments; only a state inside `Run` options has any. */
  GetArgs(): readonly string[] {
    return resolveEnvironment(this.environment).args ?? [];
  }

  /** The user; `''` when none was set. */
  GetUser(): string {
    return resolveEnvironment(this.environment).user ?? '';
  }

  /** The host name; `''` when none was set. */
  GetHostname(): string {
    return resolveEnvironment(this.environment).hostname ?? '';
  }

  /** The platform; undefined when none was set. */
  GetPlatform(): PlatformSpec | undefined {
    return resolveEnvironment(this.environment).platform;
  }

  /** The network mode; `'sandbox'` when none was set. */
  GetNetwork(): NetMode {
    return resolveEnvironment(this.environment).network ?? 'sandbox';
  }

  /** The security mode; `'sandbox'` when none was set. */
  GetSecurity(): SecurityMode {
    return resolveEnvironment(this.environment).security ?? 'sandbox';
  }

  /** A value that {@link State.WithValue} kept; undefined when there is none. */
  Value(key: unknown): unknown {
    return resolveEnvironment(this.environment).values?.get(key);
  }
}
