import fc from 'fast-check';
import type { DescribedField, DescribedOperation, Description, Node } from './description.js';
import { isNode, nodeAt } from './description.js';

/** One request, ready to be sent. */
export interface FuzzRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | undefined;
  /** How it differs from what the document asks for. */
  readonly fault: string;
}

/** Values of answers, by the name of their field: with them, requests reach what is there. */
export type SeenValues = ReadonlyMap<string, readonly string[]>;

const numberOr = (value: unknown, other: number): number => (typeof value === 'number' ? value : other);
const longestText = 3000;
/** An address of over 16 KiB is refused before the box looks at what is asked: status 431, without a document. */
const longestInAddress = 4000;

function texts(schema: Node): fc.Arbitrary<unknown> {
  const minLength = Math.min(numberOr(schema['minLength'], 0), longestText);
  const maxLength = Math.max(minLength, Math.min(numberOr(schema['maxLength'], 40), longestText));
  const plain = fc.string({ minLength, maxLength, unit: 'binary', size: 'small' });
  switch (schema['format']) {
    case 'date-time':
      return fc.date({ noInvalidDate: true }).map((date) => date.toISOString());
    case 'date':
      return fc.date({ noInvalidDate: true }).map((date) => date.toISOString().slice(0, 10));
    case 'uuid':
      return fc.uuid();
  }
  const { pattern } = schema;
  if (typeof pattern === 'string') {
    try {
      const fitting = fc.stringMatching(new RegExp(pattern, 'u'), { size: 'small' });
      return fc.oneof({ arbitrary: fitting, weight: 3 }, { arbitrary: plain, weight: 1 });
    } catch {
      // Looks ahead or behind, which cannot be generated.
    }
  }
  return fc.oneof(plain, fc.string({ minLength, maxLength, unit: 'grapheme', size: 'small' }));
}

/** Values that a schema describes. */
export function valuesOf(
  given: Node,
  { follow }: Pick<Description, 'follow'>,
  depth = 0,
): fc.Arbitrary<unknown> {
  const schema = follow(given);
  const below = (node: Node): fc.Arbitrary<unknown> => valuesOf(node, { follow }, depth + 1);
  if (schema['const'] !== undefined) return fc.constant(schema['const']);
  const listed = schema['enum'];
  if (Array.isArray(listed) && listed.length > 0) return fc.constantFrom(...listed);
  const forms = [schema['anyOf'], schema['oneOf']]
    .flatMap((each) => (Array.isArray(each) ? each : []))
    .filter(isNode);
  if (forms.length > 0) return fc.oneof(...forms.map(below));
  switch (schema['type']) {
    case 'string':
      return texts(schema);
    case 'integer': {
      const min = numberOr(schema['minimum'], -(2 ** 31));
      return fc.integer({
        min,
        max: Math.max(min, Math.min(numberOr(schema['maximum'], 2 ** 31 - 1), 2 ** 31 - 1)),
      });
    }
    case 'number':
      return fc.double({
        min: numberOr(schema['minimum'], -1e9),
        max: numberOr(schema['maximum'], 1e9),
        noNaN: true,
      });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'array':
      return fc.array(below(nodeAt(schema, 'items')), {
        minLength: numberOr(schema['minItems'], 0),
        maxLength: Math.min(numberOr(schema['maxItems'], 4), 4),
      });
    case 'object':
      return depth > 6 ? fc.constant({}) : objectsOf(schema, below);
    default:
      return fc.jsonValue();
  }
}

function objectsOf(schema: Node, below: (node: Node) => fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const required = Array.isArray(schema['required']) ? schema['required'].map(String) : [];
  const properties = Object.entries(nodeAt(schema, 'properties')).filter(([, node]) => isNode(node));
  const fields = Object.fromEntries(
    properties.map(([name, node]) => [name, below(isNode(node) ? node : {})]),
  );
  return fc.record(fields, { requiredKeys: Object.keys(fields).filter((name) => required.includes(name)) });
}

/** What hostile or careless programs put where a value is expected. */
const strange: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    '',
    ' ',
    0,
    -1,
    1e308,
    2 ** 53,
    true,
    [],
    {},
    '../../etc/passwd',
    '\u0000',
    '\ud800',
  ),
  fc.constantFrom<unknown>(
    "' OR 1=1 --",
    '%00',
    '%2e%2e%2f',
    'constructor',
    '__proto__',
    'NaN',
    '1e3',
    '0x10',
  ),
  fc.string({ minLength: 1, maxLength: 20_000, unit: 'binary', size: 'max' }),
  fc.jsonValue(),
);

