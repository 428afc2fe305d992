import type { Draft } from '../../layer/draft.ts';
import { componentsOf, join } from '../../name/bytes.ts';
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
   * The path of a directory of the archive, with every link followed. A missing one is made with its parents, 0755 and
   * root's.
   *
   * @param path clean, absolute within the jail
   * @returns its path in the draft, or why what has the name is no directory to put anything in
   */
  enter(path: string): string | { readonly code: string } {
    const known = this.#known.get(path);
    if (known !== undefined) return known;
    const found = this.#find(this.#jail, path);
    if (typeof found === 'object') {
      const there = locate(this.#draft, path, { follow: false, jail: this.#jail });
      if (found.code !== 'ENOENT' || there.kind === 'found') return found;
    }
    const entered = typeof found === 'string' ? found : this.#make(path);
    this.#known.set(path, entered);
    return entered;
  }

  /** To be called when something was removed or a link was made: paths may lead elsewhere now. */
  forget(): void {
    this.#known.clear();
  }

  #find(from: string, path: string): string | { readonly code: string } {
    const location = locate(this.#draft, path, { follow: true, jail: this.#jail, from });
    if (location.kind === 'failed') return location;
    if (location.kind !== 'found') return { code: 'ENOENT' };
    return location.entry.stat.type === 'dir' ? location.path : { code: 'ENOTDIR' };
  }

  #make(path: string): string {
    let shown = '';
    let at = this.#jail;
    for (const name of componentsOf(path)) {
      shown = `${shown}/${name}`;
      const found = this.#find(at, `/${name}`);
      const next = typeof found === 'string' ? found : join(at, name);
      if (typeof found === 'object') {
        if (found.code !== 'ENOENT') throw pathFailure('mkdir', shown, found.code);
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
