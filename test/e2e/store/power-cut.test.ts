import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { requires } from '../../support/requirements.ts';
import { llbTsProgram } from '../../support/solvers.ts';
import { type Rig, withRig } from '../cli/rig.ts';

/** LLB_TS_CUTS sets another number: docs/reliability.md tells of a longer run. */
const CUTS = Number(process.env.LLB_TS_CUTS ?? 4);
/** From here on a quick solve has ended, and the cut comes after it. */
const LATEST_MS = 4_000;

const FILES = 200;
const BUILD = `
import { Copy, Diff, Local, Merge, Mkfile, Rm, Scratch } from 'llb-ts';
const src = Local('src', { dir: './src' });
export default ({ round }: { round: string }) => {
  const parts = Array.from({ length: 4 }, (_, i) =>
    Scratch().File(Mkfile('/round' + i, 0o644, round)).File(Copy(src, '/', \`/part\${i}/\`, { createDestPath: true })));
  const all = Merge(...parts);
  const more = all.File(Mkfile('/more', 0o644, round.repeat(1000))).File(Rm('/part0/f7'));
  return Merge(...parts, Diff(all, more)).File(Mkfile('/done', 0o644, round));
};
`;

/** A disk of its own for the store, whose power can be cut: what ext4 had not written by then is lost. */
class Disk {
  readonly mount: string;
  #image: string;
  readonly #bootId: string;

  constructor(folder: string) {
    this.mount = join(folder, 'disk');
    this.#image = join(folder, 'disk.img');
    this.#bootId = join(folder, 'boot-id');
    mkdirSync(this.mount);
    execFileSync('truncate', ['-s', '512M', this.#image]);
    execFileSync('mkfs.ext4', ['-q', '-F', this.#image]);
    this.start('data=ordered');
  }

  /** Starts the machine: its disk, and a boot id that it did not have before. */
  start(options: string): void {
    writeFileSync(this.#bootId, `${randomUUID()}\n`);
    execFileSync('mount', ['-o', `loop,${options}`, this.#image, this.mount]);
  }

  cut(): void {
    // EXT4_IOC_SHUTDOWN without a flush of the journal.
    const program =
      'open F, "<", $ARGV[0] or die; $f = pack("L", 2); ioctl(F, 0x8004587d, $f) or die "shutdown: $!"';
    execFileSync('perl', ['-e', program, this.mount]);
  }

  stop(): void {
    execFileSync('umount', [this.mount]);
    // A mount namespace of somebody else's may still have the old one; the next start needs a disk that is read anew.
    const image = `${this.#image}x`;
    execFileSync('cp', ['--sparse=always', this.#image, image]);
    rmSync(this.#image);
    this.#image = image;
  }

  /** Starts a solve on this machine. */
  solve(rig: Rig, args: readonly string[]): { child: ChildProcess; ended: Promise<Outcome> } {
    const script = 'mount --bind "$0" /proc/sys/kernel/random/boot_id && exec "$@"';
    const command = [process.execPath, llbTsProgram(), 'solve', ...args];
    const child = spawn('unshare', ['--mount', 'sh', '-c', script, this.#bootId, ...command], {
      cwd: rig.folder,
      env: { ...process.env, LLB_TS_STATE_DIR: join(this.mount, 'store'), NO_COLOR: '1' },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let stderr = '';
    child.stderr?.on('data', (chunk) => {
      stderr += String(chunk);
    });
    const ended = new Promise<Outcome>((resolve) => {
      child.once('close', (status) => resolve({ status, stderr }));
    });
    return { child, ended };
  }
}

interface Outcome {
  readonly status: number | null;
  readonly stderr: string;
}

requires('root', 'ext4-image')('a power cut', () => {
  test(
    `loses nothing that was finished, and nothing wrong is served: ${CUTS} cuts`,
    {
      timeout: 60_000 + CUTS * 60_000,
    },
    () =>
      withRig({ 'build.ts': BUILD }, async (rig) => {
        const source = join(rig.folder, 'src');
        mkdirSync(source);
        for (let i = 0; i < FILES; i++) writeFileSync(join(source, `f${i}`), `content of ${i}`);
        const disk = new Disk(join(rig.folder, '..'));
        try {
          for (let round = 0; round < CUTS; round++) await cutOnce(disk, rig, round);
        } finally {
          disk.stop();
        }
      }),
  );
});

/** Cuts the power at some moment of a solve, or soon after it; then solves again and looks at what comes out. */
async function cutOnce(disk: Disk, rig: Rig, round: number): Promise<void> {
  const args = ['--arg', `round=${round}`];
  const moment = Math.floor(Math.random() * LATEST_MS);
  const { child, ended } = disk.solve(rig, args);
  // Every third is cut when it has ended with success: all of it must be there then.
  const isWhole = round % 3 === 2;
  const before = isWhole ? await ended : await Promise.race([ended, sleep(moment).then(() => undefined)]);
  disk.cut();
  child.kill('SIGKILL');
  await ended;
  disk.stop();
  disk.start(round % 2 === 0 ? 'data=writeback,commit=1' : 'data=ordered');
  const out = join(rig.folder, 'out');
  rmSync(out, { recursive: true, force: true });
  const after = await disk.solve(rig, [...args, '-o', 'out']).ended;
  const told = `round ${round}, cut ${before ? 'after the end' : `after ${moment} ms`}:\n${after.stderr}`;
  expect(after.status, told).toBe(0);
  if (before) expect(after.stderr, told).toContain(' 0 ran,');
  for (let i = 0; i < 4; i++) {
    expect(execFileSync('cat', [join(out, `round${i}`)], { encoding: 'utf8' }), told).toBe(String(round));
    const exclude = i === 0 ? ['--exclude=f7'] : [];
    execFileSync('diff', ['-r', ...exclude, join(rig.folder, 'src'), join(out, `part${i}`)]);
  }
  const more = execFileSync('cat', [join(out, 'more'), join(out, 'done')], { encoding: 'utf8' });
  expect(more, told).toBe(String(round).repeat(1001));
}
