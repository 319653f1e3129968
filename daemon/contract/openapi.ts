import { z } from 'zod';
import {
  answerEnvelope,
  type ErrorStatus,
  errorEnvelope,
  errorStatuses,
  lineEnvelope,
  pageEnvelope,
  problemDetails,
  problemMediaType,
  statusOf,
} from './api-errors.js';
import {
  type CentreCall,
  type Creation,
  commonErrors,
  defaultDocumentBytes,
  gateErrors,
  hasIdempotencyField,
  hasRevision,
  maximumDocumentDepth,
  type OperationDeclaration,
  ownErrors,
  pathFields,
  takesRevision,
} from './operation.js';
import { namedSchemas } from './schema-names.js';
import { isScope, scopes } from './scopes.js';
import { subjectOf, subjects } from './subjects.js';

/** A part of an OpenAPI document, or of a JSON Schema in it. */
export type Node = Readonly<Record<string, unknown>>;

/** What was sent and answered once, for readers. */
export interface OperationExample {
  /** The fields of the input. */
  readonly request?: Node;
  /** The document as it was sent; of lines, the first one. Absent for a file. */
  readonly answer?: unknown;
}

export type Declarations = Readonly<Record<string, OperationDeclaration>>;

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Schemas with an id, collected while the document is made. They are named once and used by reference. */
type Components = Map<string, Node>;

/** What several operations have in common. */
interface Parts {
  readonly schemas: Components;
  readonly responses: Components;
  readonly uses: Uses;
}

const sorted = (parts: Components): Node =>
  Object.fromEntries([...parts].sort(([one], [other]) => (one < other ? -1 : 1)));

const componentRef = '#/components/schemas/';

/** Leaves out what zod adds and readers need not know. */
function plainer(node: Record<string, unknown>, direction: 'input' | 'output'): void {
  // Later releases may answer more fields. A reader ignores those that it does not know.
  if (direction === 'output' && node['additionalProperties'] === false) delete node['additionalProperties'];
  if (node['minimum'] === Number.MIN_SAFE_INTEGER) delete node['minimum'];
  if (node['maximum'] === Number.MAX_SAFE_INTEGER) delete node['maximum'];
  if (node['format'] === 'date-time') node['pattern'] = 'Z$';
  // Means something else here: that a field may only be answered.
  delete node['readOnly'];
}

const idOf = (id: string, direction: 'input' | 'output'): string =>
  direction === 'input' ? `${id}Input` : id;

/** The same schema with each `#/$defs/Name` as a reference to a component. */
function withComponentRefs(value: unknown, direction: 'input' | 'output'): unknown {
  if (Array.isArray(value)) return value.map((each) => withComponentRefs(each, direction));
  if (!isNode(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, child]) =>
      key === '$ref' && typeof child === 'string'
        ? [key, child.replace(/^#\/\$defs\/(.*)$/, (_, id: string) => componentRef + idOf(id, direction))]
        : [key, withComponentRefs(child, direction)],
    ),
  );
}

/** The JSON Schema of what is sent or answered. Parts with an id go to the components. */
export function schemaNode(schema: z.ZodType, direction: 'input' | 'output', components: Components): Node {
  const made = z.toJSONSchema(schema, {
    io: direction,
    metadata: namedSchemas,
    override: ({ jsonSchema }) => plainer(jsonSchema, direction),
  });
  const { $schema: _, $defs = {}, ...node } = made as Node & { readonly $defs?: Node };
  for (const [id, part] of Object.entries($defs)) {
    const { id: _id, ...rest } = withComponentRefs(part, direction) as Node;
    name(components, idOf(id, direction), rest);
  }
  const { id, ...whole } = withComponentRefs(node, direction) as Node;
  if (typeof id !== 'string') return whole;
  name(components, idOf(id, direction), whole);
  return { $ref: componentRef + idOf(id, direction) };
}

/** @throws RangeError where two schemas have one name: a mistake in the declarations */
function name(components: Components, id: string, node: Node): void {
  const known = components.get(id);
  if (known !== undefined && !isSame(known, node)) throw new RangeError(`two schemas have the name ${id}`);
  components.set(id, node);
}

