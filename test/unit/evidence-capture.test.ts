import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { EvidenceConfig } from '../../daemon/contract/settings/schema.js';
import { type Evidence, EvidenceCapture } from '../../daemon/core/events/evidence-capture.js';
import { Decider } from '../../daemon/core/sightings/decider.js';
import { memoryFacts } from '../../daemon/core/sightings/memory-facts.js';
import { SightingIntake } from '../../daemon/core/sightings/sighting-intake.js';
import { cameraId, eventId, personId, trackId } from '../../daemon/kernel/ids.js';
import type { LivenessAssessment } from '../../daemon/kernel/liveness/liveness.js';
import type { Logger } from '../../daemon/kernel/logger.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import type { Passage } from '../../daemon/kernel/passages/passage.js';
import { seededRandom } from '../../daemon/kernel/random.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { attackFact, attendanceFact, unknownFact, unprovenFact } from '../support/facts.js';
import { passageIdOf, passageOf } from '../support/passage-fixture.js';
import { proofByBlink, sightingOf, testRules } from '../support/sightings.js';

const everything: EvidenceConfig = { attendance: true, unknown: true, attack: true };
const jpeg = (name: number): Uint8Array => Uint8Array.of(0xff, 0xd8, 0xff, name);
const wallMsOf = (atMs: number): number => 1_000_000 + atMs;

/** A log that only counts. */
function countingLogger() {
  const lines: string[] = [];
  const logger: Logger = { ...silentLogger, error: (message) => void lines.push(message) };
  return { lines, logger };
}

function capture(wanted: EvidenceConfig = everything, add?: (evidence: Evidence) => Promise<void>) {
  const kept: Evidence[] = [];
  const { lines, logger } = countingLogger();
  const made = new EvidenceCapture({
    store: {
      async add(evidence) {
        await add?.(evidence);
        kept.push(evidence);
      },
    },
    wanted: () => wanted,
    logger,
  });
  return { made, kept, lines };
}

