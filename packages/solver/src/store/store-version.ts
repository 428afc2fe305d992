import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { environmentFailure, errnoOf } from '../error/error.ts';
import { removeTree } from '../host/files.ts';

const VERSION = 2;
/** Nothing in it says what was on the disk when the machine went down, so its results cannot be believed. */
const ABANDONED = 1;
/** The parts of results of version 1. Blobs prove themselves; caches and repositories go on as they are. */
const ABANDONED_FOLDERS = [
  'layers',
  'refs',
  'cache',
  'digests',
  'alike',
  'local',
  'http',
  'blobs/layers',
  'blobs/variants',
  'staging',
];

/**
 * Makes `store.json`, or sees that it is ours. The results of version 1 are removed; an unreadable file is written anew,
 * since every record says its own version. No other process may call it at the same time. Fails with an `environment` failure.
 */
export function checkVersion(root: string): void {
  const file = `${root}/store.json`;
  const version = readVersion(file);
  if (version === VERSION) return;
  if (version !== undefined && version !== ABANDONED) {
    throw environmentFailure(
      `the state directory ${root} is of version ${version}, this program needs ${VERSION}`,
      {
        hint: 'name another directory with --state-dir, or remove this one: it holds nothing but results that can be built again',
      },
    );
  }
  if (version === ABANDONED) {
    for (const name of ABANDONED_FOLDERS) removeTree(`${root}/${name}`);
    fs.mkdirSync(`${root}/staging`, { mode: 0o700 });
  }
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  fs.writeFileSync(draft, `${JSON.stringify({ version: VERSION })}\n`, { mode: 0o600, flush: true });
  if (fs.statSync(file, { throwIfNoEntry: false })?.isDirectory()) removeTree(file);
  fs.renameSync(draft, file);
}

/** Undefined: there is none, or it cannot be read. */
function readVersion(file: string): unknown {
  try {
    const stored: unknown = JSON.parse(fs.readFileSync(file, 'utf8'));
    return (stored as { version?: unknown } | null)?.version;
  } catch (error) {
    const code = errnoOf(error);
    if (error instanceof SyntaxError || code === 'ENOENT' || code === 'EISDIR' || code === 'EIO')
      return undefined;
    throw error;
  }
}
