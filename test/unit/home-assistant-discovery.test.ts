import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { z } from 'zod';
import { topicsOf } from '../../daemon/core/delivery/topics.js';
import { discoveryDocument, discoveryTopic } from '../../daemon/core/home-assistant/discovery.js';
import { box } from '../support/published-box.js';

const text = z.string().min(1);

/**
 * Requirements of Home Assistant for a discovery message of a device, from its documentation of MQTT discovery and the schemas of
 * its MQTT integration: `device` with at least one identifier, `origin` with a name, `components` each with a platform, and
 * for entities a unique id. It refuses unknown fields beside them, and ignores unknown fields of components.
 */
const component = z.strictObject({
  platform: z.enum(['sensor', 'binary_sensor']),
  unique_id: text,
  name: text,
  state_topic: z.string().regex(/^[^#+\0]{1,65535}$/),
  value_template: text,
  qos: z.union([z.literal(0), z.literal(1), z.literal(2)]),
  availability: z
    .array(
      z.strictObject({
        topic: text,
        value_template: text,
        payload_available: text,
        payload_not_available: text,
      }),
    )
    .exactOptional(),
  device_class: z.enum(['connectivity', 'problem', 'tamper']).exactOptional(),
  entity_category: z.literal('diagnostic').exactOptional(),
  state_class: z.literal('total_increasing').exactOptional(),
  icon: z
    .string()
    .regex(/^mdi:[a-z-]+$/)
    .exactOptional(),
  off_delay: z.int().positive().exactOptional(),
});

const discovery = z.strictObject({
  device: z.strictObject({
    identifiers: z.array(text).min(1),
    name: text,
    manufacturer: text,
    model: text,
    sw_version: text,
  }),
  origin: z.strictObject({ name: text, sw_version: text }),
  components: z.record(
    z.string().regex(/^[a-z0-9_-]+$/),
    z.union([component, z.strictObject({ platform: text })]),
  ),
});

const cameras = [
  { id: 'gate', name: 'Main gate' },
  { id: 'yard', name: 'Yard' },
];

const documentOf = (given: readonly { readonly id: string; readonly name: string }[] = cameras) =>
  discoveryDocument({
    ...{ prefix: 'homeassistant', topics: topicsOf('rollcall', box), from: box, version: '1.2.3' },
    cameras: given,
  });

function componentsOf(given = cameras): ReadonlyMap<string, z.infer<typeof component>> {
  const { components } = discovery.parse(JSON.parse(documentOf(given).content));
  return new Map(Object.entries(components).map(([key, each]) => [key, component.parse(each)]));
}

function one(key: string): z.infer<typeof component> {
  return componentsOf().get(key) ?? assert.fail(`no ${key}`);
}

/** The entities of each camera. */
const things = ['person', 'unproven', 'refused', 'watched', 'unknown', 'attack', 'connectivity'];

describe('the discovery for Home Assistant', () => {
  test('matches the requirements for devices', async () => {
    const document = documentOf();
    assert.equal(document.topic, 'homeassistant/device/site/box/config');
    assert.deepEqual(await document.messages({}), [document.content]);
    const { device, components } = discovery.parse(JSON.parse(document.content));
    assert.deepEqual(device.identifiers, ['rollcall:site/box']);
    assert.deepEqual(Object.keys(components), [
      ...['box_connectivity', 'box_gallery'],
      ...things.map((thing) => `camera_gate_${thing}`),
      ...things.map((thing) => `camera_yard_${thing}`),
    ]);
    const ids = [...componentsOf().values()].map(({ unique_id: id }) => id);
    assert.equal(new Set(ids).size, ids.length);
  });

  test('names topics that the box publishes', () => {
    assert.deepEqual(
      things.map((thing) => one(`camera_gate_${thing}`).state_topic),
      [
        'rollcall/site/box/event/attendance',
        'rollcall/site/box/event/recognised-unproven',
        'rollcall/site/box/event/recognised-refused',
        'rollcall/site/box/event/watchlist',
        'rollcall/site/box/camera/gate/counts',
        'rollcall/site/box/event/attack',
        'rollcall/site/box/camera/gate/state',
      ],
    );
    assert.equal(one('box_connectivity').state_topic, 'rollcall/site/box/state');
    assert.equal(one('box_connectivity').availability, undefined, 'it says itself that the box is away');
    assert.equal(one('camera_gate_person').availability?.[0]?.topic, 'rollcall/site/box/state');
  });

  test('removes an old component with its platform only, then leaves it out', async () => {
    const before = documentOf();
    const after = documentOf(cameras.slice(0, 1));
    const gone = Object.fromEntries(
      Object.entries(before.parts ?? {}).filter(([key]) => !(key in (after.parts ?? {}))),
    );
    const [removing, settled, ...more] = await after.messages(gone);
    assert.deepEqual(more, []);
    const { components } = discovery.parse(JSON.parse(removing ?? ''));
    assert.deepEqual(components['camera_yard_person'], { platform: 'sensor' });
    assert.deepEqual(components['camera_yard_attack'], { platform: 'binary_sensor' });
    assert.ok(component.safeParse(components['camera_gate_person']).success);
    assert.ok(!(settled ?? '').includes('yard'));
    assert.equal(settled, after.content);
  });

  test('shows names from the configuration safely', () => {
    const name = fc.string({ minLength: 1, maxLength: 100, unit: 'binary' });
    const clean = JSON.stringify([...componentsOf()].map(([key, each]) => [key, { ...each, name: '' }]));
    fc.assert(
      fc.property(name, name, (first, second) => {
        const named = componentsOf([
          { id: 'gate', name: first },
          { id: 'yard', name: second },
        ]);
        for (const { name: shown } of named.values()) {
          assert.ok([...shown].length <= 100);
          assert.doesNotMatch(shown, /[\p{Cc}\p{Cs}\u202a-\u202e]/u);
        }
        assert.equal(JSON.stringify([...named].map(([key, each]) => [key, { ...each, name: '' }])), clean);
      }),
      { numRuns: 200 },
    );
    assert.equal(
      componentsOf([{ id: 'gate', name: '\n' }]).get('camera_gate_person')?.name,
      'gate: last person',
    );
  });

  test('has its own topic for every box', () => {
    const topics = [
      ['a-b', 'c'],
      ['a', 'b-c'],
      ['a_b', 'c'],
    ].map(([siteId = '', boxId = '']) => discoveryTopic('homeassistant', { siteId, boxId }));
    assert.equal(new Set(topics).size, 3);
  });
});
