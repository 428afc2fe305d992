/** Helpers of the tests in this folder: definitions made by hand, solved by a whole backend. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { type Backend, defaultRequest, directories, type SolveRequest } from '@llb-ts/backend';
import {
  Definition,
  type Digest,
  digestOf,
  type ExecOp,
  encodeHead,
  encodeOp,
  type Input,
  type Meta,
  type Mount,
  MountType,
  type OpKind,
} from '@llb-ts/pb';
import { temporaryFolder } from '../../../../../../test/support/temporary.ts';
import { findProgram } from '../../../host/programs.ts';
import { createLocalBackend, type LocalBackendOptions } from '../../../local-backend.ts';

const busybox = findProgram('busybox');

export const canRunExecs = process.getuid?.() === 0 && busybox !== undefined;

export const plainMount: Mount = {
  input: 0,
  selector: '',
  dest: '/',
  output: 0,
  readonly: false,
  mountType: MountType.bind,
  resultID: '',
  contentCache: 0,
};

export const plainMeta: Meta = {
  args: ['true'],
  env: ['PATH=/bin'],
  cwd: '/',
  user: '',
  extraHosts: [],
  hostname: '',
  ulimit: [],
  cgroupParent: '',
  removeMountStubsRecursive: true,
  validExitCodes: [],
};

export const plainExec: ExecOp = {
  meta: plainMeta,
  mounts: [plainMount],
  network: 0,
  security: 0,
  secretenv: [],
  cdiDevices: [],
};

/** An exec of a shell script; `more` replaces fields. */
export function script(
  text: string,
  more: Omit<Partial<ExecOp>, 'meta'> & { readonly meta?: Partial<Meta> } = {},
): ExecOp {
  const { meta, ...rest } = more;
  return { ...plainExec, ...rest, meta: { ...plainMeta, args: ['sh', '-c', text], ...meta } };
}

/** Collects ops of one definition. */
export class Graph {
  readonly #ops: Uint8Array[] = [];

  add(op: OpKind, inputs: readonly Input[] = []): Digest {
    const bytes = encodeOp({ inputs, constraints: { filter: [] }, op });
    this.#ops.push(bytes);
    return digestOf(bytes);
  }

  /** The folder with a shell that {@link ExecRig} offers. */
  base(): Input {
    return { digest: this.add({ kind: 'source', identifier: 'local://base', attrs: {} }), index: 0 };
  }

  exec(op: ExecOp, ...inputs: readonly Input[]): Input {
    return { digest: this.add({ kind: 'exec', ...op }, inputs), index: 0 };
  }

  ending(head: Input): Definition {
    return Definition.from({ def: [...this.#ops, encodeHead(head)], metadata: {} });
  }
}

/** A backend with a store of its own and a root with busybox. */
export class ExecRig {
  readonly dir = temporaryFolder();
  /** Output of all processes; tests may reset it. */
  log = '';
  readonly warnings: string[] = [];
  #backend: Backend | undefined;
  #serial = 0;

  constructor() {
    const base = `${this.dir}/base`;
    for (const folder of ['bin', 'etc', 'tmp']) fs.mkdirSync(`${base}/${folder}`, { recursive: true });
    fs.copyFileSync(busybox!, `${base}/bin/busybox`);
    fs.chmodSync(`${base}/bin/busybox`, 0o755);
    for (const applet of execFileSync(busybox!, ['--list'], { encoding: 'utf8' }).trim().split('\n')) {
      if (applet !== 'busybox') fs.symlinkSync('busybox', `${base}/bin/${applet}`);
    }
    fs.writeFileSync(`${base}/etc/passwd`, 'root:x:0:0:root:/root:/bin/sh\n');
  }

  /** Solves, and returns a folder with the result. */
  async solve(
    definition: Definition,
    more: Partial<SolveRequest> = {},
    options: Partial<LocalBackendOptions> = {},
  ): Promise<string> {
    this.#backend ??= await createLocalBackend({ stateDir: `${this.dir}/store`, ...options });
    const out = `${this.dir}/out${this.#serial++}`;
    await this.#backend.solve({
      ...defaultRequest,
      target: { kind: 'one', definition },
      folders: directories({ base: `${this.dir}/base` }),
      outputs: [{ type: 'local', attrs: {}, sink: { kind: 'directory', path: out } }],
      onProgress: (event) => {
        if (event.type === 'log') this.log += Buffer.from(event.data).toString();
        if (event.type === 'warning') this.warnings.push(event.message);
      },
      ...more,
    });
    return out;
  }

  /** Runs one exec on the base; its result. */
  run(op: ExecOp, more: Partial<SolveRequest> = {}): Promise<string> {
    const graph = new Graph();
    return this.solve(graph.ending(graph.exec(op, graph.base())), more);
  }

  async dispose(): Promise<void> {
    await this.#backend?.close();
  }
}