const isSame = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);

/** The fields of an operation's input, each with its schema, and where it travels. */
interface SentFields {
  readonly path: readonly SentField[];
  readonly query: readonly SentField[];
  /** The fields of the JSON document. */
  readonly document: readonly SentField[];
}
export interface SentField {
  readonly name: string;
  readonly node: Node;
  readonly isRequired: boolean;
}

export function sentFields(declaration: OperationDeclaration, components: Components): SentFields {
  const whole = declaration.input === undefined ? {} : schemaNode(declaration.input, 'input', components);
  const properties = isNode(whole['properties']) ? whole['properties'] : {};
  const required = new Set(Array.isArray(whole['required']) ? whole['required'] : []);
  const inPath = new Set(pathFields(declaration.path));
  const fields = Object.entries(properties).map(([name, node]) => ({
    name,
    node: isNode(node) ? node : {},
    isRequired: required.has(name),
  }));
  const others = fields.filter(({ name }) => !inPath.has(name));
  const isQuery = declaration.method === 'GET' || declaration.method === 'DELETE';
  return {
    path: fields.filter(({ name }) => inPath.has(name)),
    query: isQuery ? others : [],
    document: isQuery ? [] : others,
  };
}

function parameter(
  place: 'path' | 'query',
  { name, node, isRequired }: SentField,
  example: OperationExample | undefined,
): Node {
  const { description, ...schema } = node;
  const shown = example?.request?.[name];
  return {
    ...{ name, in: place, required: place === 'path' || isRequired },
    ...(description === undefined ? {} : { description }),
    schema,
    ...(shown === undefined ? {} : { example: shown }),
  };
}

function documentNode(fields: readonly SentField[]): Node {
  const required = fields.filter(({ isRequired }) => isRequired).map(({ name }) => name);
  return {
    type: 'object',
    properties: Object.fromEntries(fields.map(({ name, node }) => [name, node])),
    ...(required.length === 0 ? {} : { required }),
    additionalProperties: false,
  };
}

const binary: Node = { type: 'string', format: 'binary', contentMediaType: 'application/octet-stream' };

function multipartNode(declaration: OperationDeclaration, fields: readonly SentField[]): Node {
  const files = Object.entries(declaration.files ?? {}).map(([name, part]) => {
    const { minimum, maximum, maximumBytes, description } = part;
    const node =
      maximum === 1
        ? { ...binary, maxLength: maximumBytes, description }
        : {
            ...{ type: 'array', items: { ...binary, maxLength: maximumBytes } },
            ...{ minItems: minimum, maxItems: maximum, description },
          };
    return { name, node, isRequired: minimum > 0 };
  });
  const secrets = Object.entries(declaration.secrets ?? {}).map(([name, part]) => {
    const { isRequired, maximumBytes, description } = part;
    return { name, node: { ...binary, maxLength: maximumBytes, description }, isRequired };
  });
  const isRequired = fields.some((field) => field.isRequired);
  const document = fields.length === 0 ? [] : [{ name: 'document', node: documentNode(fields), isRequired }];
  return documentNode([...document, ...files, ...secrets]);
}

export const hasParts = ({ files, secrets }: OperationDeclaration): boolean =>
  files !== undefined || secrets !== undefined;

function requestBody(
  declaration: OperationDeclaration,
  fields: readonly SentField[],
  example: OperationExample | undefined,
): Node {
  if (hasParts(declaration)) {
    const schema = multipartNode(declaration, fields);
    const encoding =
      fields.length === 0 ? {} : { encoding: { document: { contentType: 'application/json' } } };
    const content = { 'multipart/form-data': { schema, ...encoding } };
    return { requestBody: { required: 'required' in schema, content } };
  }
  if (fields.length === 0) return {};
  const schema = documentNode(fields);
  const sent = fields.flatMap(({ name }) =>
    example?.request?.[name] === undefined ? [] : [[name, example.request[name]]],
  );
  const shown = sent.length === 0 ? {} : { example: Object.fromEntries(sent) };
  return {
    requestBody: { required: 'required' in schema, content: { 'application/json': { schema, ...shown } } },
  };
}

