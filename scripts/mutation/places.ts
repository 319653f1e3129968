import type { Node, SourceFile } from 'typescript/unstable/ast';
import * as is from 'typescript/unstable/ast/is';

export type MutationKind = 'logic' | 'boundary' | 'constant';

/** One small change of one file: the text from `start` to `end` becomes `replacement`. */
export interface Mutant {
  readonly file: string;
  readonly kind: MutationKind;
  /** From 1. */
  readonly line: number;
  readonly start: number;
  readonly end: number;
  readonly replacement: string;
  /** The changed lines as one line, and what they become: they tell one mutant from all others of its file. */
  readonly before: string;
  readonly after: string;
}

interface Change {
  readonly kind: MutationKind;
  readonly start: number;
  readonly end: number;
  readonly replacement: string;
}

/** Every change of one file that the sampler knows. Not all of them compile. */
export function mutantsOf(source: SourceFile, file: string, text: string): readonly Mutant[] {
  const mutants: Mutant[] = [];
  const visit = (node: Node): void => {
    if (isBesideTheCode(node)) return;
    mutants.push(...changesOf(node).map((change) => ({ ...change, file, ...placeOf(text, change) })));
    node.forEachChild(visit);
  };
  source.forEachChild(visit);
  return mutants;
}

export const mutated = (text: string, { start, end, replacement }: Change): string =>
  text.slice(0, start) + replacement + text.slice(end);

function placeOf(text: string, change: Change): Pick<Mutant, 'line' | 'before' | 'after'> {
  const { start, end, replacement } = change;
  const from = text.lastIndexOf('\n', start - 1) + 1;
  const lineEnd = text.indexOf('\n', end);
  const to = lineEnd < 0 ? text.length : lineEnd;
  const oneLine = (lines: string): string => lines.replace(/\s+/g, ' ').trim();
  return {
    line: text.slice(0, start).split('\n').length,
    before: oneLine(text.slice(from, to)),
    after: oneLine(text.slice(from, start) + replacement + text.slice(end, to)),
  };
}

