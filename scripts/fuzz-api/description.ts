import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

/** A part of an OpenAPI document. */
export type Node = Readonly<Record<string, unknown>>;

export const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
export const nodeAt = (node: Node, key: string): Node => {
  const child = node[key];
  return isNode(child) ? child : {};
};
const nodesAt = (node: Node, key: string): readonly Node[] => {
  const child = node[key];
  return Array.isArray(child) ? child.filter(isNode) : [];
};

export interface DescribedField {
  readonly name: string;
  readonly schema: Node;
  readonly isRequired: boolean;
}

/** An operation as the document describes it to strangers: nothing here comes from the program. */
export interface DescribedOperation {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly isPublic: boolean;
  readonly pathFields: readonly DescribedField[];
  readonly queryFields: readonly DescribedField[];
  readonly body: { readonly mediaType: string; readonly schema: Node } | undefined;
  readonly responses: Node;
}

/** What is wrong with an answer, in the eyes of the document; undefined if nothing is. */
export type AnswerCheck = (
  operation: DescribedOperation,
  answer: {
    readonly status: number;
    readonly mediaType: string;
    readonly body: Buffer;
    readonly isCut: boolean;
  },
) => string | undefined;

export interface Description {
  readonly operations: readonly DescribedOperation[];
  /** The schema itself where a node only names it. */
  follow(node: Node): Node;
  readonly check: AnswerCheck;
}

function parameters(operation: Node, place: string): readonly DescribedField[] {
  return nodesAt(operation, 'parameters')
    .filter((each) => each['in'] === place)
    .map((each) => ({
      name: String(each['name']),
      schema: nodeAt(each, 'schema'),
      isRequired: each['required'] === true,
    }));
}

function bodyOf(operation: Node): DescribedOperation['body'] {
  const [first] = Object.entries(nodeAt(nodeAt(operation, 'requestBody'), 'content'));
  if (first === undefined || !isNode(first[1])) return undefined;
  return { mediaType: first[0], schema: nodeAt(first[1], 'schema') };
}

function operationsOf(document: Node): readonly DescribedOperation[] {
  return Object.entries(nodeAt(document, 'paths')).flatMap(([path, methods]) =>
    Object.entries(isNode(methods) ? methods : {}).flatMap(([method, operation]) => {
      if (!isNode(operation)) return [];
      return [
        {
          ...{ id: String(operation['operationId']), method: method.toUpperCase(), path },
          isPublic: Array.isArray(operation['security']) && operation['security'].length === 0,
          pathFields: parameters(operation, 'path'),
          queryFields: parameters(operation, 'query'),
          body: bodyOf(operation),
          responses: nodeAt(operation, 'responses'),
        },
      ];
    }),
  );
}

const pointer = (text: string): string => text.replaceAll('~', '~0').replaceAll('/', '~1');

/** Reads a document and compiles its schemas. */
export function describeApi(document: Node): Description {
  const ajv = new Ajv2020({ strict: false, allErrors: false, validateSchema: false });
  addFormats.default(ajv);
  ajv.addSchema(document, 'api');
  const compiled = new Map<string, ValidateFunction>();
  const validatorAt = (place: string): ValidateFunction => {
    const validate = compiled.get(place) ?? ajv.compile({ $ref: `api#${place}` });
    compiled.set(place, validate);
    return validate;
  };
  const problemOf = (place: string, value: unknown): string | undefined => {
    const validate = validatorAt(place);
    return validate(value) ? undefined : `the answer is not as described: ${ajv.errorsText(validate.errors)}`;
  };
  const follow = (node: Node): Node => {
    const ref = node['$ref'];
    if (typeof ref !== 'string') return node;
    return ref
      .slice(2)
      .split('/')
      .reduce<Node>((at, key) => nodeAt(at, key), document);
  };
  const check: AnswerCheck = (operation, { status, mediaType, body, isCut }) => {
    if (status >= 500 && status !== 503) return `status ${status}`;
    // A head that is too long is refused by the parser of HTTP, before there is an operation (RFC 6585, section 5).
    if (status === 431 && body.length === 0) return undefined;
    const given = nodeAt(operation.responses, String(status));
    if (Object.keys(given).length === 0) return `status ${status} is not described`;
    const ref = given['$ref'];
    const responsePlace =
      typeof ref === 'string'
        ? ref.slice(1)
        : `/paths/${pointer(operation.path)}/${operation.method.toLowerCase()}/responses/${status}`;
    const content = nodeAt(follow(given), 'content');
    // Parameters of a media type, such as a version, do not matter here.
    const described = Object.keys(content).find((each) => each.split(';')[0]?.trim() === mediaType);
    if (described === undefined) {
      return `status ${status} with the content type '${mediaType}' is not described`;
    }
    const place = `${responsePlace}/content/${pointer(described)}/schema`;
    if (!mediaType.endsWith('json') && mediaType !== 'application/jsonl') return undefined;
    const lines = body.toString('utf8').split('\n');
    // The reader hung up within a line.
    if (mediaType === 'application/jsonl' && isCut) lines.pop();
    const texts =
      mediaType === 'application/jsonl' ? lines.filter((line) => line !== '') : [body.toString('utf8')];
    if (isCut && mediaType !== 'application/jsonl') return undefined;
    for (const text of texts) {
      const value = parsed(text);
      if (value === undefined) return `the answer is no JSON: ${text.slice(0, 200)}`;
      const problem = problemOf(place, value);
      if (problem !== undefined) return `${problem}: ${text.slice(0, 400)}`;
    }
    return undefined;
  };
  return { operations: operationsOf(document), follow, check };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