const answerText = {
  json: 'The answer.',
  page: 'One page of the list.',
  lines:
    'Lines of JSON, each with the schema of `application/jsonl`. The last one says whether all items were sent.',
  file: 'The file.',
} as const;

const eventStream: Node = {
  type: 'string',
  description:
    'Server-sent events. `event` is the `kind` of the item, `data` the item, `id` the place to continue from. The last one is `done` with `{}`, or `failed` with a problem. Lines that begin with a colon say that the connection is alive.',
};

/** The headers that a request may have for this operation. */
function headerParameters(declaration: OperationDeclaration): readonly Node[] {
  const { answer, method } = declaration;
  const header = (name: string, description: string): Node => ({
    ...{ name, in: 'header', required: false, description, schema: { type: 'string', maxLength: 256 } },
  });
  if (answer.kind === 'lines' && answer.resume !== undefined) {
    const id = 'the `id` of the last event that was read';
    const before = `Counts before \`${answer.resume.field}\`.`;
    return [header('Last-Event-ID', `With \`Accept: text/event-stream\`: ${id}. ${before}`)];
  }
  const known = 'The `ETag` of an answer that the caller has. If it is the same: 304.';
  const revision = 'The `ETag` of the answer that the change is based on, in place of `ifRevision`.';
  const key = hasIdempotencyField(declaration)
    ? 'A random text of 8 to 128 characters, in place of `idempotencyKey`.'
    : 'A random text of 8 to 128 characters. Repeating the request with the same key creates nothing new.';
  return [
    ...(takesRevision(declaration) ? [header('If-Match', revision)] : []),
    ...(declaration.creates === undefined ? [] : [header('Idempotency-Key', key)]),
    ...(method === 'GET' && hasRevision(declaration) ? [header('If-None-Match', known)] : []),
  ];
}

/** That the caller has the answer already. */
function notModified(declaration: OperationDeclaration): Node {
  if (declaration.method !== 'GET' || !hasRevision(declaration)) return {};
  return { '304': { description: 'The caller has this answer already.', headers: headers('ETag') } };
}

function answerContent(
  { answer }: OperationDeclaration,
  example: OperationExample | undefined,
  components: Components,
): Node {
  const shown = example?.answer === undefined ? {} : { example: example.answer };
  const json = (schema: z.ZodType): Node => ({
    'application/json': { schema: schemaNode(schema, 'output', components), ...shown },
  });
  switch (answer.kind) {
    case 'json':
      return json(answerEnvelope(answer.schema));
    case 'page':
      return json(pageEnvelope(answer.item));
    case 'lines':
      return {
        ...(answer.isBounded === true ? wholeContent(answer.item, example, components) : {}),
        'application/jsonl': {
          schema: schemaNode(lineEnvelope(answer.item), 'output', components),
          ...shown,
        },
        ...(answer.resume === undefined ? {} : { 'text/event-stream': { schema: eventStream } }),
      };
    case 'file':
      return Object.fromEntries(
        [answer.mediaType, answer.alternative]
          .filter((mediaType) => mediaType !== undefined)
          .map((mediaType) => [mediaType, { schema: binary }]),
      );
  }
}

/** Items that end by themselves, as one document. */
function wholeContent(item: z.ZodType, example: OperationExample | undefined, components: Components): Node {
  const shown = isNode(example?.answer) && 'item' in example.answer ? [example.answer['item']] : [];
  const whole = { success: true, data: shown, meta: { requestId: '3f0c8a52-6b1e-4d57-9c34-1f2a7e90b6d8' } };
  return {
    'application/json': {
      schema: schemaNode(answerEnvelope(z.array(item).readonly()), 'output', components),
      ...(shown.length === 0 ? {} : { example: whole }),
    },
  };
}

