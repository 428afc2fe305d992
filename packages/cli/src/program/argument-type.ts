/** The types of an argument that can be written on a command line. */
export type ArgumentType =
  | { readonly kind: 'string' | 'number' | 'boolean' }
  | { readonly kind: 'choice'; readonly values: readonly (string | number)[] }
  /** Given by repeating the flag. */
  | { readonly kind: 'list'; readonly of: ArgumentType }
  /** No type was said: text, as it is. */
  | { readonly kind: 'any' }
  /** Cannot be given. */
  | { readonly kind: 'unsupported'; readonly text: string };

/** One argument of a build function. */
export interface Argument {
  readonly name: string;
  readonly type: ArgumentType;
  readonly isRequired: boolean;
  /** As written in the build file; absent when there is none. */
  readonly defaultText?: string;
  /** The text of its JSDoc; empty when it has none. */
  readonly doc: string;
}

export function typeText(type: ArgumentType): string {
  switch (type.kind) {
    case 'choice':
      return type.values.map((value) => JSON.stringify(value)).join(' | ');
    case 'list':
      return type.of.kind === 'choice' ? `(${typeText(type.of)})[]` : `${typeText(type.of)}[]`;
    case 'unsupported':
      return type.text;
    case 'any':
      return 'string';
    default:
      return type.kind;
  }
}
