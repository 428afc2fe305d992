/** Modes as `chmod` takes them, `u=rwX,go=rX` or `0644`, with umask 0 (`dchapes-mode` of BuildKit's copy engine). */
import { stepFailure } from '../../error/error.ts';

/** Turns the mode of an entry into its new one. Both are permission bits with setuid, setgid, sticky. */
export type ModeChange = (mode: number, isDirectory: boolean) => number;

const USER = 0o4700;
const GROUP = 0o2070;
const OTHER = 0o0007;
const STICKY = 0o1000;
const EVERYBODY = USER | GROUP | OTHER;
const SET_ID = 0o6000;
const EXECUTE = 0o111;

const WHO: Readonly<Record<string, number>> = { u: USER, g: GROUP, o: OTHER, a: EVERYBODY };
const PERMISSIONS: Readonly<Record<string, number>> = { r: 0o444, w: 0o222, x: EXECUTE };
/** How far the bits of a class are from those of `o`. */
const SHIFT: Readonly<Record<string, number>> = { u: 6, g: 3, o: 0 };

/** One step: what to do to the mode so far; conditions look at the mode before the first. */
type Step = (mode: number, original: number, isDirectory: boolean) => number;

/** Reads a mode; fails with `invalid syntax`. */
export function parseModeChange(text: string): ModeChange {
  const steps = /^[0-9]/.test(text) ? [octal(text)] : new SymbolicMode(text).parse();
  return (mode, isDirectory) => steps.reduce((now, step) => step(now, mode, isDirectory), mode);
}

function octal(text: string): Step {
  const problem = (reason: string) => stepFailure(`strconv.ParseInt: parsing "${text}": ${reason}`);
  if (!/^[0-7]+$/.test(text)) throw problem('invalid syntax');
  const bits = BigInt(`0o${text}`);
  if (bits > 0o77777n) throw problem('value out of range');
  if (bits > 0o7777n) throw syntaxError();
  return () => Number(bits);
}

const syntaxError = () => stepFailure('invalid syntax');

class SymbolicMode {
  readonly #text: string;
  #at = 0;
  readonly #steps: Step[] = [];
  /** True if the last `=` has cleared its bits. */
  #cleared = false;

  constructor(text: string) {
    this.#text = text;
  }

  parse(): readonly Step[] {
    for (;;) {
      let who = 0;
      for (let bits = WHO[this.#peek()]; bits !== undefined; bits = WHO[this.#peek()]) {
        who |= bits;
        this.#at++;
      }
      do this.#action(who);
      while (this.#peek() !== '' && this.#peek() !== ',');
      if (this.#peek() === '') return this.#steps;
      this.#at++;
    }
  }

  #peek(): string {
    return this.#text[this.#at] ?? '';
  }

  /** An operator and its permissions. Letters of a class copy bits at once; what was gathered before goes first. */
  #action(clauseWho: number): void {
    const operator = this.#peek();
    if (operator !== '+' && operator !== '-' && operator !== '=') throw syntaxError();
    if (operator === '=') this.#cleared = false;
    let who = clauseWho;
    let bits = 0;
    let conditional = 0;
    const addConditional = () => {
      if (conditional === 0) return;
      const mask = who === 0 ? conditional : who & conditional;
      this.#steps.push((mode, original, dir) => (dir || original & EXECUTE ? mode | mask : mode));
      conditional = 0;
    };
    for (this.#at++; ; this.#at++) {
      const letter = this.#peek();
      const onlyOther = who !== 0 && (who & ~OTHER) === 0;
      const shift = SHIFT[letter];
      if (shift !== undefined) {
        if (bits !== 0) this.#change(operator, who, bits);
        bits = 0;
        if (operator === '=') this.#cleared = true;
        addConditional();
        this.#steps.push(copyBits(operator, who, shift));
      } else if (letter === 's') {
        if (!onlyOther) bits |= SET_ID;
      } else if (letter === 't') {
        // The sticky bit belongs to no class: with it, an action without one is about this bit alone.
        if (!onlyOther) {
          who |= STICKY;
          bits |= STICKY;
        }
      } else if (letter === 'X' && operator !== '-') {
        conditional = EXECUTE;
      } else {
        const permission = letter === 'X' ? EXECUTE : PERMISSIONS[letter];
        if (permission === undefined) break;
        bits |= permission;
      }
    }
    if (bits !== 0 || (operator === '=' && !this.#cleared)) {
      if (operator === '=') this.#cleared = true;
      this.#change(operator, who, bits);
    }
    addConditional();
  }

  #change(operator: '+' | '-' | '=', who: number, bits: number): void {
    const mask = who === 0 ? bits : who & bits;
    if (operator === '-') {
      this.#steps.push((mode) => mode & ~mask);
      return;
    }
    const clear = operator === '=' ? who || EVERYBODY : 0;
    this.#steps.push((mode) => (mode & ~clear) | mask);
  }
}

/** `g=u`: what the class of `shift` may, each class in `who` may (`+`), may not (`-`), may alone (`=`). */
function copyBits(operator: '+' | '-' | '=', who: number, shift: number): Step {
  const targets = [6, 3, 0].filter((target) => who === 0 || who & (0o4 << target));
  return (mode) => {
    const value = (mode >> shift) & 0o7;
    return targets.reduce((now, target) => {
      if (operator === '-') return now & ~(value << target);
      return (operator === '=' ? now & ~(0o7 << target) : now) | (value << target);
    }, mode);
  };
}
