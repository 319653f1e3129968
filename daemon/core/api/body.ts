import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import {
  defaultDocumentBytes,
  maximumDocumentDepth,
  type OperationDeclaration,
  pathFields,
} from '../../contract/operation.js';
import { wipe } from '../../host/sodium.js';
import type { RollcallError } from '../../kernel/errors.js';
import { refusal } from '../../words/errors.js';
import { type BodyPace, badRequest, bodyChunks, defaultPace, hasBody, readAll } from './body-stream.js';
import {
  boundaryOf,
  checkMinima,
  type MultipartForm,
  multipartForm,
  type Parts,
  readParts,
} from './multipart.js';
import { documentPart, travelsInQuery } from './written-input.js';

type Fields = Readonly<Record<string, unknown>>;

/** A request, as far as its input goes. */
export interface InputRequest {
  readonly incoming: IncomingMessage;
  /** The fields of the path, decoded. */
  readonly path: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
}

/** How the input of an operation travels. Worked out once for an operation. */
interface InputPlan {
  readonly inPath: readonly string[];
  readonly inQuery: boolean;
  /** How a text of the path or of the query becomes the value of a field. */
  readonly kinds: ReadonlyMap<string, FieldKind>;
  /** The largest JSON document, bytes; absent if no field travels in one. */
  readonly documentBytes: number | undefined;
  readonly form: MultipartForm | undefined;
}

const plans = new WeakMap<OperationDeclaration, InputPlan>();

function planOf(declaration: OperationDeclaration): InputPlan {
  const known = plans.get(declaration);
  if (known !== undefined) return known;
  const { method, path, input } = declaration;
  const inPath = pathFields(path);
  const inQuery = travelsInQuery(method);
  const others = Object.keys(input?.shape ?? {}).filter((name) => !inPath.includes(name));
  const documentBytes =
    inQuery || others.length === 0 ? undefined : (declaration.documentBytes ?? defaultDocumentBytes);
  const form = multipartForm(declaration, documentBytes);
  const plan = {
    inPath,
    inQuery,
    kinds: fieldKinds(input, inQuery ? [...inPath, ...others] : inPath),
    documentBytes,
    form,
  };
  plans.set(declaration, plan);
  return plan;
}

/** The most bytes that the body of a request for an operation may have; 0 if it takes none. */
export function bodyLimit(declaration: OperationDeclaration): number {
  const { form, documentBytes } = planOf(declaration);
  return form?.limitBytes ?? documentBytes ?? 0;
}

/**
 * Reads and checks the input of a request: the fields of the path, of the query or of the JSON document, the files
 * (`Buffer[]`) and the secrets (`Buffer`). Call `wipe` when the secrets are no longer needed.
 * @throws `bad-request`, `request-too-large`, `unsupported-media-type`
 */
export async function readInput(
  declaration: OperationDeclaration,
  { incoming, path, query }: InputRequest,
  pace: BodyPace = defaultPace,
): Promise<{ readonly input: object; wipe(): void }> {
  const plan = planOf(declaration);
  const addressed = { ...pathValues(plan, path), ...queryValues(plan, query) };
  const parts = await readBody(plan, incoming, pace);
  const secrets = Object.keys(declaration.secrets ?? {}).flatMap((name) => parts.get(name) ?? []);
  const wipeSecrets = (): void => {
    for (const secret of secrets) wipe(secret);
  };
  try {
    const document = documentOf(parts.get(documentPart)?.[0], plan);
    const fields = parseFields(declaration, { ...document, ...addressed });
    return { input: { ...fields, ...filesAndSecrets(declaration, parts) }, wipe: wipeSecrets };
  } catch (error) {
    wipeSecrets();
    throw error;
  }
}

function pathValues({ inPath, kinds }: InputPlan, path: Readonly<Record<string, string>>): Fields {
  return Object.fromEntries(inPath.map((name) => [name, typedValue(kinds.get(name), path[name] ?? '')]));
}

