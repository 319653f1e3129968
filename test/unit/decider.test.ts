import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { operational } from '../../daemon/base/errors.js';
import type { Probe } from '../../daemon/domain/identification/match.js';
import { cameraId, personId, trackId } from '../../daemon/domain/ids.js';
import type { LivenessAssessment } from '../../daemon/domain/liveness/liveness.js';
import { createDecider, type DeciderOptions } from '../../daemon/records/decider.js';
import { memoryFacts } from '../../daemon/records/memory-facts.js';
import { sightingOf } from '../support/sightings.js';

const live: LivenessAssessment = {
  verdict: 'live',
  reason: 'blinked',
  evidence: { blinks: [{ atMs: 500, durationMs: 200 }], observedS: 1, frameCount: 15 },
};
const wallMsOf = (capturedAtMs: number): number => 1_000_000 + capturedAtMs;
const probes = (count: number): Probe[] =>
  Array.from({ length: count }, (_, index) => ({
    capturedAtMs: index,
    embedding: Float32Array.of(1, 0),
    quality: 0.8,
  }));

function decider(changes: Partial<DeciderOptions> = {}) {
  const facts = memoryFacts();
  const made = createDecider({
    search: async () => [{ personId: personId('person-1'), similarity: 0.8 }],
    policy: { threshold: 0.5, margin: 0.05, minimumProbes: 2 },
    rules: { attendanceCooldownS: 300, unknownCooldownS: 60, attackCooldownS: 60, unknownAfterS: 2 },
    directionOf: () => 'in',
    facts,
    ...changes,
  });
  return { made, facts };
}

describe('createDecider', () => {
  test('gathers probes over sightings, then records one attendance', async () => {
    const { made, facts } = decider();
    const first = await made.onSighting(
      sightingOf({ sequence: 0, liveness: live, probes: probes(1) }),
      wallMsOf,
    );
    assert.deepEqual(facts.all, []);
    assert.equal(first.identification?.outcome, 'inconclusive');
    const second = await made.onSighting(
      sightingOf({ sequence: 1, liveness: live, probes: probes(1) }),
      wallMsOf,
    );
    assert.equal(second.identification?.outcome, 'match');
    assert.equal(second.fact?.kind, 'attendance');
    const third = await made.onSighting(
      sightingOf({ sequence: 2, liveness: live, probes: probes(1) }),
      wallMsOf,
    );
    const { identification, fact, eventId, suppressed } = third;
    assert.deepEqual([identification, fact, eventId, suppressed], Array(4).fill(undefined));
    assert.deepEqual(facts.all, [second.fact]);
    assert.equal(second.eventId, 'memory-1', 'the id under which it was recorded');
  });

  test('says once per track that a cooldown kept it silent', async () => {
    const { made, facts } = decider();
    const sighting = (name: string, sequence: number) =>
      sightingOf({ trackId: trackId(name), sequence, lastSeenMs: 1000, liveness: live, probes: probes(2) });
    await made.onSighting(sighting('track-1', 0), wallMsOf);
    const again = await made.onSighting(sighting('track-2', 0), wallMsOf);
    assert.equal(again.fact, undefined);
    assert.equal(again.eventId, undefined);
    assert.equal(again.suppressed?.reason, 'attendance-cooldown');
    assert.equal((await made.onSighting(sighting('track-2', 1), wallMsOf)).suppressed, undefined);
    assert.equal(facts.all.length, 1);
  });

  test('works on sightings one after the other, so that a cooldown sees all before it', async () => {
    const { made, facts } = decider();
    const outcomes = await Promise.all(
      ['track-1', 'track-2', 'track-3'].map((name) =>
        made.onSighting(sightingOf({ trackId: trackId(name), liveness: live, probes: probes(2) }), wallMsOf),
      ),
    );
    assert.equal(facts.all.length, 1);
    assert.deepEqual(
      outcomes.map(({ suppressed }) => suppressed?.reason),
      [undefined, 'attendance-cooldown', 'attendance-cooldown'],
    );
  });

  test('a fact that could not be recorded is tried again with the next sighting', async () => {
    const memory = memoryFacts();
    let isDiskFull = true;
    const { made } = decider({
      facts: {
        ...memory,
        record(fact) {
          if (isDiskFull) throw operational('disk-full', 'no room');
          return memory.record(fact);
        },
      },
    });
    const sighting = sightingOf({ liveness: live, probes: probes(2) });
    await assert.rejects(made.onSighting(sighting, wallMsOf), { code: 'disk-full' });
    isDiskFull = false;
    assert.equal((await made.onSighting(sighting, wallMsOf)).fact?.kind, 'attendance');
    assert.equal(memory.all.length, 1);
  });

  test('a search that fails leaves the track as it was', async () => {
    let isBroken = true;
    const { made } = decider({
      search: async () => {
        if (isBroken) throw operational('gallery-closed', 'closed');
        return [];
      },
    });
    const sighting = sightingOf({ probes: probes(2), isEnded: true });
    await assert.rejects(made.onSighting(sighting, wallMsOf), { code: 'gallery-closed' });
    isBroken = false;
    assert.equal((await made.onSighting(sighting, wallMsOf)).fact?.kind, 'unknown');
  });

  test('ignores sightings that come late or twice', async () => {
    const { made } = decider();
    const sighting = sightingOf({ sequence: 3, probes: probes(1) });
    await made.onSighting(sighting, wallMsOf);
    const twice = await made.onSighting({ ...sighting, liveness: live }, wallMsOf);
    assert.equal(twice.identification, undefined);
    const next = await made.onSighting(sightingOf({ sequence: 4, liveness: live }), wallMsOf);
    assert.equal(next.identification, undefined, 'still one probe');
  });

  test('forgets tracks that end and tracks of a camera whose process died', async () => {
    const { made } = decider();
    for (const [track, camera] of [
      ['track-1', 'gate'],
      ['track-2', 'gate'],
      ['track-3', 'yard'],
    ] as const) {
      await made.onSighting(sightingOf({ trackId: trackId(track), cameraId: cameraId(camera) }), wallMsOf);
    }
    await made.onSighting(sightingOf({ sequence: 1, isEnded: true }), wallMsOf);
    assert.equal(made.trackCount, 2);
    made.forgetCamera(cameraId('gate'));
    assert.equal(made.trackCount, 1);
  });

  test('somebody removed from the gallery does not attend on what was found before', async () => {
    let gallery = [{ personId: personId('person-1'), similarity: 0.8 }];
    const { made, facts } = decider({ search: async () => gallery });
    const before = await made.onSighting(sightingOf({ probes: probes(2) }), wallMsOf);
    assert.equal(before.identification?.outcome, 'match');
    gallery = [];
    made.forgetPerson(personId('person-1'));
    const after = await made.onSighting(
      sightingOf({ sequence: 1, lastSeenMs: 1900, liveness: live }),
      wallMsOf,
    );
    assert.equal(after.identification?.outcome, 'no match');
    assert.deepEqual(facts.all, []);
  });
});
