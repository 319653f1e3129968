import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  describeEvent,
  describeNumberedEvent,
  describeRanges,
} from '../../daemon/contract/events/event-text.js';

const asIs = (iso: string): string => iso;

describe('the line of an event', () => {
  test('distinguishes the beginning of a condition from its end', () => {
    const event = (active: boolean) => ({
      time: '2026-03-02T08:00:00.000Z',
      type: 'rollcall.box.changed.v1',
      data: { condition: 'disk-low', active },
    });
    assert.equal(describeEvent(event(true), asIs), '2026-03-02T08:00:00.000Z  box.changed  disk-low  begins');
    assert.equal(describeEvent(event(false), asIs), '2026-03-02T08:00:00.000Z  box.changed  disk-low  ends');
  });

  test('names both persons of an ambiguous passage', () => {
    const data = {
      ...{ camera: 'gate', direction: 'in', reason: 'within-margin' },
      candidates: [
        { person: 'p-1', similarity: 0.9531 },
        { person: 'p-2', similarity: 0.9512 },
      ],
      liveness: { verdict: 'live', blinks: [{}] },
    };
    const event = { time: 'T', type: 'rollcall.recognised.ambiguous.v1', data };
    assert.equal(
      describeEvent(event, asIs),
      'T  recognised.ambiguous  gate  p-1 or p-2, similarity 0.953 and 0.951  live, 1 blink',
    );
  });

  test('names a stranger and the visit', () => {
    const data = { camera: 'gate', stranger: { id: 's-1', visit: 3 }, similarity: 0.21 };
    const event = { time: 'T', type: 'rollcall.unknown.seen.v1', data };
    assert.equal(
      describeEvent(event, asIs),
      'T  unknown.seen  gate  unknown person s-1, visit 3  similarity 0.210',
    );
    const merged = { change: 'merged', stranger: 's-2', other: 's-1' };
    assert.equal(
      describeEvent({ time: 'T', type: 'rollcall.stranger.changed.v1', data: merged }, asIs),
      'T  stranger.changed  s-2  s-1  merged',
    );
  });

  test('names what was missing for a proof of liveness', () => {
    const liveness = { verdict: 'undetermined', reason: 'eyes-not-seen-well', blinks: [] };
    const data = { camera: 'gate', person: 'p-1', similarity: 0.7631, liveness };
    assert.equal(
      describeEvent({ time: 'T', type: 'rollcall.recognised.unproven.v1', data }, asIs),
      'T  recognised.unproven  gate  p-1  similarity 0.763  undetermined, 0 blinks (eyes-not-seen-well)',
    );
  });

  test('shows the first and last sequence of a gap', () => {
    const data = { firstSequence: 3, lastSequence: 7, counts: { camera: 5 }, reason: 'too-many' };
    const gap = { sequence: '0000000000000009', time: 'T', type: 'rollcall.events.dropped.v1', data };
    assert.equal(describeNumberedEvent(gap, asIs), '       9  T  events.dropped  3-7');
  });

  test('names ranges', () => {
    assert.equal(
      describeRanges([
        { first: 3, last: 7 },
        { first: 12, last: 12 },
      ]),
      '3-7, 12',
    );
  });
});