function queryValues({ inQuery, inPath, kinds }: InputPlan, query: URLSearchParams): Fields {
  const values: Record<string, unknown> = {};
  for (const name of new Set(query.keys())) {
    const kind = kinds.get(name);
    if (!inQuery || kind === undefined || inPath.includes(name)) {
      throw badRequest(
        'its query has a field that the operation does not know',
        'Look up the fields of this operation in the reference of the API.',
      );
    }
    const texts = query.getAll(name);
    if (kind.item !== undefined) values[name] = texts.map((text) => typedValue(kind.item, text));
    else if (texts.length === 1) values[name] = typedValue(kind, texts[0] ?? '');
    else throw badRequest(`its query has the field "${name}" more than once`, 'Give it once.');
  }
  return values;
}

const noParts: Parts = new Map();

async function readBody(plan: InputPlan, incoming: IncomingMessage, pace: BodyPace): Promise<Parts> {
  const { form, documentBytes } = plan;
  const isSent = hasBody(incoming);
  const contentType = incoming.headers['content-type'] ?? '';
  const mediaType = contentType.split(';', 1)[0]?.trim().toLowerCase();
  if (isSent && (incoming.headers['content-encoding'] ?? 'identity') !== 'identity') {
    throw wrongMediaType('a body without compression');
  }
  if (isSent && form !== undefined && mediaType === 'multipart/form-data') {
    return readParts(form, boundaryOf(contentType), bodyChunks(incoming, form.limitBytes, pace));
  }
  const needsForm = [...(form?.minima.values() ?? [])].some((minimum) => minimum > 0);
  if (isSent && needsForm) throw wrongMediaType('multipart/form-data');
  if (isSent && documentBytes !== undefined && mediaType !== 'application/json') {
    throw wrongMediaType('application/json');
  }
  if (form !== undefined) checkMinima(form.minima, noParts);
  if (!isSent) return noParts;
  if (documentBytes === undefined) {
    await refuseBytes(incoming, pace);
    return noParts;
  }
  const bytes = await readAll(incoming, documentBytes, pace);
  return bytes.length === 0 ? noParts : new Map([[documentPart, [bytes]]]);
}

async function refuseBytes(incoming: IncomingMessage, pace: BodyPace): Promise<void> {
  const refusal = badRequest('the operation takes no body', 'Send the request without a body.');
  if (Number(incoming.headers['content-length'] ?? 0) > 0) throw refusal;
  for await (const { length } of bodyChunks(incoming, Number.POSITIVE_INFINITY, pace)) {
    if (length > 0) throw refusal;
  }
}

function wrongMediaType(needed: string): RollcallError {
  return refusal('unsupported-media-type', { needed });
}

const jsonRemedy = 'Send a JSON object with the fields that the reference of the API names.';

function documentOf(bytes: Buffer | undefined, { inPath }: InputPlan): Fields {
  if (bytes === undefined) return {};
  const document = parseJson(bytes);
  if (!isRecord(document)) throw badRequest('its document is not a JSON object', jsonRemedy);
  const twice = inPath.find((name) => Object.hasOwn(document, name));
  if (twice === undefined) return document;
  throw badRequest(`its document has the field "${twice}", which belongs to the path`, jsonRemedy);
}

/** Parses JSON that may come from an attacker. @throws `bad-request` */
export function parseJson(bytes: Buffer): unknown {
  if (!isUtf8(bytes)) throw badRequest('its document is not in UTF-8', jsonRemedy);
  if (isDeeper(bytes, maximumDocumentDepth)) {
    throw badRequest(`its document nests deeper than ${maximumDocumentDepth} levels`, jsonRemedy);
  }
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    // The message of the parser repeats pieces of the document.
    throw badRequest('its document is not JSON', jsonRemedy, nameOf(cause));
  }
  if (hasPrototypeKey(value)) throw badRequest('its document has a field "__proto__"', jsonRemedy);
  return value;
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : 'error';
}

const quote = 0x22;
const backslash = 0x5c;
const [openBracket, closeBracket, openBrace, closeBrace] = [0x5b, 0x5d, 0x7b, 0x7d];

/**
 * True if arrays and objects nest deeper. Looks at each byte once, before the parser does: the parser and all that walks
 * through its result take stack or time for each level.
 */
