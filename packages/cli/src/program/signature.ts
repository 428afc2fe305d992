import type {
  Expression,
  FunctionDeclaration,
  Node,
  ParameterDeclaration,
  SourceFile,
  Symbol as TsSymbol,
  Type,
} from 'ts-morph';
import type { Argument, ArgumentType } from './argument-type.ts';

type TsMorph = typeof import('ts-morph');

/** The arguments of a build.ts, read from its source without running it. */
export interface ProgramDescription {
  /** JSDoc of the default export, else of the file; empty when there is none. */
  readonly doc: string;
  /** True if the default export is a function. */
  readonly isFunction: boolean;
  /** Arguments of the default export; undefined when they cannot be told. */
  readonly args: readonly Argument[] | undefined;
  /** Named targets; empty when the default export is one state or function. */
  readonly targets: readonly TargetDescription[];
}

export interface TargetDescription {
  readonly name: string;
  readonly doc: string;
  readonly args: readonly Argument[] | undefined;
}

/** Reads what the build file takes. Undefined when it has no default export that can be told without running it. */
export async function describeProgram(path: string): Promise<ProgramDescription | undefined> {
  const morph = await import('ts-morph');
  const source = openSource(morph, path);
  const exported = exportedNode(morph, source);
  if (!exported) return undefined;
  const reader = new Reader(morph);
  const own = reader.docOf(exported.declaration);
  const fn = reader.functionOf(exported.value);
  const record = fn ? undefined : reader.recordOf(exported.value);
  return {
    doc: own || reader.fileDoc(source),
    isFunction: fn !== undefined,
    args: fn ? reader.argumentsOf(fn) : record ? [] : undefined,
    targets: (record ?? []).map(({ name, value, declaration }) => {
      const target = reader.functionOf(value);
      return { name, doc: reader.docOf(declaration), args: target ? reader.argumentsOf(target) : [] };
    }),
  };
}

function openSource({ Project, ts }: TsMorph, path: string): SourceFile {
  const project = new Project({
    skipAddingFilesFromTsConfig: true,
    compilerOptions: {
      target: ts.ScriptTarget.ESNext,
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      strict: true,
      allowJs: true,
      allowImportingTsExtensions: true,
      // Enough for lists and records, and read in a fifth of the time that all of them take.
      lib: ['lib.es5.d.ts'],
      types: [],
    },
  });
  return project.addSourceFileAtPath(path);
}

interface Exported {
  /** The node that carries the JSDoc. */
  readonly declaration: Node;
  readonly value: Node;
}

function exportedNode({ Node: is }: TsMorph, source: SourceFile): Exported | undefined {
  const [declaration] = source.getDefaultExportSymbol()?.getDeclarations() ?? [];
  if (!declaration) return undefined;
  if (is.isExportAssignment(declaration)) return { declaration, value: declaration.getExpression() };
  if (is.isExportSpecifier(declaration)) {
    const [local] = declaration.getLocalTargetDeclarations();
    return local && { declaration: local, value: local };
  }
  return { declaration, value: declaration };
}

interface Entry {
  readonly name: string;
  readonly declaration: Node;
  readonly value: Node;
}

type FunctionNode = FunctionDeclaration | Extract<Expression, { getParameters(): ParameterDeclaration[] }>;

class Reader {
  readonly #morph: TsMorph;

  constructor(morph: TsMorph) {
    this.#morph = morph;
  }

  /** The function that a node is or names. */
  functionOf(node: Node): FunctionNode | undefined {
    const { Node: is } = this.#morph;
    const value = this.#resolve(node);
    return is.isFunctionDeclaration(value) ||
      is.isArrowFunction(value) ||
      is.isFunctionExpression(value) ||
      is.isMethodDeclaration(value)
      ? (value as FunctionNode)
      : undefined;
  }

  /** The entries of the object literal that a node is or names. */
  recordOf(node: Node): readonly Entry[] | undefined {
    const { Node: is } = this.#morph;
    const value = this.#resolve(node);
    if (!is.isObjectLiteralExpression(value)) return undefined;
    return value.getProperties().flatMap((property): Entry[] => {
      if (is.isPropertyAssignment(property)) {
        const initializer = property.getInitializer();
        return initializer
          ? [{ name: literalName(property.getName()), declaration: property, value: initializer }]
          : [];
      }
      if (is.isShorthandPropertyAssignment(property)) {
        const symbol = property.getValueSymbol();
        const target = (symbol?.getAliasedSymbol() ?? symbol)?.getDeclarations()[0] ?? property;
        return [{ name: property.getName(), declaration: target, value: target }];
      }
      if (is.isMethodDeclaration(property)) {
        return [{ name: literalName(property.getName()), declaration: property, value: property }];
      }
      return [];
    });
  }