const asText = (value: unknown): string =>
  typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
/** Half a character cannot travel in an address: it becomes a question mark. */
const encoded = (value: unknown): string =>
  encodeURIComponent(Buffer.from(asText(value)).toString())
    .slice(0, longestInAddress)
    .replace(/%[0-9A-F]?$/, '');

/** The values of a field of a path or query: half of them were seen in answers, if any were. */
function addressValues(
  field: DescribedField,
  description: Description,
  seen: SeenValues,
): fc.Arbitrary<unknown> {
  const described = valuesOf(field.schema, description);
  const known = seen.get(field.name) ?? (field.name.endsWith('Id') ? seen.get('id') : undefined) ?? [];
  return known.length === 0 ? described : fc.oneof(described, fc.constantFrom(...known));
}

function addressOf(
  operation: DescribedOperation,
  description: Description,
  seen: SeenValues,
  isFaulty: boolean,
): fc.Arbitrary<string> {
  const value = (field: DescribedField): fc.Arbitrary<unknown> =>
    isFaulty
      ? fc.oneof(strange, addressValues(field, description, seen))
      : addressValues(field, description, seen);
  const inPath = fc.record(Object.fromEntries(operation.pathFields.map((each) => [each.name, value(each)])));
  const requiredKeys = operation.queryFields.filter(({ isRequired }) => isRequired).map(({ name }) => name);
  const inQuery = fc.record(
    Object.fromEntries(operation.queryFields.map((each) => [each.name, value(each)])),
    isFaulty ? { requiredKeys: [] } : { requiredKeys },
  );
  const extra = isFaulty
    ? fc.constantFrom('', 'unknown=1', '__proto__=1', 'limit=1&limit=2', '%=', '&&')
    : fc.constant('');
  return fc.tuple(inPath, inQuery, extra).map(([path, query, more]) => {
    const address = operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
      const segment = encoded(Object(path)[name]);
      // These lead to another operation: a URL leaves them out (RFC 3986, section 5.2.4).
      return ['', '.', '..'].includes(segment) ? 'x' : segment;
    });
    const pairs = Object.entries(query).map(([name, each]) => `${name}=${encoded(each)}`);
    const search = [...pairs, ...(more === '' ? [] : [more])].join('&');
    return `/api/v1${address}${search === '' ? '' : `?${search}`}`;
  });
}

/** The same value with one thing changed at a random place. */
function spoiled(value: unknown): fc.Arbitrary<unknown> {
  if (!isNode(value)) return strange;
  const names = Object.keys(value);
  const added = fc
    .tuple(fc.constantFrom('unknown', 'constructor', 'id'), strange)
    .map(([name, each]) => ({ ...value, [name]: each }));
  if (names.length === 0) return fc.oneof(added, strange);
  const dropped = fc.constantFrom(...names).map((name) => {
    const { [name]: _, ...rest } = value;
    return rest;
  });
  const changed = fc
    .constantFrom(...names)
    .chain((name) => fc.oneof(strange, spoiled(value[name])).map((each) => ({ ...value, [name]: each })));
  return fc.oneof(added, dropped, { arbitrary: changed, weight: 3 });
}

interface Body {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

const json = (text: string): Body => ({
  headers: { 'content-type': 'application/json' },
  body: Buffer.from(text),
});

const deep = `${'['.repeat(5000)}${']'.repeat(5000)}`;
const brokenTexts = [
  '{',
  '{"a":1',
  '"',
  'nul',
  '{"a":1}{"a":1}',
  '{"__proto__":{"a":1}}',
  deep,
  '\u0000',
  '[]',
  '1',
];

function jsonBodies(schema: Node, description: Description, isFaulty: boolean): fc.Arbitrary<Body> {
  const valid = valuesOf(schema, description);
  if (!isFaulty) return valid.map((value) => json(JSON.stringify(value)));
  const nearly = valid.chain(spoiled).map((value) => json(JSON.stringify(value) ?? 'null'));
  const broken = fc.constantFrom(...brokenTexts).map(json);
  const otherType = valid.map((value) => ({
    headers: { 'content-type': 'text/plain' },
    body: Buffer.from(JSON.stringify(value)),
  }));
  const invalidUtf8 = fc.constant({ ...json(''), body: Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d]) });
  const large = fc.constant(json(`{"a":"${'x'.repeat(300_000)}"}`));
  return fc.oneof({ arbitrary: nearly, weight: 6 }, broken, otherType, invalidUtf8, large);
}