function isDeeper(bytes: Buffer, maximumDepth: number): boolean {
  let depth = 0;
  let isText = false;
  for (let index = 0; index < bytes.length; index += 1) {
    const byte = bytes[index] ?? 0;
    if (isText) {
      if (byte === backslash) index += 1;
      else if (byte === quote) isText = false;
    } else if (byte === quote) isText = true;
    else if (byte === openBracket || byte === openBrace) {
      depth += 1;
      if (depth > maximumDepth) return true;
    } else if (byte === closeBracket || byte === closeBrace) depth -= 1;
  }
  return false;
}

function hasPrototypeKey(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(hasPrototypeKey);
  if (!isRecord(value)) return false;
  return Object.hasOwn(value, '__proto__') || Object.values(value).some(hasPrototypeKey);
}

function isRecord(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The most problems that an answer lists, and its longest text about them. */
const maximumProblems = 10;
const maximumProblemCharacters = 1000;

function parseFields({ input }: OperationDeclaration, fields: Fields): Fields {
  if (input === undefined) return {};
  const parsed = input.safeParse(fields);
  if (parsed.success) return parsed.data;
  const { issues } = parsed.error;
  const text = z.prettifyError(new z.ZodError(issues.slice(0, maximumProblems)));
  throw badRequest(
    text.slice(0, maximumProblemCharacters),
    'Correct these fields and send the request again.',
  );
}

function filesAndSecrets({ files = {}, secrets = {} }: OperationDeclaration, parts: Parts): Fields {
  const values: Record<string, unknown> = {};
  for (const name of Object.keys(files)) values[name] = parts.get(name) ?? [];
  for (const name of Object.keys(secrets)) {
    const secret = parts.get(name)?.[0];
    if (secret !== undefined) values[name] = secret;
  }
  return values;
}

/** What a text in a path or a query may stand for. */
interface FieldKind {
  readonly isText: boolean;
  readonly isNumber: boolean;
  readonly isBoolean: boolean;
  /** The kind of the items, if the field is a list. */
  readonly item?: FieldKind;
}

function fieldKinds(
  input: z.ZodObject | undefined,
  names: readonly string[],
): ReadonlyMap<string, FieldKind> {
  const kinds = new Map<string, FieldKind>();
  for (const [name, field] of Object.entries(input?.shape ?? {})) {
    if (!names.includes(name)) continue;
    const schema: unknown = z.toJSONSchema(field, { io: 'input', unrepresentable: 'any' });
    kinds.set(name, kindOf(schema, isRecord(schema) && isRecord(schema['$defs']) ? schema['$defs'] : {}));
  }
  return kinds;
}

/** Schemas that contain themselves do not travel in a path or a query. */
const deepestSchema = 8;

function kindOf(schema: unknown, definitions: Fields, depth = 0): FieldKind {
  if (!isRecord(schema) || depth > deepestSchema) return { isText: true, isNumber: false, isBoolean: false };
  const reference = schema['$ref'];
  if (typeof reference === 'string') {
    return kindOf(definitions[reference.replace(/^#\/\$defs\//, '')], definitions, depth + 1);
  }
  const either = schema['anyOf'] ?? schema['oneOf'];
  if (Array.isArray(either)) {
    const kinds = either.map((one) => kindOf(one, definitions, depth + 1));
    const isAny = (is: 'isText' | 'isNumber' | 'isBoolean'): boolean => kinds.some((kind) => kind[is]);
    return { isText: isAny('isText'), isNumber: isAny('isNumber'), isBoolean: isAny('isBoolean') };
  }
  const { type } = schema;
  const kind = {
    // A list of fixed texts does not prevent a number.
    isText: type === 'string' && schema['const'] === undefined && schema['enum'] === undefined,
    isNumber: type === 'number' || type === 'integer',
    isBoolean: type === 'boolean',
  };
  return type === 'array' ? { ...kind, item: kindOf(schema['items'], definitions, depth + 1) } : kind;
}

/** A text that does not fit stays a text, so that the schema says what it expected. */
function typedValue(kind: FieldKind | undefined, text: string): unknown {
  if (kind === undefined || kind.isText) return text;
  if (kind.isNumber && /^-?\d{1,15}(?:\.\d{1,15})?$/.test(text)) return Number(text);
  if (kind.isBoolean && (text === 'true' || text === 'false')) return text === 'true';
  return text;
}
