import { isState, type Output, type PlatformSpec, type Range, type State } from '@llb-ts/llb';
import { isList, Mistake, type Term } from './term.ts';

type Plain = Readonly<Record<string, unknown>>;

/** One call in an expression. Arguments are evaluated when a handler asks for them, and taken as the type it names. */
export class Call {
  readonly name: string;
  readonly #args: readonly Term[];
  readonly #evaluate: (term: Term) => unknown;

  constructor(name: string, args: readonly Term[], evaluate: (term: Term) => unknown) {
    this.name = name;
    this.#args = args;
    this.#evaluate = evaluate;
  }

  /** Argument `i`, evaluated. What type it has is the recipe's business: llb-ts checks it as it would any user's. */
  arg<T>(i: number): T {
    return this.#evaluate(this.#raw(i)) as T;
  }

  rest<T>(from: number): T[] {
    return this.#args.slice(from).map((term) => this.#evaluate(term) as T);
  }

  /** The members of argument `i`, each evaluated. */
  list<T>(i: number): T[] {
    return this.terms(i).map((term) => this.#evaluate(term) as T);
  }

  /** The members of argument `i` as they stand. */
  terms(i: number): readonly Term[] {
    const term = this.#raw(i);
    if (!isList(term)) throw new Mistake(`${this.name}: argument ${i + 1} is no list`);
    return term;
  }

  evaluate<T>(term: Term | undefined): T {
    if (term === undefined) throw new Mistake(`${this.name}: something is missing`);
    return this.#evaluate(term) as T;
  }

  state(i: number): State {
    const value = this.arg<unknown>(i);
    if (!isState(value)) throw new Mistake(`${this.name}: argument ${i + 1} is no state`);
    return value;
  }

  output(i: number): Output | undefined {
    return this.arg<Output | undefined>(i);
  }

  text(i: number): string {
    const value = this.arg<unknown>(i);
    if (typeof value !== 'string') throw new Mistake(`${this.name}: argument ${i + 1} is no text`);
    return value;
  }

  /** A list of texts in which nothing is evaluated. */
  texts(i: number): string[] {
    return this.terms(i).map(String);
  }

  flag(i: number): boolean {
    return this.#raw(i) === true;
  }

  isNull(i: number): boolean {
    return this.#raw(i) === null;
  }

  number(i: number): number {
    return Number(this.#raw(i));
  }

  numbers(from: number): number[] {
    return this.#args.slice(from).map(Number);
  }

  /** A number, or digits where a JSON number would not be exact. */
  long(i: number): bigint {
    return BigInt(String(this.#raw(i)));
  }

  mode(i: number): number {
    return octal(this.#raw(i));
  }

  bytes(i: number): string | Uint8Array {
    const value = this.#raw(i);
    if (value === null) return '';
    if (typeof value === 'string') return value;
    return Buffer.from(String((value as { base64?: unknown }).base64), 'base64');
  }

  /** An object of plain values. */
  record(i: number): Plain {
    const value = this.#raw(i);
    if (typeof value !== 'object' || value === null)
      throw new Mistake(`${this.name}: argument ${i + 1} is no record`);
    return value as Plain;
  }

  platform(i: number): PlatformSpec {
    const { os, architecture, variant, ...rest } = this.record(i) as {
      os: string;
      architecture: string;
      variant?: string;
    };
    const more = rest as { 'os.version'?: string; 'os.features'?: readonly string[] };
    return {
      os,
      architecture,
      ...(variant && { variant }),
      ...(more['os.version'] && { osVersion: more['os.version'] }),
      ...(more['os.features'] && { osFeatures: more['os.features'] }),
    };
  }

  ranges(i: number): Range[] {
    return (this.terms(i) as readonly (readonly [number, number, number, number])[]).map(
      ([line, character, endLine, endCharacter]) => ({
        start: { line, character },
        end: { line: endLine, character: endCharacter },
      }),
    );
  }

  /** Argument `from` as a Go format string, filled in with the arguments after it. */
  formatted(from: number): string {
    const values = this.#args.slice(from + 1);
    return this.text(from).replace(/%([sdv%])/g, (_, verb: string) =>
      verb === '%' ? '%' : String(values.shift()),
    );
  }

  #raw(i: number): Term {
    const term = this.#args[i];
    if (term === undefined) throw new Mistake(`${this.name}: argument ${i + 1} is missing`);
    return term;
  }
}

export function octal(text: unknown): number {
  return Number.parseInt(String(text), 8);
}