interface Part {
  readonly name: string;
  readonly mediaType: string;
  readonly content: Buffer;
  readonly fileName?: string;
}

const boundary = 'rollcall-fuzz';

function multipart(parts: readonly Part[], end: string): Body {
  const chunks = parts.flatMap(({ name, mediaType, content, fileName }) => [
    Buffer.from(
      `--${boundary}\r\ncontent-disposition: form-data; name="${name}"${fileName === undefined ? '' : `; filename="${fileName}"`}\r\ncontent-type: ${mediaType}\r\n\r\n`,
    ),
    content,
    Buffer.from('\r\n'),
  ]);
  return {
    headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
    body: Buffer.concat([...chunks, Buffer.from(end)]),
  };
}

const isFile = (schema: Node): boolean => schema['format'] === 'binary';

function partsOf(
  name: string,
  given: Node,
  description: Description,
  files: readonly Buffer[],
): fc.Arbitrary<Part[]> {
  const schema = description.follow(given);
  const bytes = fc.oneof(
    fc.constantFrom(...files),
    fc.uint8Array({ minLength: 1, maxLength: 2000 }).map((each) => Buffer.from(each)),
  );
  const part = bytes.map((content) => ({
    name,
    mediaType: 'application/octet-stream',
    content,
    fileName: 'f',
  }));
  if (isFile(schema)) return part.map((each) => [each]);
  if (schema['type'] === 'array') {
    return fc.array(part, { minLength: numberOr(schema['minItems'], 0), maxLength: 2 });
  }
  return valuesOf(schema, description).map((value) => [
    { name, mediaType: 'application/json', content: Buffer.from(JSON.stringify(value)) },
  ]);
}

function formBodies(
  schema: Node,
  description: Description,
  isFaulty: boolean,
  files: readonly Buffer[],
): fc.Arbitrary<Body> {
  const named = Object.entries(nodeAt(schema, 'properties')).map(([name, node]) =>
    partsOf(name, isNode(node) ? node : {}, description, files),
  );
  const whole = `--${boundary}--\r\n`;
  const all = fc.tuple(...named).map((lists) => lists.flat());
  if (!isFaulty) return all.map((parts) => multipart(parts, whole));
  return all.chain((parts) =>
    fc.oneof(
      fc.subarray(parts).map((some) => multipart(some, whole)),
      fc.constant(multipart([...parts, ...parts], whole)),
      fc.constant(
        multipart([...parts, { name: 'unknown', mediaType: 'text/plain', content: Buffer.from('1') }], whole),
      ),
      fc.constantFrom('', '--', `--${boundary}`, '\r\n').map((end) => multipart(parts, end)),
      fc.constant({ ...multipart(parts, whole), headers: { 'content-type': 'multipart/form-data' } }),
      fc.constant(json('{}')),
      fc
        .constantFrom(...brokenTexts)
        .map((text) =>
          multipart([{ name: 'document', mediaType: 'application/json', content: Buffer.from(text) }], whole),
        ),
    ),
  );
}

/** Requests for an operation: as described, and nearly so. */
export function requestsFor(
  operation: DescribedOperation,
  description: Description,
  seen: SeenValues,
  files: readonly Buffer[],
): fc.Arbitrary<FuzzRequest> {
  const { method, body } = operation;
  const bodies = (isFaulty: boolean): fc.Arbitrary<Body | undefined> => {
    if (body === undefined) {
      return isFaulty
        ? fc.constantFrom(undefined, json('{}'), json('x'.repeat(100_000)))
        : fc.constant(undefined);
    }
    return body.mediaType === 'application/json'
      ? jsonBodies(body.schema, description, isFaulty)
      : formBodies(body.schema, description, isFaulty, files);
  };
  const request = (
    fault: string,
    isAddressFaulty: boolean,
    isBodyFaulty: boolean,
  ): fc.Arbitrary<FuzzRequest> =>
    fc
      .tuple(addressOf(operation, description, seen, isAddressFaulty), bodies(isBodyFaulty))
      .map(([path, sent]) => ({
        ...{ method, path, fault },
        headers: sent?.headers ?? {},
        body: sent?.body,
      }));
  return fc.oneof(
    { arbitrary: request('none', false, false), weight: 3 },
    { arbitrary: request('address', true, false), weight: 2 },
    { arbitrary: request('body', false, true), weight: 3 },
  );
}
