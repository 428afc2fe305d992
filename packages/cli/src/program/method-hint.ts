import * as language from '@llb-ts/llb';
import { nearest } from '@llb-ts/llb';

/**
 * The likely meaning of a call of something that is no function: a verb of a state, or a function of the
 * language. Undefined where nothing is close, and for errors of other kinds.
 */
export function methodHint(error: Error): string | undefined {
  if (error.name !== 'TypeError') return undefined;
  const [, dot, name] = /(^|\.)([\w$]+) is not a function$/.exec(error.message) ?? [];
  if (name === undefined) return undefined;
  const isMethod = dot === '.';
  const close = nearest(name, isMethod ? methods() : Object.keys(language));
  if (close === undefined || close === name) return undefined;
  return `did you mean ${isMethod ? '.' : ''}${close}?`;
}

/** The names that can follow a dot. */
function methods(): Set<string> {
  const { State, ExecState, FileAction, FileActionWithState } = language;
  const names = new Set<string>();
  for (const { prototype } of [State, ExecState, FileAction, FileActionWithState]) {
    for (let at: object = prototype; at !== Object.prototype; at = Object.getPrototypeOf(at)) {
      for (const name of Object.getOwnPropertyNames(at)) if (name !== 'constructor') names.add(name);
    }
  }
  return names;
}
