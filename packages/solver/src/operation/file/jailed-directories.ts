import type { Draft } from '../../layer/draft.ts';
import { componentsOf, join } from '../../tree/bytes.ts';
import { locate } from '../../tree/locate.ts';
import { pathFailure } from './failure.ts';

/** The directories that an archive's entries lie in, found and made as in a process whose root is the jail. */
export class JailedDirectories {
  readonly #draft: Draft;
  readonly #jail: string;
  readonly #known = new Map<string, string>();

  constructor(draft: Draft, jail: string) {
    this.#draft = draft;
    this.#jail = jail;
  }

  /**
   * Where a directory of the archive is, every link followed; what is missing is made, 0755 and root's.
   *
   * @param path clean, absolute within the jail
   * @returns its path in the draft
   */
  enter(path: string): string {
    const known = this.#known.get(path);
    if (known !== undefined) return known;
    const found = this.#find(this.#jail, path, path) ?? this.#make(path);
    this.#known.set(path, found);
    return found;
  }

  /** To be called when something was removed or a link was made: paths may lead elsewhere now. */
  forget(): void {
    this.#known.clear();
  }

  #find(from: string, path: string, shown: string): string | undefined {
    const location = locate(this.#draft, path, { follow: true, jail: this.#jail, from });
    if (location.kind === 'found') {
      if (location.entry.stat.type !== 'dir') throw pathFailure('mkdir', shown, 'ENOTDIR');
      return location.path;
    }
    if (location.kind === 'failed' && location.code !== 'ENOENT') {
      throw pathFailure('mkdir', shown, location.code);
    }
    return undefined;
  }

  #make(path: string): string {
    let shown = '';
    let at = this.#jail;
    for (const name of componentsOf(path)) {
      shown = `${shown}/${name}`;
      const found = this.#find(at, `/${name}`, shown);
      const next = found ?? join(at, name);
      if (found === undefined) {
        // A link that leads nowhere is in the way.
        if (this.#draft.lookup(next)) throw pathFailure('mkdir', shown, 'EEXIST');
        this.#draft.makeDirectory(next, 0o755);
        this.#draft.setOwner(next, 0, 0);
      }
      at = next;
    }
    return at;
  }
}