/** The codes of errors that an operation can give, those of every operation included, by status. */
export function codesByStatus(
  declaration: OperationDeclaration,
): ReadonlyMap<ErrorStatus, readonly string[]> {
  const isPublic = declaration.scope === 'public';
  const isSelf = declaration.scope === 'self';
  const { document } = sentFields(declaration, new Map());
  const hasBody = document.length > 0 || hasParts(declaration);
  const cannot = new Set<string>([
    ...(isPublic ? ['unauthenticated'] : []),
    ...(isPublic || isSelf ? ['forbidden'] : []),
    ...(declaration.needsStepUp === true ? [] : ['step-up-required']),
    ...(declaration.secondPerson === undefined ? ['approval-required'] : []),
    ...(hasBody ? [] : ['unsupported-media-type']),
  ]);
  const own = new Set(ownErrors(declaration));
  const common = commonErrors.filter((code) => own.has(code) || !cannot.has(code));
  const byStatus = new Map<ErrorStatus, string[]>();
  for (const code of new Set([...common, ...gateErrors, ...own])) {
    const status = statusOf('input', code);
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return new Map([...byStatus].sort(([one], [other]) => one - other));
}

const whole: Node = { type: 'integer' };

/** Headers of answers that the document names once. */
const namedHeaders = {
  // What is left of the limit on how often the caller may ask. Every answer has them.
  'RateLimit-Limit': { description: 'How many calls of this class the caller has.', schema: whole },
  'RateLimit-Remaining': { description: 'How many of them are left.', schema: whole },
  'RateLimit-Reset': { description: 'Seconds until all are there again.', schema: whole },
  'Retry-After': { description: 'Seconds to wait.', schema: whole },
  ETag: { description: 'Changes with the answer. For `If-Match`.', schema: { type: 'string' } },
  'Idempotency-Replayed': {
    description: '`true`: the answer to an earlier request with the same key.',
    schema: { type: 'string' },
  },
} as const satisfies Node;

const headers = (...names: readonly (keyof typeof namedHeaders)[]): Node =>
  Object.fromEntries(names.map((each) => [each, { $ref: `#/components/headers/${each}` }]));

const rateLimitHeaders = headers('RateLimit-Limit', 'RateLimit-Remaining', 'RateLimit-Reset');

function errorResponse(status: ErrorStatus, codes: readonly string[]): Node {
  const error = { type: 'object', properties: { code: { enum: codes } } };
  const schema = {
    allOf: [{ $ref: `${componentRef}Error` }, { type: 'object', properties: { error } }],
  };
  const told = status === 429 ? { headers: { ...headers('Retry-After'), ...rateLimitHeaders } } : {};
  return {
    description: `${errorStatuses[status]} Codes: ${codes.map((each) => `\`${each}\``).join(', ')}.`,
    ...told,
    content: {
      'application/json': { schema },
      [problemMediaType]: { schema: { $ref: `${componentRef}ProblemDetails` } },
    },
  };
}

const pascal = (text: string): string =>
  text.replace(/(?:^|[-.])(\w)/g, (_, letter: string) => letter.toUpperCase());

/** How many operations answer with the same codes. */
type Uses = ReadonlyMap<string, number>;

const responseName = (codes: readonly string[]): string => codes.map(pascal).join('Or');

function usesOfResponses(declarations: readonly OperationDeclaration[]): Uses {
  const uses = new Map<string, number>();
  for (const declaration of declarations) {
    for (const codes of codesByStatus(declaration).values()) {
      const response = responseName(codes);
      uses.set(response, (uses.get(response) ?? 0) + 1);
    }
  }
  return uses;
}

/** The responses of errors. Those of several operations are named. */
function errorResponses(declaration: OperationDeclaration, { responses: shared, uses }: Parts): Node {
  const responses = [...codesByStatus(declaration)].map(([status, codes]) => {
    const response = errorResponse(status, codes);
    const id = responseName(codes);
    if ((uses.get(id) ?? 0) < 2) return [String(status), response];
    shared.set(id, response);
    return [String(status), { $ref: `#/components/responses/${id}` }];
  });
  return Object.fromEntries(responses);
}

const kibibytes = (bytes: number): string =>
  bytes >= 1024 * 1024 ? `${bytes / 1024 / 1024} MiB` : `${bytes / 1024} KiB`;

