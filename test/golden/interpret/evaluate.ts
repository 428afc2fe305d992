import type { Expression } from '../generate/expression.ts';
import { Call } from './call.ts';
import { Computed, isList, Mistake, type Scope, type Term } from './term.ts';

/** The function behind each name of a recipe. `later` answers in a promise and cannot stand inside a `{"fn": ...}`. */
export interface Vocabulary {
  readonly now: Readonly<Record<string, (call: Call) => unknown>>;
  readonly later: Readonly<Record<string, (call: Call) => Promise<unknown>>>;
}

export class Evaluator {
  readonly #vocabulary: Vocabulary;

  constructor(vocabulary: Vocabulary) {
    this.#vocabulary = vocabulary;
  }

  /** Computes what answers in promises first, innermost first, and then the rest. */
  async evaluate(term: Term, scope: Scope): Promise<unknown> {
    return this.now(await this.#settle(term, scope), scope);
  }

  /** Evaluates a term in which nothing answers in a promise. */
  now(term: Term, scope: Scope): unknown {
    if (term instanceof Computed) return term.value;
    if (typeof term === 'string') return reference(term, scope);
    if (isList(term)) {
      const { name, args } = parts(term);
      const handler = lookup(this.#vocabulary.now, name);
      if (!handler) throw new Mistake(`nothing can be called ${name}`);
      return handler(this.#call(name, args, scope));
    }
    if (isFunction(term)) {
      return (it: unknown, constraints?: unknown) =>
        this.now(term.fn, new Map([...scope, ['it', it], ['constraints', constraints]]));
    }
    return term;
  }

  #call(name: string, args: readonly Term[], scope: Scope): Call {
    return new Call(name, args, (term) => this.now(term, scope));
  }

  async #settle(term: Term, scope: Scope): Promise<Term> {
    if (!isList(term)) return term;
    const settled: Term[] = [];
    for (const member of term) settled.push(await this.#settle(member, scope));
    const [name] = settled;
    const handler = typeof name === 'string' ? lookup(this.#vocabulary.later, name) : undefined;
    if (!handler) return settled;
    return new Computed(await handler(this.#call(String(name), settled.slice(1), scope)));
  }
}

function lookup<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

function reference(text: string, scope: Scope): unknown {
  if (text.startsWith('$$')) return text.slice(1);
  if (!text.startsWith('$')) return text;
  const name = text.slice(1);
  if (!scope.has(name)) throw new Mistake(`nothing is named ${name}`);
  return scope.get(name);
}

function parts(term: readonly Term[]): { readonly name: string; readonly args: readonly Term[] } {
  const [name, ...args] = term;
  if (typeof name !== 'string') throw new Mistake('a call begins with a name');
  return { name, args };
}

function isFunction(term: Term): term is { readonly fn: Expression } {
  return typeof term === 'object' && term !== null && Object.hasOwn(term, 'fn');
}
