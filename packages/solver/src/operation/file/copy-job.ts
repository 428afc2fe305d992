import type { Draft } from '../../layer/draft.ts';
import type { Tree } from '../../tree/tree.ts';
import type { Owner } from './owner.ts';

/** Source, target and new owner of a copy. */
export interface CopyJob {
  readonly source: Tree;
  readonly draft: Draft;
  readonly owner: Owner | undefined;
  /** Files that change nothing on their way may share the inode of their source. */
  readonly share: boolean;
}