const auditText = {
  write: 'A call that succeeds leaves an entry in the audit log.',
  personal:
    'A call that succeeds reads personal data and leaves an entry in the audit log; docs/reference/audit.md says how many entries readings leave.',
} as const;

/** How a caller whose answer was lost repeats the request. */
function repeatText(declaration: OperationDeclaration, { lost }: Creation): string {
  if (hasIdempotencyField(declaration)) return 'The header `Idempotency-Key` counts as `idempotencyKey`.';
  const again = 'With the header `Idempotency-Key`, repeating the request creates nothing new';
  return lost === undefined
    ? `${again} and returns the same answer.`
    : `${again}. The box does not keep this answer: a repeat gets \`idempotency-answer-not-kept\`.`;
}

/** What holds for an operation besides its input and answer, as sentences. */
export function terms(declaration: OperationDeclaration): readonly string[] {
  const {
    scope,
    rate,
    audit,
    isLong,
    needsStepUp,
    withoutProof,
    secondPerson,
    camera,
    documentBytes,
    isLocalOnly,
    answer,
    centre,
    creates,
  } = declaration;
  const who =
    scope === 'public'
      ? 'Needs no login.'
      : scope === 'self'
        ? 'Open to every caller who is logged in, about themselves.'
        : `Needs the scope \`${scope}\`${isScope(scope) ? `: ${scopes[scope]}` : ''}.`;
  return [
    ...(isLocalOnly === true
      ? ['Only for the command line on the box: it does not exist over the network.']
      : []),
    who,
    `Rate class \`${rate}\`.`,
    ...(needsStepUp === true
      ? ['The caller must have given the password or the second factor within the last 5 minutes.']
      : []),
    ...(secondPerson === undefined
      ? []
      : [`A second person must approve it where \`api.secondPerson\` names the class \`${secondPerson}\`.`]),
    ...(withoutProof === undefined ? [] : [`Not needed where ${withoutProof.where}.`]),
    ...(audit === undefined ? [] : [auditText[audit]]),
    ...(takesRevision(declaration)
      ? ['The header `If-Match` with the `ETag` of an answer counts as `ifRevision`.']
      : []),
    ...(creates === undefined ? [] : [repeatText(declaration, creates)]),
    ...(hasRevision(declaration) ? ['The answer has an `ETag`.'] : []),
    ...(answer.kind === 'lines' && answer.resume !== undefined
      ? ['With `Accept: text/event-stream` the answer comes as server-sent events.']
      : []),
    ...(answer.kind === 'lines' && answer.isBounded === true
      ? ['With `Accept: application/jsonl` the answer comes as lines of JSON.']
      : []),
    ...(isLong === true ? ['The answer may take longer than a few seconds.'] : []),
    ...(camera === undefined
      ? []
      : [`Callers who are limited to cameras can only use \`${camera}\` with one of these.`]),
    ...(centre === undefined ? [] : [centreText(declaration, centre)]),
    ...(documentBytes === undefined ? [] : [`The JSON document has at most ${kibibytes(documentBytes)}.`]),
  ];
}

function centreText(
  { files, secrets }: OperationDeclaration,
  { command, scope, sealed, isOnlyOwn }: CentreCall,
): string {
  const own = command === undefined ? [] : [`\`${command}\``];
  const isGeneric = isOnlyOwn !== true && files === undefined && secrets === undefined;
  const generic = isGeneric ? ['`call-operation`'] : [];
  const parts = { input: 'the input', answer: 'the answer', both: 'input and answer' } as const;
  const seal = sealed === undefined ? '' : `, with ${parts[sealed]} sealed`;
  return `A centre that is trusted with \`${scope}\` calls it with the command ${[...own, ...generic].join(' or ')}${seal} (docs/reference/commands.md).`;
}

