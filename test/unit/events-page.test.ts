import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { type JsonSchema, schemaOf } from '../../daemon/contract/events/json-schemas.js';
import { eventMessages, retainedMessages } from '../../daemon/contract/events/messages.js';
import { parseConfig } from '../../daemon/contract/settings/load.js';
import { modelIds } from '../../daemon/core/cameras/model-ids.js';
import { newPersonId } from '../../daemon/core/gallery/row-id.js';
import { eventKinds } from '../../daemon/kernel/events/event-type.js';
import { boxConditions } from '../../daemon/kernel/events/notice.js';
import { contractOf } from '../../daemon/vision/inference/recogniser-contract.js';
import { preferredRecogniser } from '../../daemon/vision/recogniser-in-use.js';
import { contractExamples, exampleValue } from '../support/contract-examples.js';

const manifest = JSON.parse(readFileSync(new URL('../../models/manifest.json', import.meta.url), 'utf8')) as {
  readonly packs: readonly {
    readonly id: string;
    readonly thresholds: readonly { readonly name: string; readonly value: number }[];
  }[];
};
const page = readFileSync(new URL('../../docs/reference/events.md', import.meta.url), 'utf8');

/** The text below a heading with this beginning, up to the next heading of any level. */
function section(heading: RegExp): string {
  const found = page.split(/^(?=#+ )/m).filter((text) => heading.test(text.split('\n')[0] ?? ''));
  assert.equal(found.length, 1, `there is one section ${heading}`);
  return found[0] ?? '';
}

type Node = Readonly<Record<string, JsonSchema>>;

/** Names of all fields below a schema, with a dot before each nested one. */
function fieldsOf(schema: JsonSchema, before = ''): string[] {
  const below = (schema['items'] ?? schema) as JsonSchema;
  const properties = (below['properties'] ?? {}) as Node;
  return Object.entries(properties).flatMap(([name, child]) => {
    const path = `${before}${name}`;
    const deeper = fieldsOf(child, `${path}.`);
    return deeper.length === 0 || child['items'] !== undefined ? [path, ...deeper] : deeper;
  });
}

function assertDescribed(fields: readonly string[], text: string, where: string): void {
  for (const field of fields) assert.ok(text.includes(`\`${field}\``), `${where}: ${field} is described`);
}

describe('docs/reference/events.md', () => {
  test('shows messages that a broker delivered', () => {
    const shown = [...page.matchAll(/```json\n(.*?)```/gs)].map(([, json = '']): unknown => JSON.parse(json));
    assert.ok(shown.length >= 4);
    const examples = contractExamples().map(exampleValue);
    for (const message of shown) {
      const found = examples.some((example) => JSON.stringify(example) === JSON.stringify(message));
      assert.ok(found, `an example says: ${JSON.stringify(message)}`);
    }
  });

  test('shows an attendance as a box with default settings publishes it', () => {
    const [shown] = [...section(/^## An event/).matchAll(/```json\n(.*?)```/gs)].map(
      ([, json = '']) => JSON.parse(json) as { data: Record<string, unknown> },
    );
    const { person, track, models, similarity, threshold } = shown?.data ?? {};
    const made = String(newPersonId());
    assert.equal(String(person).length, made.length);
    assert.match(String(person), /^p-[0-9a-hjkmnp-tv-z]{26}$/);
    assert.match(String(track), /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    const site = 'site: { id: plant-1, timeZone: UTC }';
    const loaded = parseConfig(site);
    assert.ok(loaded.ok);
    assert.equal(loaded.config.vision.recogniser, 'auto');
    const recogniser = preferredRecogniser;
    assert.deepEqual(models, { ...modelIds(loaded.config), recogniser: contractOf(recogniser).id });
    const pack = manifest.packs.find(({ id }) => id === recogniser);
    const configured = pack?.thresholds.find(({ name }) => name === 'threshold')?.value;
    assert.equal(threshold, configured, 'the threshold is that of the recogniser');
    assert.ok(Number(similarity) >= Number(threshold), 'an attendance reaches the threshold');
  });

  test('describes every attribute of an event', () => {
    for (const kind of eventKinds) {
      for (const message of eventMessages(kind)) {
        const attributes = Object.keys(schemaOf(message)['properties'] as Node);
        assertDescribed(attributes, section(/^## An event/), message.name);
      }
    }
  });

  for (const kind of eventKinds) {
    test(`names the types of the kind, and describes every field: ${kind}`, () => {
      const text = section(new RegExp(`^###.*\`${kind}\``));
      for (const message of eventMessages(kind)) {
        const { properties } = schemaOf(message);
        const { type, data } = properties as Node;
        assert.ok(type !== undefined && data !== undefined);
        assert.ok(section(/^## Kinds of event/).includes(`\`${String(type['const'])}\``), message.name);
        assertDescribed(fieldsOf(data), text, message.name);
      }
    });
  }

  test('describes the state of the box and of cameras, and names every condition', () => {
    const { state, 'camera/{camera}/state': camera, 'camera/{camera}/counts': counts } = retainedMessages;
    assert.ok(state !== undefined && camera !== undefined && counts !== undefined);
    assertDescribed(fieldsOf(schemaOf(state)), section(/^## State/), state.name);
    const shared = ['version', 'site', 'box', 'camera', 'signature'];
    for (const message of [camera, counts]) {
      const own = fieldsOf(schemaOf(message)).filter((field) => !shared.includes(field));
      assertDescribed(own, section(/^## Cameras/), message.name);
    }
    assertDescribed(boxConditions, section(/^### `box`/), 'box');
  });
});
