import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Decider } from '../../daemon/core/sightings/decider.js';
import { memoryFacts } from '../../daemon/core/sightings/memory-facts.js';
import { cameraId, personId, recogniserId, trackId } from '../../daemon/kernel/ids.js';
import type { LivenessAssessment } from '../../daemon/kernel/liveness/liveness.js';
import { seededRandom } from '../../daemon/kernel/random.js';
import type { Sighting } from '../../daemon/kernel/tracks/sighting.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { transcribe } from '../../daemon/lab/replay-transcript.js';
import type { StageEvent } from '../../daemon/vision/stage-event.js';
import { noTally, proofByBlink, testRules } from '../support/sightings.js';

const track = trackId('t1');
const box = { x: 10.4, y: 20.6, width: 80, height: 90 };
const live: LivenessAssessment = {
  verdict: 'live',
  reason: 'blinked',
  evidence: {
    blinks: [{ atMs: 1234.5678, durationMs: 166.6667 }],
    unboundBlinks: [],
    gestures: [],
    observedS: 2.00049,
    frameCount: 31,
  },
};

function sighting(sequence: number, lastSeenMs: number): Sighting {
  const embedding = Float32Array.of(1, 0);
  return {
    cameraId: cameraId('clip'),
    trackId: track,
    sequence,
    isEnded: false,
    firstSeenMs: 0,
    lastSeenMs,
    box,
    quality: { score: 0.9, reasons: [] },
    views: noTally,
    liveness: live,
    recogniser: recogniserId('r'),
    probes: [{ capturedAtMs: lastSeenMs, embedding, quality: 0.9 }],
  };
}

function decider(candidates: readonly { personId: ReturnType<typeof personId>; similarity: number }[]) {
  return new Decider({
    search: () => Promise.resolve(candidates),
    policy: { threshold: 0.9, margin: 0.01, minimumProbes: 2 },
    rules: testRules,
    directionOf: () => 'in',
    proofAt: () => proofByBlink,
    facts: memoryFacts(),
    clock: new VirtualClock(),
    random: seededRandom(1),
  });
}

describe('transcribe', () => {
  test('writes seconds with three decimals, a blink at the middle of its closure and a gesture at its start', async () => {
    const events: StageEvent[] = [
      { type: 'track.started', atMs: 133.3333, trackId: track, firstSeenMs: 0, box },
      { type: 'blink', atMs: 1400, trackId: track, blink: { atMs: 1234.5678, durationMs: 166.6667 } },
      {
        type: 'gesture',
        atMs: 1800,
        trackId: track,
        gesture: { kind: 'nod', startMs: 1500.4, endMs: 1800 },
      },
      { type: 'liveness', atMs: 2000, trackId: track, assessment: live },
    ];
    assert.deepEqual(await transcribe({ atMs: 2000, events }, decider([])), [
      { t: 0.133, type: 'track.started', track, firstSeen: 0, box: [10, 21, 80, 90] },
      { t: 1.235, type: 'blink', track, durationS: 0.167, decided: 1.4 },
      { t: 1.5, type: 'gesture', track, kind: 'nod', decided: 1.8 },
      {
        t: 2,
        type: 'liveness',
        track,
        verdict: 'live',
        reason: 'blinked',
        blinks: 1,
        observedS: 2,
        frameCount: 31,
      },
    ]);
  });

  test('uses the decision code of the core for sightings', async () => {
    const core = decider([{ personId: personId('p1'), similarity: 0.95123 }]);
    const first = await transcribe(
      { atMs: 0, events: [{ type: 'sighting', atMs: 0, sighting: sighting(0, 0) }] },
      core,
    );
    assert.deepEqual(
      first.map(({ type }) => type),
      ['identity'],
    );
    const second = await transcribe(
      { atMs: 600, events: [{ type: 'sighting', atMs: 600, sighting: sighting(1, 600) }] },
      core,
    );
    assert.deepEqual(
      second.map(({ type }) => type),
      ['identity', 'attendance'],
    );
    assert.deepEqual(second[1], {
      t: 0.6,
      type: 'attendance',
      track,
      person: 'p1',
      similarity: 0.9512,
      direction: 'in',
      liveness: 'live',
    });
  });

  test('reports a person as unknown without a gallery', async () => {
    const core = decider([]);
    const events: StageEvent[] = [0, 1, 2].map((n) => ({
      type: 'sighting',
      atMs: n * 1100,
      sighting: sighting(n, n * 1100),
    }));
    const lines = await transcribe({ atMs: 2200, events }, core);
    const last = { ...sighting(3, 2500), isEnded: true, endedBy: 'left' } as const;
    const ended: StageEvent = { type: 'sighting', atMs: 2500, sighting: last };
    assert.deepEqual(await transcribe({ atMs: 2500, events: [ended] }, core), [
      {
        ...{ t: 2.5, type: 'passage', track, outcome: 'stranger', reason: 'gallery-empty' },
        why: 'no person is enrolled with whom the face could be compared',
      },
    ]);
    const unknown = lines.find(({ type }) => type === 'unknown');
    assert.deepEqual([unknown?.['similarity'], unknown?.t], [null, 2.2]);
  });
});