function extensions(id: string, declaration: OperationDeclaration): Node {
  const { scope, rate, audit, isLong, needsStepUp, secondPerson, camera, centre } = declaration;
  return {
    'x-rollcall-operation': id,
    'x-rollcall-scope': scope,
    'x-rollcall-rate': rate,
    ...(audit === undefined ? {} : { 'x-rollcall-audit': audit }),
    ...(needsStepUp === undefined ? {} : { 'x-rollcall-step-up': needsStepUp }),
    ...(secondPerson === undefined ? {} : { 'x-rollcall-second-person': secondPerson }),
    ...(isLong === undefined ? {} : { 'x-rollcall-long': isLong }),
    ...(camera === undefined ? {} : { 'x-rollcall-camera': camera }),
    ...(centre?.command === undefined ? {} : { 'x-rollcall-command': centre.command }),
    ...(centre === undefined ? {} : { 'x-rollcall-centre': centre.scope }),
    'x-rollcall-document-bytes': declaration.documentBytes ?? defaultDocumentBytes,
  };
}

function security({ scope }: OperationDeclaration): readonly Node[] {
  if (scope === 'public') return [];
  const needed = scope === 'self' ? [] : [scope];
  return Object.keys(securitySchemes).map((name) => ({ [name]: needed }));
}

/** True if the answer can be that of an earlier request. */
const isKept = (declaration: OperationDeclaration): boolean =>
  declaration.creates !== undefined &&
  declaration.creates.lost === undefined &&
  !hasIdempotencyField(declaration);

/** The responses of a call that succeeds. */
function success(
  declaration: OperationDeclaration,
  example: OperationExample | undefined,
  components: Components,
): Node {
  if (declaration.isWebSocket === true) {
    return { '101': { description: 'The connection is a WebSocket from now on.' } };
  }
  return {
    '200': {
      description: answerText[declaration.answer.kind],
      headers: {
        ...rateLimitHeaders,
        ...(hasRevision(declaration) ? headers('ETag') : {}),
        ...(isKept(declaration) ? headers('Idempotency-Replayed') : {}),
      },
      content: answerContent(declaration, example, components),
    },
    ...notModified(declaration),
  };
}

function operationNode(
  id: string,
  declaration: OperationDeclaration,
  example: OperationExample | undefined,
  parts: Parts,
): Node {
  const { schemas: components } = parts;
  const { path, query, document } = sentFields(declaration, components);
  const parameters = [
    ...path.map((field) => parameter('path', field, example)),
    ...query.map((field) => parameter('query', field, example)),
    ...headerParameters(declaration),
  ];
  const { description, summary } = declaration;
  return {
    // Generated clients make a function of it.
    operationId: id.replace(/[.-](\w)/g, (_, letter: string) => letter.toUpperCase()),
    tags: [subjectOf(id)],
    ...(declaration.deprecated === undefined ? {} : { deprecated: true }),
    summary,
    description: [...(description === undefined ? [] : [description]), terms(declaration).join(' ')].join(
      '\n\n',
    ),
    security: security(declaration),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...requestBody(declaration, document, example),
    responses: {
      ...success(declaration, example, components),
      ...errorResponses(declaration, parts),
    },
    ...extensions(id, declaration),
  };
}

const securitySchemes = {
  token: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'An access token of 15 minutes from `auth.login` or `auth.refresh`.',
  },
  apiKey: {
    type: 'http',
    scheme: 'bearer',
    description:
      'An API key. It has its own scopes and an expiry date, and is shown only once, when it is created.',
  },
  session: {
    type: 'apiKey',
    in: 'cookie',
    name: '__Host-rollcall',
    description: 'The session of a browser.',
  },
} as const;

/**
 * The version of the contract. The first number is that of the address, `/api/v1`, and grows where a client must change. The second
 * one grows with what is added or deprecated, the third one with words. docs/contract/CHANGELOG.md begins with this version.
 */
export const contractVersion = '1.17.0';