const logLine = /^(?:[\w#]+\??\.)*#?log(?:ger)?\??\.\w+\(/;

/** Types and imports, and log lines: what is written to a log is no promise. */
function isBesideTheCode(node: Node): boolean {
  if (is.isTypeNode(node) || is.isImportDeclaration(node) || is.isExportDeclaration(node)) return true;
  if (is.isInterfaceDeclaration(node) || is.isTypeAliasDeclaration(node)) return true;
  return is.isExpressionStatement(node) && logLine.test(node.getText());
}

function changesOf(node: Node): readonly Change[] {
  if (is.isBinaryExpression(node)) return changesOfOperator(node, node.left, node.operatorToken, node.right);
  if (is.isNumericLiteral(node)) return changesOfNumber(node);
  if (is.isCallExpression(node)) return changesOfCall(node, node.expression);
  if (is.isArrayLiteralExpression(node)) return node.elements.map((_, at) => without(node.elements, at));
  if (is.isObjectLiteralExpression(node)) {
    return node.properties.flatMap((each, at) => (canBeMissing(each) ? [without(node.properties, at)] : []));
  }
  if (is.isExpressionStatement(node)) return [becomes('logic', node, ';')];
  if (is.isAwaitExpression(node)) return withoutAwait(node, node.expression);
  if (is.isPrefixUnaryExpression(node)) return withoutNot(node, node.operand);
  if (is.isTrueLiteral(node)) return [becomes('logic', node, 'false')];
  if (is.isFalseLiteral(node)) return [becomes('logic', node, 'true')];
  const condition = conditionOf(node);
  if (condition === undefined) return [];
  const negated = becomes('logic', condition, `!(${condition.getText()})`);
  return isGuard(node) ? [negated, becomes('logic', node, ';')] : [negated];
}

const becomes = (kind: MutationKind, node: Node, replacement: string): Change => ({
  ...{ kind, start: node.getStart(), end: node.end, replacement },
});

/** A list without one of its members. */
function without(members: readonly Node[], at: number): Change {
  const [before, member, after] = [members[at - 1], members[at], members[at + 1]];
  const start = (after === undefined ? before?.end : undefined) ?? member?.getStart() ?? 0;
  return { kind: 'logic', start, end: after?.getStart() ?? member?.end ?? start, replacement: '' };
}

/** What a type may allow to be absent: what is spread, and what names something, as `camera: 'id'` does. Not a text. */
function canBeMissing(member: Node): boolean {
  if (is.isSpreadAssignment(member)) return true;
  return is.isPropertyAssignment(member) && /^'[^\s']+'$/.test(member.initializer.getText());
}

/** An `if` that only leaves: without it, everybody passes. */
function isGuard(node: Node): boolean {
  if (!is.isIfStatement(node) || node.elseStatement !== undefined) return false;
  const body = node.thenStatement;
  const first = is.isBlock(body) ? body.statements[0] : body;
  if (first === undefined) return false;
  return is.isReturnStatement(first) || is.isThrowStatement(first) || is.isContinueStatement(first);
}

/** A promise that nobody waits for. What is returned is awaited by the caller. */
function withoutAwait(node: Node, promised: Node): readonly Change[] {
  return is.isReturnStatement(node.parent) ? [] : [becomes('logic', node, promised.getText())];
}

function conditionOf(node: Node): Node | undefined {
  if (is.isIfStatement(node) || is.isWhileStatement(node)) return node.expression;
  return is.isConditionalExpression(node) ? node.condition : undefined;
}

function withoutNot(node: Node, operand: Node): readonly Change[] {
  // A condition is negated as a whole already.
  const isChange = node.getText().startsWith('!') && conditionOf(node.parent) !== node;
  return isChange ? [becomes('logic', node, operand.getText())] : [];
}

const otherOperator: Readonly<Record<string, readonly [MutationKind, string]>> = {
  ...{ '<': ['boundary', '<='], '<=': ['boundary', '<'], '>': ['boundary', '>='], '>=': ['boundary', '>'] },
  ...{ '===': ['logic', '!=='], '!==': ['logic', '==='], '&&': ['logic', '||'], '||': ['logic', '&&'] },
  ...{ '+': ['logic', '-'], '-': ['logic', '+'], '*': ['logic', '/'], '/': ['logic', '*'] },
};

function changesOfOperator(node: Node, left: Node, token: Node, right: Node): readonly Change[] {
  const operator = token.getText();
  const [kind, other] = otherOperator[operator] ?? [];
  if (kind === undefined || other === undefined) return [];
  if (operator.endsWith('==') && conditionOf(node.parent) === node) return [];
  const swapped = becomes(kind, token, other);
  if (operator !== '&&' && operator !== '||') return [swapped];
  return [swapped, becomes('logic', node, left.getText()), becomes('logic', node, right.getText())];
}

function changesOfNumber(node: Node): readonly Change[] {
  const value = Number(node.getText().replaceAll('_', ''));
  if (value === 0 || value === 1) return [becomes('boundary', node, String(value + 1))];
  return [1.2, 0.8].map((factor) => becomes('constant', node, String(scaled(value, factor))));
}

/** A fifth more or less; a whole number stays one, and changes by one at least. */
function scaled(value: number, factor: number): number {
  if (!Number.isInteger(value)) return Number((value * factor).toPrecision(12));
  const moved = Math.round(value * factor);
  return moved === value ? value + Math.sign(factor - 1) : moved;
}

const counterparts: Readonly<Record<string, string>> = {
  ...{ 'Math.min': 'Math.max', 'Math.max': 'Math.min', 'Math.floor': 'Math.ceil', 'Math.ceil': 'Math.floor' },
};

/** What can be left out of a chain of calls. */
const steps = new Set([
  'filter',
  'sort',
  'toSorted',
  'toReversed',
  'slice',
  'trim',
  'toLowerCase',
  'normalize',
]);

function changesOfCall(call: Node, callee: Node): readonly Change[] {
  if (!is.isPropertyAccessExpression(callee)) return [];
  const counterpart = counterparts[callee.getText()];
  if (counterpart !== undefined) return [becomes('logic', callee, counterpart)];
  const name = callee.name.getText();
  if (name === 'some') return [becomes('logic', callee.name, 'every')];
  if (name === 'every') return [becomes('logic', callee.name, 'some')];
  return steps.has(name) ? [becomes('logic', call, callee.expression.getText())] : [];
}
