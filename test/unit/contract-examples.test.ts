import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type JsonSchema, schemaOf } from '../../daemon/contract/events/json-schemas.js';
import { eventMessages, keysMessage, retainedMessages } from '../../daemon/contract/events/messages.js';
import { followKeySet } from '../../daemon/core/identity/follow-key-set.js';
import type { VerifyingKey } from '../../daemon/core/identity/public-key.js';
import { verifySignedText } from '../../daemon/core/identity/signed-text.js';
import { eventKinds } from '../../daemon/kernel/events/event-type.js';
import { contractExamples, type Example, exampleValue } from '../support/contract-examples.js';
import { strictValidator } from '../support/json-schema-validator.js';

const examples = contractExamples();

function exampleNamed(name: string): Example {
  const found = examples.find((one) => one.name === name);
  assert.ok(found, `there is an example ${name}`);
  return found;
}

describe('the examples of the contract', () => {
  test('show every message that a box sends by itself', () => {
    const sent = [...eventKinds.flatMap(eventMessages), ...Object.values(retainedMessages)];
    for (const { name } of sent) exampleNamed(name);
  });

  for (const example of examples) {
    test(`match the contract: ${example.name}`, () => {
      const value = exampleValue(example);
      example.message.schema.parse(value);
      const validate = strictValidator(example.message.name);
      assert.ok(validate(value), JSON.stringify(validate.errors));
    });
  }

  test('are signed with a key to which the key set leads from the former key', async () => {
    const keySet = exampleNamed(keysMessage.name);
    const { keys } = exampleValue(keySet) as { keys: { x: string; kid: string; notAfter?: string }[] };
    const former = keys.find(({ notAfter }) => notAfter !== undefined);
    assert.ok(former);
    const page = readFileSync(new URL('../../docs/tutorial/receive-events.md', import.meta.url), 'utf8');
    assert.ok(page.includes(former.kid), 'the page names the key to begin with');
    const pinned: VerifyingKey = { kty: 'OKP', crv: 'Ed25519', x: former.x };
    const followed = await followKeySet(keySet.payload, pinned);
    assert.ok(followed.outcome === 'followed', JSON.stringify(followed));
    for (const { name, payload } of examples) {
      const verdict = await verifySignedText(payload, (keyId) => followed.trusted.get(keyId));
      assert.ok(verdict.outcome === 'valid' && verdict.keyId === followed.keyId, name);
    }
  });
});

interface Place {
  readonly path: readonly string[];
  /** Undefined below a part that may contain anything. */
  readonly schema: JsonSchema | undefined;
}

type Node = Record<string, unknown>;
const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null;

/** Every object in `value`, with the part of the schema that describes it. */
function objectsIn(value: unknown, schema: JsonSchema | undefined, path: readonly string[] = []): Place[] {
  if (!isNode(value)) return [];
  const variants = (schema?.['anyOf'] ?? [schema]) as readonly (JsonSchema | undefined)[];
  const own = variants.find((variant) => fits(value, variant));
  const below = Object.entries(value).flatMap(([key, child]) =>
    objectsIn(child, schemaBelow(own, key), [...path, key]),
  );
  return Array.isArray(value) ? below : [{ path, schema: own }, ...below];
}

function schemaBelow(schema: JsonSchema | undefined, key: string): JsonSchema | undefined {
  const { properties, items } = schema ?? {};
  return isNode(properties) ? (properties[key] as JsonSchema | undefined) : (items as JsonSchema | undefined);
}

/** Whether the constants of the schema equal those of the value. */
function fits(value: Node, schema: JsonSchema | undefined): boolean {
  const properties = schema?.['properties'];
  if (!isNode(properties)) return true;
  return Object.entries(properties).every(
    ([key, one]) =>
      !isNode(one) || one['const'] === undefined || one['const'] === (value[key] ?? one['const']),
  );
}

/** A copy of `value` with the object at `path` replaced by the result of `change`. */
function changed(value: unknown, path: readonly string[], change: (node: Node) => void): unknown {
  const copy: unknown = structuredClone(value);
  const node = path.reduce<unknown>((at, key) => (isNode(at) ? at[key] : undefined), copy);
  assert.ok(isNode(node));
  change(node);
  return copy;
}

const places = examples.flatMap((example) =>
  objectsIn(exampleValue(example), schemaOf(example.message)).map((place) => ({ example, place })),
);

/** The results of the two checks, which must agree. */
function isAccepted({ message }: Example, value: unknown): boolean {
  const isRight = message.schema.safeParse(value).success;
  const isValid = strictValidator(message.name)(value);
  assert.equal(isRight, isValid, `${message.name}: the program says ${isRight}, the JSON Schema ${isValid}`);
  return isRight;
}

describe('the program and the JSON Schemas', () => {
  test('both refuse a message without a required field', () => {
    let count = 0;
    for (const { example, place } of places) {
      for (const field of (place.schema?.['required'] ?? []) as readonly string[]) {
        const value = changed(exampleValue(example), place.path, (node) => delete node[field]);
        assert.equal(isAccepted(example, value), false, `${example.name} without ${field}`);
        count += 1;
      }
    }
    assert.ok(count > 300, `${count} fields`);
  });

  test('both refuse a message with an undocumented field', () => {
    const closed = places.filter(({ place }) => place.schema?.['additionalProperties'] === false);
    assert.ok(closed.length > 40, `${closed.length} objects`);
    fc.assert(
      fc.property(
        fc.constantFrom(...closed),
        fc.string(),
        fc.jsonValue(),
        ({ example, place }, name, what) => {
          const properties = place.schema?.['properties'];
          fc.pre(name !== '__proto__' && isNode(properties) && !Object.hasOwn(properties, name));
          const value = changed(exampleValue(example), place.path, (node) => {
            node[name] = what;
          });
          assert.equal(isAccepted(example, value), false);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('agree on any value of a field', () => {
    const anything = fc.oneof(
      fc.constantFrom<unknown>(null, -1, 0, 1, 1.5, '', 'x', true, [], {}, '2026-02-30T00:00:00.000Z'),
      fc.jsonValue(),
    );
    fc.assert(
      fc.property(fc.constantFrom(...places), fc.nat(), anything, ({ example, place }, which, what) => {
        const value = changed(exampleValue(example), place.path, (node) => {
          const fields = Object.keys(node);
          node[fields[which % Math.max(fields.length, 1)] ?? 'added'] = what;
        });
        isAccepted(example, value);
      }),
      { numRuns: 500 },
    );
  });
});
