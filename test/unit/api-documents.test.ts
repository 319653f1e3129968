import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { z } from 'zod';
import { errorEnvelope, statusOf } from '../../daemon/contract/api-errors.js';
import {
  codesByStatus,
  contractVersion,
  type Declarations,
  openApiDocument,
} from '../../daemon/contract/openapi.js';
import { commonErrors, gateErrors, operation } from '../../daemon/contract/operation.js';
import { operations } from '../../daemon/contract/operations.js';
import { subjectOf, subjects } from '../../daemon/contract/subjects.js';
import { apiDocuments } from '../../scripts/contract/api-documents.js';
import { apiPage, styleSheet } from '../../scripts/contract/api-page.js';
import { readExamples } from '../../scripts/operation-examples/read.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const declared: Declarations = operations;
const examples = readExamples(root);

/** Every source of the program. */
const sources = readdirSync(join(root, 'daemon'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => readFileSync(join(root, 'daemon', name), 'utf8'));

describe('the documents of the API', () => {
  test('are up to date with the operations', () => {
    for (const { path, content } of apiDocuments(examples)) {
      assert.equal(readFileSync(join(root, path), 'utf8'), content, `${path}: run: npm run docs`);
    }
  });

  test('leave out what only the box itself may ask for', () => {
    const paths = Object.values(openApiDocument(declared)['paths'] ?? {}).flatMap((path) =>
      Object.values(Object(path)),
    );
    const ids = paths.map((each) => Object(each)['x-rollcall-operation']);
    const isShown = Object.entries(declared).filter(([, { isLocalOnly }]) => isLocalOnly !== true);
    assert.deepEqual(ids.sort(), isShown.map(([id]) => id).sort());
  });

  test('say what each subject is about', () => {
    for (const id of Object.keys(operations)) {
      assert.match(subjects[subjectOf(id)] ?? '', /^[A-Z].*\.$/, `${id}: daemon/contract/subjects.ts`);
    }
  });

  test('have a summary of one sentence for each operation', () => {
    for (const [id, { summary }] of Object.entries(declared)) {
      assert.match(summary, /^[A-Z][^\n]*[.]$/, id);
    }
  });

  test('give no two operations the same method and path', () => {
    const places = Object.values(declared).map(
      ({ method, path }) => `${method} ${path.replace(/\{\w+\}/g, '{}')}`,
    );
    assert.deepEqual(places, [...new Set(places)]);
  });
});

describe('the page of the API', () => {
  const page = apiPage(declared, examples);

  test('shows every operation that the network has', () => {
    const shown = [...page.matchAll(/<article id="([^"]+)">/g)].map(([, id]) => id);
    const isThere = Object.entries(declared).filter(([, { isLocalOnly }]) => isLocalOnly !== true);
    assert.deepEqual(shown.sort(), isThere.map(([id]) => id).sort());
    for (const [, target = ''] of page.matchAll(/href="#([^"]+)"/g))
      assert.ok(page.includes(`id="${target}"`), target);
  });

  test('has no code, no inline style and nothing from elsewhere', () => {
    assert.doesNotMatch(page, /<(?:script|style|img|iframe|object|embed|form|base)\b/i);
    assert.doesNotMatch(page, /\s(?:style|on\w+)\s*=/i);
    const addresses = [...page.matchAll(/(?:href|src)="([^"#][^"]*)"/g)].map(([, address]) => address);
    assert.deepEqual([...new Set(addresses)].sort(), ['/docs/style.css', '/openapi.yaml']);
    assert.doesNotMatch(styleSheet, /url\(|@import/);
  });

  test('escapes the texts of the declarations', () => {
    const text = '<img src=x onerror="alert(1)"> & `a<b`.';
    const told = operation({
      ...{ method: 'GET', path: '/status', summary: text, answer: { kind: 'file', mediaType: 'text/plain' } },
      ...{ errors: [], scope: 'public', rate: 'default' },
    });
    const example = { answer: { success: true, data: '<script>' } };
    const shown = apiPage({ 'status.show': told }, { 'status.show': example });
    assert.ok(shown.includes('&quot;data&quot;: &quot;&lt;script&gt;&quot;'));
    assert.ok(shown.includes('&lt;img src=x onerror=&quot;alert(1)&quot;&gt; &amp; <code>a&lt;b</code>.'));
  });
});

describe('an OpenAPI document', () => {
  const sample = {
    'persons.enrol': operation({
      method: 'POST',
      path: '/groups/{group}/persons',
      summary: 'Enrol a person.',
      input: z.strictObject({
        group: z.string().max(9),
        name: z.string().max(80),
        note: z.string().max(9).optional(),
      }),
      files: { photographs: { minimum: 1, maximum: 3, maximumBytes: 10, description: 'Pictures.' } },
      secrets: { passphrase: { isRequired: false, maximumBytes: 5, description: 'A secret.' } },
      answer: { kind: 'page', item: z.object({ id: z.string() }).meta({ id: 'Sample' }) },
      errors: ['gallery-sealed', 'no-such-group', 'key-exists'],
      scope: 'persons:write',
      rate: 'enrolment',
      needsStepUp: true,
    }),
    'status.show': operation({
      method: 'GET',
      path: '/status',
      summary: 'Show the state.',
      input: z.strictObject({ isLong: z.boolean().default(false) }),
      answer: { kind: 'lines', item: z.object({ at: z.iso.datetime() }) },
      errors: [],
      scope: 'public',
      rate: 'default',
    }),
  } as const;
  const line = { item: { at: '2026-03-02T08:00:00.000Z' } };
  const document = openApiDocument(sample, {
    'persons.enrol': { request: { group: 'a', name: 'Ada' } },
    'status.show': { request: { isLong: true }, answer: line },
  });
  const at = (...path: readonly string[]): unknown =>
    path.reduce<unknown>(
      (node, key) =>
        typeof node === 'object' && node !== null
          ? Object.getOwnPropertyDescriptor(node, key)?.value
          : undefined,
      document,
    );
  const enrol = ['paths', '/groups/{group}/persons', 'post'] as const;
  const status = ['paths', '/status', 'get'] as const;

  test('puts each field where it travels', () => {
    assert.deepEqual(at(...enrol, 'parameters'), [
      { name: 'group', in: 'path', required: true, schema: { type: 'string', maxLength: 9 }, example: 'a' },
    ]);
    const form = [...enrol, 'requestBody', 'content', 'multipart/form-data'] as const;
    assert.deepEqual(Object.keys(Object(at(...form, 'schema', 'properties'))), [
      'document',
      'photographs',
      'passphrase',
    ]);
    assert.deepEqual(at(...form, 'schema', 'required'), ['document', 'photographs']);
    assert.deepEqual(at(...form, 'schema', 'properties', 'document', 'required'), ['name']);
    assert.deepEqual(at(...status, 'parameters'), [
      {
        name: 'isLong',
        in: 'query',
        required: false,
        schema: { type: 'boolean', default: false },
        example: true,
      },
    ]);
    assert.equal(at(...status, 'requestBody'), undefined);
    assert.deepEqual(at(...status, 'responses', '200', 'content', 'application/jsonl', 'example'), line);
  });

  test('names a schema with an id once, and lets answers grow', () => {
    assert.deepEqual(at('components', 'schemas', 'Sample'), {
      type: 'object',
      properties: { id: { type: 'string' } },
      required: ['id'],
    });
    const answer = [
      ...enrol,
      'responses',
      '200',
      'content',
      'application/json',
      'schema',
      'properties',
    ] as const;
    assert.deepEqual(at(...answer, 'data', 'items'), { $ref: '#/components/schemas/Sample' });
    assert.deepEqual(at(...answer, 'meta'), { $ref: '#/components/schemas/PageMeta' });
  });

  test('says who may call an operation, and how', () => {
    assert.deepEqual(at(...status, 'security'), []);
    assert.deepEqual(at(...enrol, 'security'), [
      { token: ['persons:write'] },
      { apiKey: ['persons:write'] },
      { session: ['persons:write'] },
    ]);
    assert.equal(at(...enrol, 'x-rollcall-scope'), 'persons:write');
    assert.equal(at(...enrol, 'x-rollcall-step-up'), true);
  });

  test('lists every code under its status, and only those that can occur', () => {
    const codes = codesByStatus(sample['persons.enrol']);
    assert.deepEqual(codes.get(403), ['forbidden', 'step-up-required', 'wrong-origin']);
    assert.deepEqual(codes.get(404), ['no-such-group']);
    assert.deepEqual(codes.get(409), ['key-exists']);
    assert.deepEqual(codes.get(415), ['unsupported-media-type']);
    const open = codesByStatus(sample['status.show']);
    const ofTheGate = [403, 408, 414, 421, 431];
    const known = [400, 413, 429, 500, 503, ...ofTheGate].sort((one, other) => one - other);
    assert.deepEqual([...open.keys()], known);
  });
});

describe('the schemas of the OpenAPI document', () => {
  const document = openApiDocument(declared, examples);
  const named: Readonly<Record<string, unknown>> = Object(document['components']).schemas;

  test('have the names that an integrator looks for', () => {
    const wanted = [
      ...['Alert', 'ApiKey', 'Approval', 'AttendanceRow', 'AuditEntry', 'Backup', 'BoxStatus', 'Camera'],
      ...['CameraDetails', 'EnrolmentResult', 'ErasureCertificate', 'Error', 'Event', 'Identity', 'Passage'],
      ...['PassageDetails', 'Person', 'PersonDetail', 'Photograph', 'ProblemDetails', 'Role', 'Session'],
      ...['Setting', 'Stranger', 'TrustedKey', 'User', 'Verification'],
    ];
    assert.deepEqual(
      wanted.filter((name) => !Object.hasOwn(named, name)),
      [],
    );
    const list = Object(document['paths'])['/persons'].get.responses['200'].content['application/json'];
    assert.deepEqual(list.schema.properties.data.items, { $ref: '#/components/schemas/Person' });
  });

  test('stand in the document once each if they have more than three fields', () => {
    const places = new Map<string, string[]>();
    const visit = (node: unknown, place: string): void => {
      if (typeof node !== 'object' || node === null) return;
      const { type, properties } = Object(node);
      if (type === 'object' && Object.keys(Object(properties)).length > 3) {
        const text = JSON.stringify(node);
        places.set(text, [...(places.get(text) ?? []), place]);
      }
      for (const [key, child] of Object.entries(node)) {
        if (key !== 'example') visit(child, `${place}/${key}`);
      }
    };
    visit(document, '');
    const repeated = [...places.values()].filter((at) => at.length > 1);
    assert.deepEqual(repeated, [], 'name them in daemon/contract/schema-names.ts');
  });

  test('describe the captured answers', () => {
    const ajv = new Ajv2020({ strict: false, validateSchema: false, validateFormats: false });
    ajv.addSchema({ components: document['components'] }, 'api');
    let seen = 0;
    for (const path of Object.values(Object(document['paths']))) {
      for (const operation of Object.values(Object(path))) {
        const { responses, operationId } = Object(operation);
        for (const { schema, example } of Object.values<{ schema: object; example?: unknown }>(
          Object(responses['200']?.content),
        )) {
          if (example === undefined) continue;
          const text = JSON.stringify(schema).replaceAll('"#/', '"api#/');
          const validate = ajv.compile(JSON.parse(text));
          assert.ok(validate(example), `${operationId}: ${ajv.errorsText(validate.errors)}`);
          seen += 1;
        }
      }
    }
    assert.ok(seen > 100, String(seen));
  });

  test('are refused where two have one name', () => {
    const one = (item: z.ZodType) =>
      operation({
        ...{ method: 'GET', path: '/status', summary: 'Show it.', answer: { kind: 'page', item } },
        ...{ errors: [], scope: 'public', rate: 'default' },
      });
    const twice = {
      'status.show': one(z.object({ a: z.string() }).meta({ id: 'Twice' })),
      'status.other': { ...one(z.object({ b: z.string() }).meta({ id: 'Twice' })), path: '/other' },
    } as const;
    assert.throws(() => openApiDocument(twice), /two schemas have the name Twice/);
  });
});

describe('the status of an error', () => {
  test('is the same for a mistake of the program, whatever its code', () => {
    assert.equal(statusOf('defect', 'no-such-person'), 500);
    assert.equal(statusOf('defect', 'forbidden'), 500);
  });

  test('is the same for every code whichever way it is thrown, so that the documents are true', () => {
    const thrown = new Map<string, Set<string>>();
    for (const source of sources) {
      for (const [, kind = '', code = ''] of source.matchAll(
        /\b(badInput|refusal|operational|failure)\(\s*'([a-z0-9-]+)/g,
      )) {
        thrown.set(code, (thrown.get(code) ?? new Set()).add(kind));
      }
    }
    const every = [...commonErrors, ...gateErrors];
    const codes = new Set([...every, ...Object.values(declared).flatMap(({ errors }) => errors)]);
    const wrong = [...codes].filter(
      (code) =>
        ['operational', 'failure'].some((kind) => thrown.get(code)?.has(kind) === true) &&
        statusOf('operational', code) !== statusOf('input', code),
    );
    assert.deepEqual(wrong, [], 'give them a line in daemon/contract/api-errors.ts');
  });

  test('comes with a document that cannot be mistaken for an answer', () => {
    const error = { kind: 'input', code: 'a', message: 'b', details: {}, requestId: 'c' };
    assert.ok(errorEnvelope.safeParse({ success: false, error }).success);
    assert.ok(!errorEnvelope.safeParse({ success: true, error }).success);
  });
});

test('changelog of the contract begins with the version of the document', () => {
  const text = readFileSync(join(root, 'docs/contract/CHANGELOG.md'), 'utf8');
  assert.equal(/^## (\S+)$/m.exec(text)?.[1], contractVersion);
  assert.equal(Object(openApiDocument({})['info']).version, contractVersion);
});
