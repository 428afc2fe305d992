import { createHash, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { compileSeccomp, seccompLibrary } from '../host/libseccomp.ts';
import { type SeccompProfile, seccompProfile } from './seccomp-profile.ts';

let program: Buffer | undefined | 'none';

/**
 * The filter of sandboxed processes, as the runtime takes it: crun a finished program where one can be made, others the
 * rules. A machine that cannot filter gets none, as with BuildKit.
 */
export function seccompFilter(
  kind: 'crun' | 'runc',
  cacheFolder: string | undefined,
): { readonly profile: SeccompProfile } | { readonly program: Buffer } {
  const profile = seccompProfile(process.arch);
  if (kind === 'runc') return { profile };
  program ??= keptProgram(profile, cacheFolder) ?? 'none';
  return program === 'none' ? { profile } : { program };
}

/** A compiled program with what it was made from. */
interface ProgramRecord {
  readonly version: 1;
  /** Of the rules. */
  readonly rules: string;
  /** File, size and time of the library: a newer one knows more system calls. */
  readonly library: string;
  /** Of the program. */
  readonly sha256: string;
  readonly program: string;
}

function keptProgram(profile: SeccompProfile, cacheFolder: string | undefined): Buffer | undefined {
  const file = cacheFolder && path.join(cacheFolder, 'seccomp.json');
  const rules = sha256(JSON.stringify(profile));
  const kept = file === undefined ? undefined : read(file);
  if (kept?.rules === rules && kept.library === seccompLibrary(kept.library)) {
    const bytes = Buffer.from(kept.program, 'base64');
    if (sha256(bytes) === kept.sha256) return bytes;
  }
  const made = compileSeccomp(profile);
  const library = made && seccompLibrary();
  if (made && library && file) {
    const record: ProgramRecord = {
      version: 1,
      rules,
      library,
      sha256: sha256(made),
      program: made.toString('base64'),
    };
    write(file, `${JSON.stringify(record)}\n`);
  }
  return made;
}

function read(file: string): ProgramRecord | undefined {
  try {
    const record = JSON.parse(fs.readFileSync(file, 'utf8')) as ProgramRecord;
    return record.version === 1 ? record : undefined;
  } catch {
    return undefined;
  }
}

/** A cache that cannot be written costs time only. */
function write(file: string, content: string): void {
  try {
    fs.mkdirSync(path.dirname(file), { recursive: true });
    const draft = `${file}.${randomBytes(6).toString('hex')}`;
    fs.writeFileSync(draft, content);
    fs.renameSync(draft, file);
  } catch {}
}

function sha256(data: string | Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}
