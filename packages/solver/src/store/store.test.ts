import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SolveFailure } from '@llb-ts/backend';
import { beforeEach, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../../../test/support/temporary.ts';
import { isLeased } from '../host/lease.ts';
import { findProgram } from '../host/programs.ts';
import { bootName } from './boot.ts';
import { Store } from './store.ts';

let root: string;
beforeEach(() => {
  root = temporaryFolder();
});

const any = (fields: object) => fields;

/** The store after the machine went down: what was written is of another boot. */
function afterBoot(): Store {
  const now = bootName(root);
  const earlier = 'e'.repeat(12);
  for (const name of fs.readdirSync(root)) {
    if (!name.endsWith('.json') || name === 'store.json') continue;
    const text = fs.readFileSync(`${root}/${name}`, 'utf8');
    fs.writeFileSync(`${root}/${name}`, text.replace(`"written":"${now}.`, `"written":"${earlier}.`));
  }
  for (const name of fs.readdirSync(`${root}/staging`)) {
    fs.renameSync(`${root}/staging/${name}`, `${root}/staging/${name.replace(now, earlier)}`);
  }
  return new Store(root);
}

describe('a record', () => {
  it('counts for every process of the boot, and after that only if it was brought to the disk', async () => {
    const store = new Store(root);
    store.records.write(`${root}/first.json`, { n: 1 });
    await store.settle();
    store.records.write(`${root}/second.json`, { n: 2 });
    const other = new Store(root);
    expect(other.records.read(`${root}/first.json`, any)).toMatchObject({ n: 1 });
    expect(other.records.read(`${root}/second.json`, any)).toMatchObject({ n: 2 });
    const later = afterBoot();
    expect(later.records.read(`${root}/first.json`, any)).toMatchObject({ n: 1 });
    expect(later.records.read(`${root}/second.json`, any)).toBeUndefined();
  });

  it('counts after a boot when the process was killed and a later one has settled', async () => {
    const killed = new Store(root);
    killed.records.write(`${root}/one.json`, { n: 1 });
    const [folder] = fs.readdirSync(`${root}/staging`);
    // As the kernel would: the folder stays, its lease is gone.
    fs.renameSync(`${root}/staging/${folder}`, `${root}/moved`);
    fs.mkdirSync(`${root}/staging/${folder}`);
    await new Store(root).close();
    expect(fs.readdirSync(`${root}/staging`)).toEqual([]);
    expect(afterBoot().records.read(`${root}/one.json`, any)).toMatchObject({ n: 1 });
  });

  it('does not count where the marks were cut off', async () => {
    const store = new Store(root);
    store.records.write(`${root}/one.json`, { n: 1 });
    await store.close();
    const marks = fs.readFileSync(`${root}/durable`, 'utf8');
    fs.writeFileSync(`${root}/durable`, marks.slice(0, -1));
    expect(afterBoot().records.read(`${root}/one.json`, any)).toBeUndefined();
    const next = new Store(root);
    next.records.write(`${root}/two.json`, { n: 2 });
    await next.close();
    expect(afterBoot().records.read(`${root}/two.json`, any)).toMatchObject({ n: 2 });
  });

  it.each(['', 'null', '[]', '7', '{"version":2}', '{"version":', '\0\0'])('of %j is missing', (text) => {
    const { records } = new Store(root);
    fs.writeFileSync(`${root}/r.json`, text);
    expect(records.read(`${root}/r.json`, any)).toBeUndefined();
    records.write(`${root}/r.json`, { n: 1 });
    expect(records.read(`${root}/r.json`, any)).toMatchObject({ n: 1 });
  });

  it('that is a folder is missing, and gives way', () => {
    const { records } = new Store(root);
    fs.mkdirSync(`${root}/r.json/full`, { recursive: true });
    expect(records.read(`${root}/r.json`, any)).toBeUndefined();
    records.write(`${root}/r.json`, { n: 1 });
    expect(records.read(`${root}/r.json`, any)).toMatchObject({ n: 1 });
  });
});

describe('staging', () => {
  it.runIf(findProgram('flock'))('is swept when its process is gone, in whatever pid namespace', async () => {
    await new Store(root).close();
    const living = `${root}/staging/${bootName(root)}-${'0'.repeat(16)}`;
    fs.mkdirSync(`${living}/x/own`, { recursive: true });
    fs.mkdirSync(`${root}/staging/4194305-77-abc/x/own`, { recursive: true });
    const holder = spawn('flock', ['--no-fork', living, 'sleep', '60'], { stdio: 'ignore' });
    while (!isLeased(living)) await sleep(5);
    const beside = new Store(root);
    expect(beside.foundCrashed).toBe(true);
    expect(fs.existsSync(`${living}/x/own`)).toBe(true);
    expect(fs.existsSync(`${root}/staging/4194305-77-abc`)).toBe(false);
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    const after = new Store(root);
    expect(fs.existsSync(`${living}/x`)).toBe(false);
    await Promise.all([beside.close(), after.close()]);
    expect(fs.readdirSync(`${root}/staging`)).toEqual([]);
  });
});

describe('the state directory', () => {
  const mode = (name: string) => fs.statSync(`${root}/${name}`).mode & 0o777;

  it('is closed to others, also one that was open before', () => {
    fs.chmodSync(root, 0o755);
    new Store(root);
    expect(mode('.')).toBe(0o700);
    fs.chmodSync(root, 0o777);
    new Store(root);
    expect(mode('.')).toBe(0o700);
    new Store(`${root}/staging/../staging/made/by/us`);
    expect(mode('staging/made/by/us')).toBe(0o700);
  });

  it('stays open where other things are in it, and then what the store has there is closed', () => {
    fs.chmodSync(root, 0o755);
    fs.writeFileSync(`${root}/notes.txt`, '');
    fs.mkdirSync(`${root}/layers`, { mode: 0o755 });
    for (let i = 0; i < 2; i++) {
      new Store(root);
      expect([mode('.'), mode('layers'), mode('staging'), mode('caches'), mode('blobs')]).toEqual([
        0o755, 0o700, 0o700, 0o700, 0o700,
      ]);
    }
  });

  it('of another version is refused', () => {
    fs.writeFileSync(`${root}/store.json`, '{"version":99}');
    const failure = failureOf(() => new Store(root));
    expect(failure.code).toBe('environment');
    expect(failure.message).toContain('of version 99');
    expect(failure.details.hint).toContain('--state-dir');
    expect(fs.readFileSync(`${root}/store.json`, 'utf8')).toBe('{"version":99}');
  });

  it('of version 1 loses its results and keeps its caches', () => {
    fs.writeFileSync(`${root}/store.json`, '{"version":1}');
    for (const name of ['layers/l/own', 'refs', 'cache', 'caches/c', 'blobs/sha256', 'digests'])
      fs.mkdirSync(`${root}/${name}`, { recursive: true });
    new Store(root);
    expect(fs.existsSync(`${root}/layers/l`) || fs.existsSync(`${root}/digests`)).toBe(false);
    expect(fs.existsSync(`${root}/caches/c`) && fs.existsSync(`${root}/blobs/sha256`)).toBe(true);
    expect(JSON.parse(fs.readFileSync(`${root}/store.json`, 'utf8'))).toEqual({ version: 2 });
  });

  it.each(['', 'null', '{"vers'])('goes on where its version was cut off: %j', (text) => {
    fs.writeFileSync(`${root}/store.json`, text);
    fs.mkdirSync(`${root}/layers/l`, { recursive: true });
    new Store(root);
    expect(fs.existsSync(`${root}/layers/l`)).toBe(true);
    expect(JSON.parse(fs.readFileSync(`${root}/store.json`, 'utf8'))).toEqual({ version: 2 });
  });

  it('says why it cannot be used', () => {
    fs.writeFileSync(`${root}/a-file`, '');
    expect(failureOf(() => new Store(`${root}/a-file`)).message).toContain('is not a directory');
    expect(failureOf(() => new Store('/proc/llb-ts')).code).toBe('environment');
    expect(failureOf(() => new Store(`${root}/${'x'.repeat(300)}`)).message).toContain('too long');
    expect(failureOf(() => new Store(`${root}/a\0b`)).message).toContain('NUL');
  });
});

function failureOf(act: () => unknown): SolveFailure {
  try {
    act();
  } catch (error) {
    return error as SolveFailure;
  }
  throw new Error('did not fail');
}
