import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseAst } from 'vite';

export const daemon = fileURLToPath(new URL('../../daemon', import.meta.url));

interface Node {
  readonly type: string;
  readonly [key: string]: unknown;
}

export interface Text {
  readonly start: string;
  readonly end: string;
}

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && 'type' in value;

const childrenOf = (node: Node): readonly Node[] => Object.values(node).flat().filter(isNode);

const nameOf = (value: unknown): string => (isNode(value) ? String(value['name'] ?? '') : '');

/** The texts that an expression can have, as far as they are written out. A placeholder stands as `$`. */
function textsOf(value: unknown): readonly Text[] {
  if (!isNode(value)) return [];
  const cooked = (quasi: unknown): string =>
    isNode(quasi) ? (quasi['value'] as { readonly cooked: string }).cooked || '$' : '$';
  switch (value.type) {
    case 'Literal': {
      const text = value['value'];
      return typeof text === 'string' && text !== '' ? [{ start: text, end: text }] : [];
    }
    case 'TemplateLiteral': {
      const quasis = value['quasis'] as readonly unknown[];
      return [{ start: cooked(quasis[0]), end: cooked(quasis.at(-1)) }];
    }
    case 'ConditionalExpression':
      return [value['consequent'], value['alternate']].flatMap(textsOf);
    case 'LogicalExpression':
      return textsOf(value['right']);
    default:
      return [];
  }
}

export interface Texts {
  readonly messages: Text[];
  readonly remedies: Text[];
}

/** Where the functions of a file take a remedy, by their names. */
function remedyPlaces(node: Node, places = new Map<string, number>()): Map<string, number> {
  const [name, made] =
    node.type === 'FunctionDeclaration'
      ? [node['id'], node]
      : [node['id'] ?? node['key'], node['init'] ?? node['value']];
  const parameters =
    isNode(made) && Array.isArray(made['params']) ? (made['params'] as readonly unknown[]) : [];
  const place = parameters.findIndex((parameter) => nameOf(parameter) === 'remedy');
  if (place >= 0) places.set(nameOf(name), place);
  for (const child of childrenOf(node)) remedyPlaces(child, places);
  return places;
}

function collect(node: Node, found: Texts, places: ReadonlyMap<string, number>): Texts {
  const { messages, remedies } = found;
  const place = node.type === 'CallExpression' ? places.get(nameOf(node['callee'])) : undefined;
  if (place !== undefined) remedies.push(...textsOf((node['arguments'] as readonly unknown[])[place]));
  const isThrown = ['operational', 'badInput', 'defect'].includes(nameOf(node['callee']));
  if (node.type === 'CallExpression' && isThrown) {
    messages.push(...textsOf((node['arguments'] as readonly unknown[])[1]));
  }
  if (node.type === 'Property' && nameOf(node['key']) === 'message') messages.push(...textsOf(node['value']));
  if (node.type === 'Property' && nameOf(node['key']) === 'remedy') remedies.push(...textsOf(node['value']));
  if (node.type === 'VariableDeclarator' && /remedy$/i.test(nameOf(node['id']))) {
    remedies.push(...textsOf(node['init']));
  }
  for (const child of childrenOf(node)) collect(child, found, places);
  return found;
}

/** The sources of the daemon, without the console, by their paths below `daemon/`. */
export const sourcePaths = (): readonly string[] =>
  readdirSync(daemon, { recursive: true, encoding: 'utf8' }).filter(
    (path) => path.endsWith('.ts') && !path.endsWith('.d.ts') && !path.startsWith('console'),
  );

/** The messages and remedies that a source has in English: those that are not said by a code. */
export function textsIn(path: string): Texts {
  const node = parseAst(readFileSync(join(daemon, path), 'utf8'), { lang: 'ts' }) as unknown as Node;
  return collect(node, { messages: [], remedies: [] }, remedyPlaces(node));
}
