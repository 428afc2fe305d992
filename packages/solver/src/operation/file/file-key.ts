import {
  type ChownOpt,
  EMPTY_INPUT,
  type FileAction,
  type FileActionCopy,
  type FileOp,
  type UserOpt,
} from '@llb-ts/pb';
import type { ContentSelector } from '../../cache/content-digest.ts';
import { stepFailure } from '../../error/error.ts';
import { bytesOf, clean } from '../../name/bytes.ts';
import { hasWildcards } from '../../pattern/wildcard-paths.ts';
import type { InputKey, OperationKey } from '../../work/operation.ts';
import { copyPath, nameOfSource } from './copy-path.ts';

/**
 * The cache key of a FileOp (docs/buildkit-semantics.md#key-of-file-ops): the actions and their order of inputs; the
 * content that the actions read, for an input that is only a source of copies or owners; the identity of every other input.
 *
 * Of a copied path only the end counts (the last name, or that it is `/.`), as its content is known by what it holds.
 */
export function fileKey(op: FileOp, inputCount: number): OperationKey {
  const selectors = new Map<number, ContentSelector[]>();
  const select = (input: number, selector: ContentSelector) => {
    const known = selectors.get(input);
    if (known) known.push(selector);
    else selectors.set(input, [selector]);
  };
  const changed = new Set<number>();
  const actions = op.actions.map((action) => {
    changed.add(action.input);
    for (const { input, file } of namesIn(ownerOf(action))) {
      if (input < 0) throw keyFailure(`invalid user index ${input}`);
      select(input, { ...WHOLE, path: file, followLinks: true });
    }
    const { secondaryInput: from, action: kind } = action;
    if (kind?.kind !== 'copy' || from === EMPTY_INPUT || from >= inputCount) return payloadOf(kind);
    select(from, copySelector(kind));
    return { ...payloadOf(kind), src: nameOfSource(copyPath(bytesOf(kind.src))) || '/' };
  });
  for (const input of selectors.keys()) {
    if (input < 0 || input >= inputCount) {
      throw keyFailure(`invalid input index ${input} in file op with ${inputCount} inputs`);
    }
  }
  const indexes = op.actions.map(({ input, secondaryInput, output }) => [input, secondaryInput, output]);
  return {
    recipe: { type: 'buildkit.file.v0', actions, indexes },
    inputs: Array.from({ length: inputCount }, (_, input): InputKey => {
      const read = changed.has(input) ? undefined : selectors.get(input);
      return read ? { by: 'content', selectors: read } : { by: 'ref' };
    }),
  };
}

const keyFailure = (text: string) => stepFailure(`failed to load cache key: ${text}`);

const WHOLE: Omit<ContentSelector, 'path' | 'followLinks'> = {
  wildcard: false,
  includePatterns: [],
  excludePatterns: [],
  requiredPaths: [],
};

function copySelector(copy: FileActionCopy): ContentSelector {
  const path = clean(bytesOf(copy.src));
  return {
    path,
    wildcard: copy.allowWildcard && hasWildcards(path),
    followLinks: copy.followSymlink,
    includePatterns: copy.includePatterns,
    excludePatterns: copy.excludePatterns,
    requiredPaths: copy.requiredPaths,
    ...(copy.attemptUnpackDockerCompatibility && { mayUnpack: true }),
  };
}

/** The fields of an action as JSON data. */
function payloadOf(action: FileAction['action']): Record<string, unknown> {
  if (action?.kind !== 'mkfile') return { ...action };
  return { ...action, data: Buffer.from(action.data).toString('base64') };
}

export function ownerOf({ action }: FileAction): ChownOpt | undefined {
  return action && 'owner' in action ? action.owner : undefined;
}

/** The inputs that an owner's names refer to, with the file that knows them. */
function namesIn(owner: ChownOpt | undefined): readonly { readonly input: number; readonly file: string }[] {
  const name = (option: UserOpt | undefined, file: string) =>
    option?.user?.kind === 'byName' ? [{ input: option.user.input, file }] : [];
  return [...name(owner?.user, '/etc/passwd'), ...name(owner?.group, '/etc/group')];
}
