import type { Caller } from '../base/call-site.ts';
import { text } from '../base/check.ts';
import { invalid } from '../base/error.ts';

interface Node {
  readonly key: string;
  readonly value: string;
  /** The number of the assignment that set it, which is its place in the list. */
  readonly order: number;
  readonly priority: number;
  readonly left: Node | undefined;
  readonly right: Node | undefined;
}

/**
 * Environment variables: one entry per name, placed where it was assigned last. Immutable; a change shares what stays,
 * so that a step costs O(log n) however many came before (a treap whose priorities are hashes of the names).
 *
 * ```ts
 * EnvList.empty.AddOrReplace('B', '1').AddOrReplace('A', '2').AddOrReplace('B', '3').ToArray() // A=2, B=3
 * ```
 */
export class EnvList {
  /** A list of nothing, to begin with. */
  static readonly empty = new EnvList(undefined, 0);
  readonly #root: Node | undefined;
  readonly #next: number;
  #sorted: readonly Node[] | undefined;

  private constructor(root: Node | undefined, next: number) {
    this.#root = root;
    this.#next = next;
  }

  /** A list with `key` set and placed last. */
  AddOrReplace(key: string, value: string): EnvList {
    const name = envName(this.AddOrReplace, key);
    return this.with(name, text(this.AddOrReplace, `the value of ${name}`, value));
  }

  /** The same as `AddOrReplace` for a name and value that were checked before. */
  with(key: string, value: string): EnvList {
    return new EnvList(insert(this.#root, key, value, this.#next), this.#next + 1);
  }

  /** The same list if it has `key`, else one with `key` placed last. */
  SetDefault(key: string, value: string): EnvList {
    return this.Get(key) === undefined ? this.AddOrReplace(key, value) : this;
  }

  /** A list without `key`. */
  Delete(key: string): EnvList {
    return this.Get(key) === undefined ? this : new EnvList(remove(this.#root, key), this.#next);
  }

  /** The value of `key`; undefined when it is not set. */
  Get(key: string): string | undefined {
    let node = this.#root;
    while (node && node.key !== key) node = key < node.key ? node.left : node.right;
    return node?.value;
  }

  /** Names, first assigned first. */
  Keys(): readonly string[] {
    return this.#inOrder().map((node) => node.key);
  }

  /** `KEY=VALUE` texts, first assigned first. */
  ToArray(): readonly string[] {
    return this.#inOrder().map((node) => `${node.key}=${node.value}`);
  }

  /** This list with every assignment of `later` made after its own. */
  followedBy(later: EnvList): EnvList {
    if (!this.#root) return later;
    let list: EnvList = this;
    for (const node of later.#inOrder()) list = list.with(node.key, node.value);
    return list;
  }

  #inOrder(): readonly Node[] {
    if (!this.#sorted) {
      const nodes: Node[] = [];
      collect(this.#root, nodes);
      this.#sorted = nodes.sort((a, b) => a.order - b.order);
    }
    return this.#sorted;
  }
}

/** A name that an environment can hold. */
export function envName(at: Caller, value: unknown): string {
  const name = text(at, 'the variable name', value);
  if (name === '' || name.includes('=')) {
    throw invalid(at, `${JSON.stringify(name)} is no variable name`, 'a name is not empty and has no "="');
  }
  return name;
}

// Depth is O(log n) in practice: priorities depend on nothing but the name.

function insert(node: Node | undefined, key: string, value: string, order: number): Node {
  if (!node) return { key, value, order, priority: hash(key), left: undefined, right: undefined };
  if (key === node.key) return { ...node, value, order };
  if (key < node.key) {
    const left = insert(node.left, key, value, order);
    if (left.priority <= node.priority) return { ...node, left };
    return { ...left, right: { ...node, left: left.right } };
  }
  const right = insert(node.right, key, value, order);
  if (right.priority <= node.priority) return { ...node, right };
  return { ...right, left: { ...node, right: right.left } };
}

function remove(node: Node | undefined, key: string): Node | undefined {
  if (!node) return undefined;
  if (key < node.key) return { ...node, left: remove(node.left, key) };
  if (key > node.key) return { ...node, right: remove(node.right, key) };
  return join(node.left, node.right);
}

function join(left: Node | undefined, right: Node | undefined): Node | undefined {
  if (!left || !right) return left ?? right;
  if (left.priority > right.priority) return { ...left, right: join(left.right, right) };
  return { ...right, left: join(left, right.left) };
}

function collect(node: Node | undefined, into: Node[]): void {
  if (!node) return;
  collect(node.left, into);
  into.push(node);
  collect(node.right, into);
}

/** FNV-1a, then mixed so that names that differ in their last letter get unrelated priorities. */
function hash(key: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) h = Math.imul(h ^ key.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