  /** Follows names, parentheses, `as` and `satisfies` to the thing itself. */
  #resolve(node: Node, depth = 0): Node {
    const { Node: is } = this.#morph;
    if (depth > 10) return node;
    if (is.isParenthesizedExpression(node) || is.isAsExpression(node) || is.isSatisfiesExpression(node)) {
      return this.#resolve(node.getExpression(), depth + 1);
    }
    if (is.isVariableDeclaration(node)) {
      const initializer = node.getInitializer();
      return initializer ? this.#resolve(initializer, depth + 1) : node;
    }
    if (is.isIdentifier(node)) {
      const target = this.#definitionOf(node);
      return target ? this.#resolve(target, depth + 1) : node;
    }
    return node;
  }

  #definitionOf(node: Node): Node | undefined {
    const symbol = node.getSymbol();
    return (symbol?.getAliasedSymbol() ?? symbol)?.getDeclarations()[0];
  }

  /** Arguments of a build function: the properties of the type of its one parameter. */
  argumentsOf(fn: FunctionNode): readonly Argument[] | undefined {
    const [parameter] = fn.getParameters();
    if (!parameter) return [];
    const type = parameter.getType();
    if (type.isAny() || type.isUnknown()) return undefined;
    const defaults = this.#bindingDefaults(parameter);
    const object = type.getNonNullableType();
    return object.getProperties().map((property): Argument => {
      const { doc, defaultTag } = this.#docOfSymbol(property);
      const name = property.getName();
      const defaultText = defaults.get(name) ?? defaultTag;
      const propertyType = property.getTypeAtLocation(parameter);
      const isOptional = property.isOptional() || defaultText !== undefined || propertyType.isUndefined();
      return {
        name,
        type: this.#typeOf(propertyType),
        isRequired: !isOptional && !acceptsUndefined(propertyType),
        ...(defaultText !== undefined && { defaultText }),
        doc,
      };
    });
  }

  /** Defaults written in the parameter's pattern: `({ debug = false }) => …`. */
  #bindingDefaults(parameter: ParameterDeclaration): ReadonlyMap<string, string> {
    const { Node: is } = this.#morph;
    const defaults = new Map<string, string>();
    const pattern = parameter.getNameNode();
    if (!is.isObjectBindingPattern(pattern)) return defaults;
    for (const element of pattern.getElements()) {
      const initializer = element.getInitializer();
      const name = element.getPropertyNameNode()?.getText() ?? element.getName();
      if (initializer) defaults.set(literalName(name), initializer.getText());
    }
    return defaults;
  }

  #typeOf(declared: Type): ArgumentType {
    const type = declared.getNonNullableType();
    if (type.isAny() || type.isUnknown()) return { kind: 'any' };
    if (type.isString() || type.isTemplateLiteral()) return { kind: 'string' };
    if (type.isNumber()) return { kind: 'number' };
    if (type.isBoolean() || type.isBooleanLiteral()) return { kind: 'boolean' };
    if (type.isArray() || type.isReadonlyArray()) {
      const of = this.#typeOf(type.getArrayElementTypeOrThrow());
      return of.kind === 'unsupported' || of.kind === 'list'
        ? { kind: 'unsupported', text: textOf(type) }
        : { kind: 'list', of };
    }
    const members = type.isUnion() ? type.getUnionTypes() : [type];
    const values = members.map((member) => member.getLiteralValue());
    if (values.every((value) => typeof value === 'string' || typeof value === 'number')) {
      return { kind: 'choice', values };
    }
    return { kind: 'unsupported', text: textOf(type) };
  }

  docOf(node: Node): string {
    const { Node: is } = this.#morph;
    const holder = is.isVariableDeclaration(node) ? node.getVariableStatement() : node;
    if (holder && is.isJSDocable(holder)) return lastDoc(holder.getJsDocs());
    return commentOf(holder ?? node);
  }

  /** A leading JSDoc comment that belongs to the file: before its first statement, followed by an empty line. */
  fileDoc(source: SourceFile): string {
    const [range] = source.getStatements()[0]?.getLeadingCommentRanges() ?? [];
    return range ? commentText(range.getText()) : '';
  }

  #docOfSymbol(symbol: TsSymbol): { readonly doc: string; readonly defaultTag: string | undefined } {
    const tag = symbol
      .getJsDocTags()
      .find((one) => one.getName() === 'default' || one.getName() === 'defaultValue');
    const text = (parts: readonly { readonly text: string }[] | undefined) =>
      parts
        ?.map((part) => part.text)
        .join('')
        .trim();
    const { ts } = this.#morph;
    return {
      doc: ts.displayPartsToString(symbol.compilerSymbol.getDocumentationComment(undefined)).trim(),
      defaultTag: text(tag?.getText()) || undefined,
    };
  }
}

function acceptsUndefined(type: Type): boolean {
  return type.isUnion() && type.getUnionTypes().some((member) => member.isUndefined());
}

function lastDoc(docs: readonly { getDescription(): string }[]): string {
  return docs.at(-1)?.getDescription().trim() ?? '';
}

/** The JSDoc comment before a node that TypeScript attaches none to, such as `export default`. */
function commentOf(node: Node): string {
  const range = node.getLeadingCommentRanges().at(-1);
  return range ? commentText(range.getText()) : '';
}

function commentText(text: string): string {
  if (!text.startsWith('/**')) return '';
  return text
    .slice(3, -2)
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, '').trimEnd())
    .filter((line) => !/^\s*@/.test(line))
    .join('\n')
    .trim();
}

function textOf(type: Type): string {
  return type.getText().replace(/import\("[^"]*"\)\./g, '');
}

function literalName(text: string): string {
  return text.replace(/^(['"])(.*)\1$/, '$2');
}
