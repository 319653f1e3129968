import { dirname, join } from 'node:path';
import type { Expression, Node, SourceFile } from 'typescript/unstable/ast';
import * as is from 'typescript/unstable/ast/is';
import { API } from 'typescript/unstable/sync';

/** At least three words that stand together: an array, a union of literal types, or a union of zod literals. */
export interface ClosedList {
  /** The file, and the line from 1. */
  readonly place: string;
  /** Sorted. */
  readonly words: readonly string[];
}

/** The closed lists of `sources`, which go from path to text. A list that only spreads another one is none of its own. */
export function closedLists(sources: ReadonlyMap<string, string>): readonly ClosedList[] {
  const read = parse(sources);
  return [...sources].flatMap(([path, text]) => {
    const source = read.get(path);
    return source === undefined ? [] : listsOf({ path, text, source }, read);
  });
}

/** The lists with the same words in several places, in any order. */
export function repeatedLists(lists: readonly ClosedList[]): readonly string[] {
  const places = new Map<string, readonly string[]>();
  for (const { place, words } of lists) {
    const key = words.join(', ');
    places.set(key, [...(places.get(key) ?? []), place]);
  }
  return [...places].filter(([, at]) => at.length > 1).map(([words, at]) => `${words}: ${at.join(', ')}`);
}

/** One program without libraries and without other files: the compiler only has to parse. */
function parse(sources: ReadonlyMap<string, string>): ReadonlyMap<string, SourceFile> {
  const root = '/closed-lists';
  const config = `${root}/tsconfig.json`;
  const options = { noLib: true, noResolve: true, types: [], jsx: 'preserve' };
  const texts = new Map([
    [config, JSON.stringify({ compilerOptions: options, files: [...sources.keys()] })],
    ...[...sources].map(([path, text]) => [`${root}/${path}`, text] as const),
  ]);
  const fs = { readFile: (path: string) => texts.get(path), fileExists: (path: string) => texts.has(path) };
  const api = new API({ cwd: root, fs });
  try {
    const program = api.updateSnapshot({ openProjects: [config] }).getProject(config)?.program;
    return new Map(
      [...sources.keys()].map((path) => {
        const source = program?.getSourceFile(`${root}/${path}`);
        if (source === undefined) throw new Error(`The compiler does not read ${path}.`);
        return [path, source];
      }),
    );
  } finally {
    api.close();
  }
}

interface ReadFile {
  readonly path: string;
  readonly text: string;
  readonly source: SourceFile;
}

function listsOf(
  { path, text, source }: ReadFile,
  read: ReadonlyMap<string, SourceFile>,
): readonly ClosedList[] {
  const lists: ClosedList[] = [];
  const visit = (node: Node): void => {
    const words = [...new Set(wordsOf(node, path, read))].sort();
    if (words.length >= 3) {
      const line = text.slice(0, node.getStart(source)).split('\n').length;
      lists.push({ place: `${path}:${line}`, words });
    }
    node.forEachChild((child) => {
      if (!isChoice(child, node)) visit(child);
    });
  };
  source.forEachChild(visit);
  return lists;
}

/** A choice among names that are declared elsewhere, and that the compiler checks. */
function isChoice(node: Node, parent: Node): boolean {
  // The keys of an object, as in `Pick<Caller, 'actor' | 'origin' | 'scopes'>`.
  if (is.isTypeReferenceNode(parent) && is.isUnionTypeNode(node))
    return is.isIdentifier(parent.typeName) && ['Pick', 'Omit'].includes(parent.typeName.text);
  // What an operation can answer.
  if (is.isPropertyAssignment(parent) && is.isIdentifier(parent.name)) return parent.name.text === 'errors';
  // A part of a list that is written in several parts.
  return is.isSpreadElement(parent) && is.isArrayLiteralExpression(bare(node as Expression));
}

function wordsOf(node: Node, path: string, read: ReadonlyMap<string, SourceFile>): readonly string[] {
  if (is.isUnionTypeNode(node)) return node.types.flatMap((type) => wordOf(type) ?? []);
  if (!is.isArrayLiteralExpression(node)) return [];
  const [only, ...more] = node.elements;
  const isCopy =
    only !== undefined && more.length === 0 && is.isSpreadElement(only) && is.isIdentifier(only.expression);
  return isCopy ? [] : (wordsOfArray(node, path, read) ?? []);
}

/** Undefined where something else than a word is in the array. */
function wordsOfArray(
  node: Node,
  path: string,
  read: ReadonlyMap<string, SourceFile>,
): readonly string[] | undefined {
  const array = bare(node as Expression);
  if (is.isIdentifier(array)) {
    const declared = declarationOf(array.text, path, read);
    return declared && wordsOfArray(declared.value, declared.path, read);
  }
  if (!is.isArrayLiteralExpression(array)) return undefined;
  const words: string[] = [];
  for (const element of array.elements) {
    const word = wordOf(element);
    const found = is.isSpreadElement(element)
      ? wordsOfArray(element.expression, path, read)
      : word !== undefined && [word];
    if (!found) return undefined;
    words.push(...found);
  }
  return words;
}

/** The value of a constant of the file, or of one that it imports. */
function declarationOf(
  name: string,
  path: string,
  read: ReadonlyMap<string, SourceFile>,
): { readonly value: Expression; readonly path: string } | undefined {
  for (const statement of read.get(path)?.statements ?? []) {
    if (is.isVariableStatement(statement)) {
      for (const { name: declared, initializer } of statement.declarationList.declarations)
        if (initializer !== undefined && is.isIdentifier(declared) && declared.text === name)
          return { value: initializer, path };
    }
    if (is.isImportDeclaration(statement) && is.isStringLiteral(statement.moduleSpecifier)) {
      const bindings = statement.importClause?.namedBindings;
      if (bindings === undefined || !is.isNamedImports(bindings)) continue;
      const from = join(dirname(path), statement.moduleSpecifier.text).replace(/\.js$/, '.ts');
      for (const { name: local, propertyName } of bindings.elements)
        if (local.text === name) return declarationOf((propertyName ?? local).text, from, read);
    }
  }
  return undefined;
}

/** The expression without `as const`, `satisfies`, and parentheses. */
function bare(node: Expression): Expression {
  return is.isAsExpression(node) || is.isSatisfiesExpression(node) || is.isParenthesizedExpression(node)
    ? bare(node.expression)
    : node;
}

/** The word of `'word'`, as a value or as a type, and of `z.literal('word')`. */
function wordOf(node: Node): string | undefined {
  if (is.isStringLiteral(node) || is.isNoSubstitutionTemplateLiteral(node)) return node.text;
  if (is.isLiteralTypeNode(node)) return wordOf(node.literal);
  if (!is.isCallExpression(node) || !is.isPropertyAccessExpression(node.expression)) return undefined;
  const [only, ...more] = node.arguments;
  return node.expression.name.text === 'literal' && only !== undefined && more.length === 0
    ? wordOf(only)
    : undefined;
}
