import type { CallSite } from '../base/call-site.ts';
import type {
  CDIDevice,
  Constraints,
  Environment,
  ExecVertex,
  Mount,
  Output,
  ProxyEnv,
  Secret,
  SSHSocket,
} from '../graph/graph.ts';

/** The parts of a process that `Run` collected. */
export interface ProcessSpec {
  readonly environment: Environment;
  readonly root: Output | undefined;
  readonly readonlyRoot: boolean;
  readonly proxyEnv: ProxyEnv | undefined;
  readonly secrets: readonly Secret[];
  readonly ssh: readonly SSHSocket[];
  readonly cdiDevices: readonly CDIDevice[];
  readonly constraints: Constraints;
  readonly callSite: CallSite | undefined;
}

/**
 * A process in the making: its vertex and the outputs of its mounts. Mounts may still be added after its outputs were
 * handed out (docs/buildkit-semantics.md#options-of-run), so an output names its mount and is numbered only when the vertex is marshaled.
 */
export class Process {
  readonly vertex: ExecVertex;
  readonly #mounts: Mount[] = [];
  readonly #outputs: (Output | undefined)[] = [];

  constructor({ root, readonlyRoot, proxyEnv, ...rest }: ProcessSpec) {
    this.vertex = Object.freeze({
      kind: 'exec',
      mounts: this.#mounts,
      ...(proxyEnv && { proxyEnv }),
      ...rest,
    });
    this.add(
      Object.freeze({
        target: '/',
        source: root,
        readonly: readonlyRoot,
        noOutput: false,
        selector: '',
        contentCache: 'default',
      }),
    );
  }

  /** Mounts one more; returns what is there afterwards, undefined for an empty filesystem (docs/buildkit-semantics.md#outputs-of-mounts). */
  add(mount: Mount): Output | undefined {
    const output = this.#outputOf(mount);
    this.#mounts.push(mount);
    this.#outputs.push(output);
    return output;
  }

  /** The filesystem of the first mount at exactly `target` afterwards; undefined where nothing is mounted. */
  at(target: string): Output | undefined {
    return this.#outputs[this.#mounts.findIndex((mount) => mount.target === target)];
  }

  #outputOf(mount: Mount): Output | undefined {
    const { target } = mount;
    if (mount.readonly) return mount.source;
    if (mount.tmpfs) return none(`tmpfs mount for ${target} can't be used as a parent`);
    if (mount.noOutput) return none(`mount marked no-output and ${target} can't be used as a parent`);
    if (mount.cache) return none(`invalid mount: ${target}`);
    const { platform } = this.vertex.constraints;
    return Object.freeze({ kind: 'mount', vertex: this.vertex, mount, ...(platform && { platform }) });
  }
}

function none(reason: string): Output {
  return Object.freeze({ kind: 'none', reason });
}
