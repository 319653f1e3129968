import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { topicsOf } from '../../daemon/core/delivery/topics.js';
import {
  boxComponents,
  type Component,
  cameraComponents,
} from '../../daemon/core/home-assistant/components.js';
import { cloudEvent } from '../../daemon/kernel/events/cloud-event.js';
import type { Fact } from '../../daemon/kernel/events/event.js';
import { cameraId, eventId, personId } from '../../daemon/kernel/ids.js';
import { attackFact, attendanceFact, refusedFact, unprovenFact, watchedFact } from '../support/facts.js';
import { renderTemplates, withoutJinja } from '../support/home-assistant-templates.js';
import { box } from '../support/published-box.js';

const topics = topicsOf('rollcall', box);
const components: Readonly<Record<string, Component>> = {
  ...boxComponents(topics, 'box'),
  ...cameraComponents({ id: 'gate', name: 'Main gate' }, topics, 'box'),
  ...cameraComponents({ id: 'yard', name: 'Yard' }, topics, 'box'),
};

const one = (key: string): Component => components[key] ?? assert.fail(`no ${key}`);

/** An event as the broker delivers it. */
function eventText(event: Fact, more = {}): string {
  const recorded = { ...event, id: eventId('e-1'), sequence: 1, recordedAtMs: event.occurredAtMs };
  return JSON.stringify({ ...cloudEvent(recorded, box, {}), ...more, signature: 'a..b' });
}

describe('the templates in the template engine of Home Assistant', { skip: withoutJinja }, () => {
  const atGate = (more = {}) => eventText(attendanceFact({ cameraId: cameraId('gate') }), more);
  const shown = (key: string, payload: string, before = 'unknown'): string => {
    const [result = ''] = renderTemplates([{ template: one(key).value_template, payload, before }]);
    return result;
  };

  test('show the last person of their camera, and ignore other cameras', () => {
    assert.equal(shown('camera_gate_person', atGate()), 'person-1');
    assert.equal(shown('camera_yard_person', atGate(), 'person-7'), 'person-7');
    assert.equal(shown('camera_yard_person', atGate()), 'None');
    assert.equal(shown('camera_yard_person', atGate(), 'unavailable'), 'None');
    assert.equal(shown('camera_gate_person', atGate({ historical: true }), 'person-7'), 'person-7');
  });

  test('show the last refused and the last watched person', () => {
    for (const [thing, fact] of [
      ['refused', refusedFact({ cameraId: cameraId('gate') })],
      ['watched', watchedFact({ cameraId: cameraId('gate') })],
    ] as const) {
      assert.equal(shown(`camera_gate_${thing}`, eventText(fact)), 'person-1');
      assert.equal(shown(`camera_yard_${thing}`, eventText(fact), 'person-7'), 'person-7');
    }
  });

  test('show the last person without proof of life', () => {
    const unproven = eventText(unprovenFact({ cameraId: cameraId('gate') }));
    assert.equal(shown('camera_gate_unproven', unproven), 'person-1');
    assert.equal(shown('camera_yard_unproven', unproven, 'person-7'), 'person-7');
  });

  test('show present attacks at their camera', () => {
    const attack = attackFact({ cameraId: cameraId('gate'), personId: personId('person-1') });
    assert.equal(shown('camera_gate_attack', eventText(attack)), 'ON');
    assert.equal(shown('camera_yard_attack', eventText(attack)), '');
    assert.equal(shown('camera_gate_attack', eventText(attack, { historical: true })), '');
  });

  test('show counts, connections and the gallery, also for an emptied topic', () => {
    assert.equal(shown('camera_gate_unknown', '{"unknown":3}'), '3');
    assert.equal(shown('camera_gate_unknown', '', '3'), 'None');
    for (const [state, shows] of [
      ['streaming', 'ON'],
      ['connecting', 'OFF'],
      ['failed', 'OFF'],
      ['disabled', 'OFF'],
    ] as const) {
      assert.equal(shown('camera_gate_connectivity', JSON.stringify({ state })), shows);
    }
    assert.equal(shown('camera_gate_connectivity', ''), 'OFF');
    assert.equal(shown('box_connectivity', '{"state":"online","gallery":"sealed"}'), 'ON');
    assert.equal(shown('box_connectivity', '{"state":"offline","gallery":"open"}'), 'OFF');
    assert.equal(shown('box_gallery', '{"state":"online","gallery":"sealed"}'), 'ON');
    assert.equal(shown('box_gallery', '{"state":"online","gallery":"open"}'), 'OFF');
  });

  test('show whether the box is online', () => {
    const availability = one('camera_gate_person').availability?.[0] ?? assert.fail();
    const { value_template: template } = availability;
    const payloads = ['{"state":"online"}', '{"state":"offline"}', ''];
    assert.deepEqual(renderTemplates(payloads.map((payload) => ({ template, payload, before: '' }))), [
      availability.payload_available,
      availability.payload_not_available,
      availability.payload_not_available,
    ]);
  });
});
