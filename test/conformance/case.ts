import type { State } from 'llb-ts';
import type { FolderEntry } from '../support/folder.ts';

/** A build whose tree is known, because the reference BuildKit made it (`pnpm conformance:update`). */
export interface CaseSource {
  /** The subject of the case, in one line. */
  readonly about: string;
  readonly build: () => State;
  /** Local folders by name. Default: none. */
  readonly locals?: Readonly<Record<string, readonly FolderEntry[]>>;
  /** Secrets by id. Default: none. */
  readonly secrets?: Readonly<Record<string, string>>;
  /** Entitlements of processes, as `--allow` has them. Default: none. */
  readonly allow?: readonly string[];
}

/** The cases of one file of `cases/`, by name. */
export type CaseGroup = Readonly<Record<string, CaseSource>>;
