import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { asyncApi, asyncApiYaml } from '../../daemon/contract/events/asyncapi.js';
import { commandNames } from '../../daemon/contract/events/command-schema.js';
import { schemaFiles } from '../../daemon/contract/events/json-schemas.js';
import { contractMessages } from '../../daemon/contract/events/messages.js';
import { topicsOf } from '../../daemon/core/delivery/topics.js';
import { strictValidator } from '../support/json-schema-validator.js';

const repositoryFile = (path: string): string =>
  readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const remedy = 'run: npm run docs';

type Node = Readonly<Record<string, unknown>>;
const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null;

/** Every `$ref` below `node`. */
function references(node: unknown): string[] {
  if (!isNode(node)) return [];
  return Object.entries(node).flatMap(([key, value]) =>
    key === '$ref' && typeof value === 'string' ? [value] : references(value),
  );
}

describe('the documents of the contract', () => {
  test('are up to date with the schemas', () => {
    assert.equal(repositoryFile('docs/contract/asyncapi.yaml'), asyncApiYaml(), remedy);
    const files = schemaFiles();
    for (const { path, content } of files) assert.equal(repositoryFile(path), content, remedy);
    const there = readdirSync(new URL('../../docs/contract/schemas', import.meta.url));
    assert.deepEqual(
      there.map((name) => `docs/contract/schemas/${name}`).sort(),
      files.map(({ path }) => path).sort(),
      'no schema is left over',
    );
  });

  test('are schemas that a strict validator accepts', () => {
    for (const { name } of contractMessages()) assert.ok(strictValidator(name), name);
  });

  test('have a sentence each', () => {
    for (const { name, summary } of contractMessages()) assert.match(summary, /^[A-Z].*\.$/, name);
  });
});

describe('the AsyncAPI document', () => {
  const document = parse(asyncApiYaml()) as Node;

  test('matches AsyncAPI 3.0.0', () => {
    const schema: unknown = JSON.parse(
      repositoryFile('node_modules/@asyncapi/specs/schemas/3.0.0-without-$id.json'),
    );
    assert.ok(isNode(schema));
    const validate = new Ajv({ strict: false, allErrors: true, validateFormats: false }).compile(schema);
    assert.ok(validate(document), JSON.stringify(validate.errors, undefined, 1));
    assert.ok(!validate({ ...document, channels: { a: { address: 1 } } }), 'and nothing else is');
  });

  test('has no broken references', () => {
    const found = references(document);
    assert.ok(found.length > 100);
    for (const reference of new Set(found)) {
      const target = reference
        .replace('#/', '')
        .split('/')
        .reduce<unknown>((node, key) => (isNode(node) ? node[key] : undefined), document);
      assert.ok(target !== undefined, reference);
    }
    assert.deepEqual(document, JSON.parse(JSON.stringify(asyncApi())), 'the text says what was meant');
  });

  test('has the topics that the program uses', () => {
    const topics = topicsOf('prefix', { siteId: 'site', boxId: 'box' });
    const channels = document['channels'];
    assert.ok(isNode(channels));
    const addresses = Object.values(channels).map((channel) =>
      isNode(channel) ? String(channel['address']).replaceAll(/[{}]/g, '') : '',
    );
    const events = Object.keys(channels).filter((name) => name.startsWith('event-'));
    assert.deepEqual(
      addresses.sort(),
      [
        ...events.map((name) => `${topics.state.replace('/state', '')}/event/${name.replace('event-', '')}`),
        ...[topics.state, topics.keys, topics.event('reply', 'command')],
        ...[topics.cameraState('camera'), topics.cameraCounts('camera'), topics.prompt('camera')],
        ...commandNames.map((name) => topics.command(name)),
      ].sort(),
    );
  });
});