const introduction = [
  'Everything that a rollcall box can do. This document is generated from the declarations with which the box checks each request and each answer.',
  'Answers are `{ "success": true, "data", "meta" }`. Errors are `{ "success": false, "error": { "kind", "code", "message", "remedy", "details", "requestId" } }`: programs match on `code`. With `Accept: application/problem+json` they come as RFC 9457 describes. An address that exists answers another method with status 405 and `Allow`. Ignore fields that you do not know: later releases may answer more.',
  'Texts for people, such as the `message` of an error, are in the language of `Accept-Language` that the box knows, and otherwise in English. `says` beside them has what each says as a `code` with `values`, for programs that use words of their own: codes are stable, texts are not.',
  'Times are ISO 8601 in UTC. Lists that can grow come in pages: give `nextCursor` of a page as `cursor` to get the next one.',
  `A JSON document has at most ${kibibytes(defaultDocumentBytes)} and ${maximumDocumentDepth} levels unless the operation says otherwise. Fields and parts that are not listed are refused.`,
  'Extensions: `x-rollcall-operation` is the name of the operation in the other documents. `x-rollcall-scope` is the scope that the caller needs (`public`: no login; `self`: any login). `x-rollcall-rate` is the class of the limit on how often. `x-rollcall-audit`: a call that succeeds leaves an entry in the audit log; readings have an allowance of entries. `x-rollcall-step-up`: the password or second factor within the last 5 minutes. `x-rollcall-long`: the answer may take longer than a few seconds. `x-rollcall-camera`: the field that holds a camera id. `x-rollcall-command`: the command by which a centre calls the operation over MQTT. `x-rollcall-document-bytes`: the largest JSON document.',
].join('\n\n');

/** The OpenAPI 3.1 document of the operations. */
export function openApiDocument(
  operations: Declarations,
  examples: Readonly<Record<string, OperationExample>> = {},
): Node {
  // What only the box itself may ask for does not exist for others.
  const shown = Object.entries(operations).filter(([, { isLocalOnly }]) => isLocalOnly !== true);
  const uses = usesOfResponses(shown.map(([, declaration]) => declaration));
  const parts: Parts = { schemas: new Map(), responses: new Map(), uses };
  schemaNode(errorEnvelope, 'output', parts.schemas);
  schemaNode(problemDetails, 'output', parts.schemas);
  const paths: Record<string, Record<string, Node>> = {};
  for (const [id, declaration] of shown) {
    const methods = paths[declaration.path] ?? {};
    methods[declaration.method.toLowerCase()] = operationNode(id, declaration, examples[id], parts);
    paths[declaration.path] = methods;
  }
  const used = [...new Set(shown.map(([id]) => subjectOf(id)))];
  return withoutTwins({
    openapi: '3.1.1',
    info: {
      title: 'rollcall',
      version: contractVersion,
      description: introduction,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [
      {
        url: 'https://{host}/api/v1',
        description: 'A box.',
        variables: {
          host: { default: 'localhost:8443', description: 'Name or address of the box, and its port.' },
        },
      },
    ],
    tags: used.map((name) => ({ name, description: subjects[name] ?? '' })),
    paths,
    components: {
      securitySchemes,
      headers: namedHeaders,
      responses: sorted(parts.responses),
      schemas: sorted(parts.schemas),
    },
  });
}

type Document = Node & { readonly components: Node & { readonly schemas: Node } };

/** The document with one schema where the form that is sent is the same as the form that is answered, or where only one is used. */
function withoutTwins(document: Document): Node {
  const { schemas } = document.components;
  for (const [id, schema] of Object.entries(schemas)) {
    const plain = id.replace(/Input$/, '');
    if (plain === id || !isNode(schema)) continue;
    const twin = schemas[plain];
    if (twin !== undefined && !isSame(twin, schema)) continue;
    const rest = Object.entries(schemas).map(([each, node]) => [each === id ? plain : each, node]);
    const renamed = {
      ...document,
      components: { ...document.components, schemas: Object.fromEntries(rest) },
    };
    return withoutTwins(withRef(renamed, id, plain) as Document);
  }
  return document;
}

/** The same with each reference to the schema `from` as one to `to`. */
function withRef(value: unknown, from: string, to: string): unknown {
  if (Array.isArray(value)) return value.map((each) => withRef(each, from, to));
  if (!isNode(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, child]) =>
      key === '$ref' && child === componentRef + from
        ? [key, componentRef + to]
        : [key, withRef(child, from, to)],
    ),
  );
}