/** Lets everything that is ready run, without time passing. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 30; turn += 1) await Promise.resolve();
}

describe('evidence capture', () => {
  test('keeps the latest picture of the track with what belongs to it', async () => {
    const { made, kept } = capture();
    made.see(sightingOf({ bestShot: { capturedAtMs: 10, jpeg: jpeg(1) } }), wallMsOf);
    made.see(sightingOf({ sequence: 1, bestShot: { capturedAtMs: 50.75, jpeg: jpeg(2) } }), wallMsOf);
    made.see(sightingOf({ sequence: 2 }), wallMsOf);
    made.keep(attendanceFact(), eventId('event-1'));
    await settle();
    assert.deepEqual(kept, [
      {
        kind: 'attendance',
        eventId: 'event-1',
        personId: personId('person-1'),
        cameraId: cameraId('gate'),
        takenAtMs: 1_000_050,
        jpeg: jpeg(2),
      },
    ]);
  });

  test('keeps the picture of a person without proof of life like that of an attendance', async () => {
    for (const attendance of [true, false]) {
      const { made, kept } = capture({ attendance, unknown: true, attack: true });
      made.see(sightingOf({ bestShot: { capturedAtMs: 10, jpeg: jpeg(1) } }), wallMsOf);
      made.keep(unprovenFact(), eventId('event-1'));
      await settle();
      assert.deepEqual(
        kept.map(({ kind }) => kind),
        attendance ? ['attendance'] : [],
      );
    }
  });

  test('only for kinds that the configuration names', async () => {
    for (const kind of ['attendance', 'unknown', 'attack'] as const) {
      const { made, kept } = capture({ attendance: false, unknown: false, attack: false, [kind]: true });
      made.see(sightingOf({ bestShot: { capturedAtMs: 10, jpeg: jpeg(1) } }), wallMsOf);
      for (const fact of [attendanceFact(), unknownFact(), attackFact()]) {
        made.keep(fact, eventId(`event-${fact.kind}`));
      }
      await settle();
      assert.deepEqual(
        kept.map((evidence) => evidence.kind),
        [kind],
      );
      assert.equal('personId' in (kept[0] ?? {}), kind === 'attendance');
    }
  });

  test('keeps the picture of a passage that ended without one of its events having it', async () => {
    const { made, kept } = capture({ attendance: true, unknown: false, attack: true });
    const seen = (track: string): void =>
      made.see(
        sightingOf({ trackId: trackId(track), bestShot: { capturedAtMs: 10, jpeg: jpeg(1) } }),
        wallMsOf,
      );
    const ended = (number: number, changes: Partial<Passage> = {}): void =>
      made.keepPassage(passageOf(number, { trackId: trackId(`t-${number}`), ...changes }));
    for (const track of ['t-1', 't-2', 't-3', 't-4', 't-5']) seen(track);
    made.keep(attendanceFact({ trackId: trackId('t-1') }), eventId('event-1'));
    seen('t-1');
    ended(1);
    ended(2, { reason: 'attended-before', events: [] });
    ended(2);
    const { personId: _, ...nobody } = passageOf(3, { outcome: 'undecided', reason: 'dark' });
    made.keepPassage(nobody);
    made.keepPassage({ ...nobody, trackId: trackId('t-4'), outcome: 'attack', reason: 'attack-before' });
    // The person was removed while in sight.
    made.keepPassage({ ...nobody, trackId: trackId('t-5'), outcome: 'refused', reason: 'withdrawn' });
    await settle();
    assert.deepEqual(
      kept.map(({ kind, eventId: of, personId: person, takenAtMs }) => [kind, of, person, takenAtMs]),
      [
        ['attendance', 'event-1', 'person-1', 1_000_010],
        ['passage', passageIdOf(2), 'p-ada', 1_000_010],
        ['passage', passageIdOf(3), undefined, 1_000_010],
      ],
    );
  });

  test('a failing store is reported once, and again after it has worked', async () => {
    let isFull = true;
    const { made, kept, lines } = capture(everything, async () => {
      if (isFull) throw new Error('no room');
    });
    made.see(sightingOf({ bestShot: { capturedAtMs: 10, jpeg: jpeg(1) } }), wallMsOf);
    const keep = async (id: string): Promise<void> => {
      made.keep(unknownFact(), eventId(id));
      await settle();
    };
    await keep('event-1');
    await keep('event-2');
    assert.deepEqual([lines.length, made.counters.lost], [1, 2]);
    isFull = false;
    await keep('event-3');
    isFull = true;
    await keep('event-4');
    assert.deepEqual([lines.length, kept.length], [2, 1]);
    assert.deepEqual(made.counters, { stored: 1, lost: 3 });
  });

  test('a store that hangs costs pictures beyond a hundred, not memory', async () => {
    let finish: () => void = () => undefined;
    const hanging = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const { made, kept } = capture(everything, () => hanging);
    made.see(sightingOf({ bestShot: { capturedAtMs: 10, jpeg: jpeg(1) } }), wallMsOf);
    for (let n = 0; n < 150; n += 1) made.keep(unknownFact(), eventId(`event-${n}`));
    assert.equal(made.counters.lost, 50);
    finish();
    await made[Symbol.asyncDispose]();
    assert.equal(kept.length, 100);
  });

  test('is settled, and ends, when the pictures on their way are stored', async () => {
    let store = (): void => undefined;
    const isStored = new Promise<void>((resolve) => {
      store = resolve;
    });
    const { made, kept } = capture(everything, () => isStored);
    made.see(sightingOf({ bestShot: { capturedAtMs: 10, jpeg: jpeg(1) } }), wallMsOf);
    made.keep(attendanceFact(), eventId('event-1'));
    let ended = 0;
    const ending = [made.settled(), made[Symbol.asyncDispose]()].map(async (end) => {
      await end;
      ended += 1;
    });
    await settle();
    assert.equal(ended, 0);
    store();
    await Promise.all(ending);
    assert.equal(kept.length, 1);
  });

  test('pictures of a thousand tracks are remembered, of more the oldest go', async () => {
    const { made, kept } = capture();
    for (let n = 0; n <= 1_000; n += 1) {
      made.see(
        sightingOf({ trackId: trackId(`track-${n}`), bestShot: { capturedAtMs: n, jpeg: jpeg(1) } }),
        wallMsOf,
      );
    }
    made.keep(unknownFact({ trackId: trackId('track-0') }), eventId('event-0'));
    made.keep(unknownFact({ trackId: trackId('track-1000') }), eventId('event-1000'));
    await settle();
    assert.deepEqual(
      kept.map((evidence) => evidence.eventId),
      ['event-1000'],
    );
  });
});

describe('evidence from sightings', () => {
  const live: LivenessAssessment = {
    verdict: 'live',
    reason: 'blinked',
    evidence: {
      blinks: [{ atMs: 500, durationMs: 200 }],
      unboundBlinks: [],
      gestures: [],
      observedS: 1,
      frameCount: 15,
    },
  };
  const probe = { capturedAtMs: 0, embedding: Float32Array.of(1, 0), quality: 0.8 };

  function intakeWith(evidence: EvidenceCapture) {
    const facts = memoryFacts();
    const clock = new VirtualClock(1_000_000);
    const decider = new Decider({
      search: async () => [{ personId: personId('person-1'), similarity: 0.8 }],
      policy: { threshold: 0.5, margin: 0.05, minimumProbes: 2 },
      rules: testRules,
      directionOf: () => 'in',
      proofAt: () => proofByBlink,
      facts,
      clock,
      random: seededRandom(1),
    });
    return { facts, intake: new SightingIntake({ decider, evidence, clock, logger: silentLogger }) };
  }

  const first = sightingOf({ probes: [probe], bestShot: { capturedAtMs: 20, jpeg: jpeg(7) } });
  const second = sightingOf({ sequence: 1, liveness: live, probes: [probe], isEnded: true });

  test('the picture that came with an earlier sighting belongs to the fact that a later one decides', async () => {
    const { made, kept } = capture();
    const { facts, intake } = intakeWith(made);
    intake.take(first);
    intake.take(second);
    await intake[Symbol.asyncDispose]();
    await made[Symbol.asyncDispose]();
    assert.equal(facts.all.length, 1);
    assert.deepEqual(
      kept.map(({ eventId: id, takenAtMs, jpeg: [, , , name] }) => [id, takenAtMs, name]),
      [['memory-1', 1_000_020, 7]],
    );
  });

  test('a passage keeps its own picture if a cooldown suppressed its fact, or its camera stopped', async () => {
    const { made, kept } = capture();
    const { intake, facts } = intakeWith(made);
    for (const sighting of [first, second]) intake.take(sighting);
    for (const sighting of [first, second]) intake.take({ ...sighting, trackId: trackId('track-2') });
    intake.take({ ...first, trackId: trackId('track-3') });
    await settle();
    intake.forgetCamera(first.cameraId);
    await settle();
    await intake[Symbol.asyncDispose]();
    await made[Symbol.asyncDispose]();
    assert.deepEqual(
      kept.map(({ kind, eventId: of }) => [kind, of]),
      [
        ['attendance', 'memory-1'],
        ['passage', facts.passages[1]?.id],
        ['passage', facts.passages[2]?.id],
      ],
    );
    assert.deepEqual(
      facts.passages.map(({ end }) => end),
      ['left', 'left', 'vision-stopped'],
    );
  });

  test('a store that throws or never answers neither loses nor delays a fact', async () => {
    for (const add of [
      (): Promise<void> => {
        throw new Error('at once');
      },
      () => Promise.reject(new Error('later')),
      () => new Promise<void>(() => undefined),
    ]) {
      const { made } = capture(everything, add);
      const { facts, intake } = intakeWith(made);
      intake.take(first);
      intake.take(second);
      await intake[Symbol.asyncDispose]();
      assert.equal(facts.all.length, 1);
      assert.equal(intake.counters.facts, 1);
    }
  });
});
