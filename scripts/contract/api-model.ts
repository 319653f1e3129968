import {
  codesByStatus,
  type Declarations,
  hasParts,
  type Node,
  type SentField,
  schemaNode,
  sentFields,
  terms,
} from '../../daemon/contract/openapi.js';
import { type OperationDeclaration, ownErrors } from '../../daemon/contract/operation.js';
import { subjectOf, subjects } from '../../daemon/contract/subjects.js';

/** A field for readers. */
export interface FieldRow {
  /** From the top of the input or of the answer: `deliveries[].channel`. */
  readonly name: string;
  readonly value: string;
  /** Whether it may be absent, its default, or in which form of the answer it is there. */
  readonly presence: string;
  readonly meaning: string;
}

export interface OperationPage {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly summary: string;
  readonly description: string;
  readonly terms: readonly string[];
  readonly input: readonly (FieldRow & { readonly place: string })[];
  readonly answer: string;
  readonly rows: readonly FieldRow[];
  /** Codes with their statuses, those of this operation alone. */
  readonly errors: readonly (readonly [status: number, codes: readonly string[]])[];
}

export interface SubjectPage {
  readonly name: string;
  readonly about: string;
  readonly operations: readonly OperationPage[];
}

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const nodesIn = (value: unknown): readonly Node[] => (Array.isArray(value) ? value.filter(isNode) : []);
const code = (value: unknown): string => `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;

type Schemas = ReadonlyMap<string, Node>;

/** The schema itself where `node` only names it. */
function followed(node: Node, schemas: Schemas): Node {
  const ref = node['$ref'];
  if (typeof ref !== 'string') return node;
  const { $ref: _, ...own } = node;
  return { ...schemas.get(ref.split('/').at(-1) ?? ''), ...own };
}

/** The name that clients know the schema by. */
function nameOf({ $ref: ref }: Node): readonly string[] {
  const name = typeof ref === 'string' ? ref.split('/').at(-1) : undefined;
  return name === undefined ? [] : [code(name)];
}

const formsOf = (node: Node): readonly Node[] => [...nodesIn(node['anyOf']), ...nodesIn(node['oneOf'])];

function range(node: Node, low: string, high: string, unit: string): string {
  const [from, to] = [node[low], node[high]];
  if (typeof from === 'number' && typeof to === 'number') {
    return from === to ? `, ${from}${unit}` : `, ${from} to ${to}${unit}`;
  }
  if (typeof to === 'number') return `, at most ${to}${unit}`;
  return typeof from === 'number' && from !== 0 ? `, at least ${from}${unit}` : '';
}

const wordOfFormat: Readonly<Record<string, string>> = {
  'date-time': 'time',
  date: 'day',
  binary: 'file',
  uuid: 'UUID',
  email: 'mail address',
  uri: 'address',
};

/** What a value may be, in a few words. */
function valueText(given: Node, schemas: Schemas): string {
  const node = followed(given, schemas);
  if (node['const'] !== undefined) return code(node['const']);
  if (Array.isArray(node['enum'])) return node['enum'].map(code).join(', ');
  const forms = formsOf(node);
  if (forms.length > 0) return [...new Set(forms.map((form) => valueText(form, schemas)))].join(' or ');
  const { type } = node;
  if (Array.isArray(type))
    return type.map((each) => valueText({ ...node, type: each }, schemas)).join(' or ');
  switch (type) {
    case 'string': {
      const { format } = node;
      const word = typeof format === 'string' ? wordOfFormat[format] : undefined;
      if (word === 'file' && typeof node['maxLength'] === 'number')
        return `file, at most ${node['maxLength']} bytes`;
      return word ?? `text${range(node, 'minLength', 'maxLength', ' characters')}`;
    }
    case 'integer':
      return `whole number${range(node, 'minimum', 'maximum', '')}`;
    case 'number':
      return `number${range(node, 'minimum', 'maximum', '')}`;
    case 'boolean':
      return '`true`, `false`';
    case 'null':
      return '`null`';
    case 'array': {
      const items = isNode(node['items']) ? valueText(node['items'], schemas) : 'values';
      return `list of ${items}${range(node, 'minItems', 'maxItems', '')}`;
    }
    case 'object':
      return isNode(node['properties']) ? ['object', ...nameOf(given)].join(' ') : 'object with any names';
    default:
      return 'any value';
  }
}

/** What tells a form of a union from the others: "`outcome` `failed`". */
function formName(form: Node): string {
  const properties = isNode(form['properties']) ? form['properties'] : {};
  const told = Object.entries(properties).find(([, node]) => isNode(node) && node['const'] !== undefined);
  if (told !== undefined) return `${code(told[0])} ${code(isNode(told[1]) ? told[1]['const'] : '')}`;
  const [first] = Object.keys(properties);
  return first === undefined ? '' : `with ${code(first)}`;
}

const deepest = 8;

/** The rows of everything below `given`, whose own name is `name`. */
function rowsBelow(given: Node, name: string, schemas: Schemas, where = '', depth = 0): readonly FieldRow[] {
  const node = followed(given, schemas);
  if (depth > deepest) return [];
  const forms = formsOf(node).map((form) => followed(form, schemas));
  if (forms.length > 0) {
    const isUnion = forms.filter(({ type }) => type === 'object').length > 1;
    return merged(
      forms.map((form) => rowsBelow(form, name, schemas, isUnion ? formName(form) : where, depth + 1)),
    );
  }
  if (node['type'] === 'array' && isNode(node['items'])) {
    return rowsBelow(node['items'], `${name}[]`, schemas, where, depth + 1);
  }
  const values = node['additionalProperties'];
  if (isNode(values) && Object.keys(values).length > 0) {
    return rowsBelow(values, `${name}.*`, schemas, where, depth + 1);
  }
  const properties = isNode(node['properties']) ? node['properties'] : {};
  const required = new Set(Array.isArray(node['required']) ? node['required'] : []);
  return Object.entries(properties).flatMap(([key, child]) => {
    if (!isNode(child)) return [];
    const path = name === '' ? key : `${name}.${key}`;
    const row = fieldRow(path, child, required.has(key), schemas, where);
    return [row, ...rowsBelow(child, path, schemas, where, depth + 1)];
  });
}

/** The rows of all forms of a union: a field that is the same in every form stands there once, without their names. */
function merged(forms: readonly (readonly FieldRow[])[]): readonly FieldRow[] {
  const byField = new Map<string, FieldRow[]>();
  for (const row of forms.flat()) {
    const key = JSON.stringify([row.name, row.value, row.meaning]);
    byField.set(key, [...(byField.get(key) ?? []), row]);
  }
  return [...byField.values()].flatMap((rows) => {
    const [first] = rows;
    if (first === undefined) return [];
    if (rows.length === forms.length) {
      return [{ ...first, presence: rows.every(({ presence }) => isSometimes(presence)) ? 'sometimes' : '' }];
    }
    return [{ ...first, presence: rows.map(({ presence }) => presence).join('; ') }];
  });
}

const isSometimes = (presence: string): boolean => presence.endsWith('sometimes');

function fieldRow(name: string, given: Node, isRequired: boolean, schemas: Schemas, where: string): FieldRow {
  const node = followed(given, schemas);
  const { description } = node;
  const absent =
    node['default'] === undefined ? (isRequired ? '' : 'sometimes') : `default ${code(node['default'])}`;
  return {
    name,
    value: valueText(given, schemas),
    presence: [where, absent].filter((part) => part !== '').join(', '),
    meaning: typeof description === 'string' ? description : '',
  };
}

function inputRows(declaration: OperationDeclaration, schemas: Map<string, Node>): OperationPage['input'] {
  const { path, query, document } = sentFields(declaration, schemas);
  const optional = (text: string): string => text.replace(/sometimes$/, 'optional');
  const rows = (place: string, fields: readonly SentField[]): OperationPage['input'] =>
    fields.flatMap(({ name, node, isRequired }) =>
      [fieldRow(name, node, isRequired, schemas, ''), ...rowsBelow(node, name, schemas)].map((row) => ({
        ...row,
        presence: optional(row.presence),
        place,
      })),
    );
  const files = Object.entries(declaration.files ?? {}).map(([name, part]) => ({
    ...{ name, place: 'part', meaning: part.description },
    value: `${part.minimum === part.maximum ? part.maximum : `${part.minimum} to ${part.maximum}`} ${part.maximum === 1 ? 'file' : 'files'}, each at most ${part.maximumBytes} bytes`,
    presence: part.minimum === 0 ? 'optional' : '',
  }));
  const secrets = Object.entries(declaration.secrets ?? {}).map(([name, part]) => ({
    ...{ name, place: 'part', meaning: part.description },
    value: `secret, at most ${part.maximumBytes} bytes`,
    presence: part.isRequired ? '' : 'optional',
  }));
  const documentPlace = hasParts(declaration) ? 'part `document`' : 'document';
  return [
    ...rows('path', path),
    ...rows('query', query),
    ...rows(documentPlace, document),
    ...files,
    ...secrets,
  ];
}

function answerOf(
  { answer, isWebSocket }: OperationDeclaration,
  schemas: Map<string, Node>,
): Pick<OperationPage, 'answer' | 'rows'> {
  if (isWebSocket === true) return { answer: 'A WebSocket.', rows: [] };
  if (answer.kind === 'file') {
    const { mediaType, alternative } = answer;
    const other =
      alternative === undefined ? '' : `, or \`${alternative}\` for callers whose \`Accept\` names it`;
    return { answer: `A file, \`${mediaType}\`${other}.`, rows: [] };
  }
  const node = schemaNode(answer.kind === 'json' ? answer.schema : answer.item, 'output', schemas);
  const value = valueText(node, schemas);
  const shape = {
    json: `\`data\`: ${value}.`,
    page: `\`data\`: a page of the list; each item: ${value}.`,
    lines: isBounded(answer)
      ? `\`data\`: all items; each item: ${value}. Callers whose \`Accept\` names \`application/jsonl\` get \`{"item"}\` on a line for each item, then \`{"done":true}\` or \`{"error"}\`.`
      : `Lines of JSON: \`{"item"}\` for each item, then \`{"done":true}\` or \`{"error"}\`. Each item: ${value}.`,
  }[answer.kind];
  return { answer: shape, rows: rowsBelow(node, '', schemas) };
}

const isBounded = (answer: OperationDeclaration['answer']): boolean =>
  answer.kind === 'lines' && answer.isBounded === true;

function operationPage(id: string, declaration: OperationDeclaration): OperationPage {
  const schemas = new Map<string, Node>();
  const own = new Set(ownErrors(declaration));
  const errors = [...codesByStatus(declaration)]
    .map(([status, codes]) => [status, codes.filter((each) => own.has(each))] as const)
    .filter(([, codes]) => codes.length > 0);
  const { method, path, summary, description = '' } = declaration;
  return {
    ...{ id, method, path, summary, description, errors },
    terms: terms(declaration),
    input: inputRows(declaration, schemas),
    ...answerOf(declaration, schemas),
  };
}

/** All operations for readers, by subject in the order of the alphabet. */
export function apiModel(operations: Declarations): readonly SubjectPage[] {
  const names = [...new Set(Object.keys(operations).map(subjectOf))].sort();
  return names.map((name) => ({
    name,
    about: subjects[name] ?? '',
    operations: Object.entries(operations)
      .filter(([id]) => subjectOf(id) === name)
      .map(([id, declaration]) => operationPage(id, declaration)),
  }));
}
