import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { EventMessage } from '../../daemon/contract/events/event-schema.js';
import { findDoubled } from '../../scripts/fault-loop/daemon-doubled.js';

let count = 0;
const event = (type: string, data: object, time = `2026-03-02T08:00:00.${100 + count}Z`): EventMessage => {
  count += 1;
  return { id: `id-${count}`, type: `rollcall.${type}.v1`, time, data } as unknown as EventMessage;
};
const kinds = (...events: readonly EventMessage[]): readonly string[] =>
  findDoubled(events).map(({ kind }) => kind);

describe('what the loop that kills the daemon counts as doubled', () => {
  test('nothing, if each fact comes once and changes alternate', () => {
    const found = kinds(
      event('attendance.recorded', { track: 'a' }),
      event('attendance.recorded', { track: 'b' }),
      event('attack.suspected', { track: 'b' }),
      event('person.enrolled', { person: 'p' }),
      event('person.removed', { person: 'p' }),
      event('person.restored', { person: 'p' }),
      event('person.removed', { person: 'p' }),
      event('camera.changed', { camera: 'door', state: 'streaming' }),
      event('camera.changed', { camera: 'door', state: 'failed', code: 'refused' }),
      event('camera.changed', { camera: 'door', state: 'streaming' }),
    );
    assert.deepEqual(found, []);
  });

  test('two events of one kind for one track', () => {
    assert.deepEqual(kinds(event('unknown.seen', { track: 'a' }), event('unknown.seen', { track: 'a' })), [
      'doubled',
    ]);
  });

  test('the same change of a person or a camera twice without another change between', () => {
    const removed = (): EventMessage => event('person.removed', { person: 'p' });
    assert.deepEqual(kinds(removed(), removed()), ['doubled']);
    const streams = (): EventMessage => event('camera.changed', { camera: 'door', state: 'streaming' });
    assert.deepEqual(kinds(streams(), streams()), ['doubled']);
  });

  test('two events with the same kind, time and data', () => {
    const began = (): EventMessage =>
      event('box.changed', { condition: 'disk-low', active: true, details: {} }, '2026-03-02T09:00:00.000Z');
    assert.deepEqual(kinds(began(), began()), ['doubled']);
  });
});
