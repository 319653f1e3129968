import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Decider, type DeciderOptions } from '../../daemon/core/sightings/decider.js';
import { memoryFacts } from '../../daemon/core/sightings/memory-facts.js';
import { StrangersInSight } from '../../daemon/core/sightings/strangers-in-sight.js';
import { defect, operational } from '../../daemon/kernel/errors.js';
import type { UnknownFact } from '../../daemon/kernel/events/event.js';
import { cameraId, passageId, personId, strangerId, trackId } from '../../daemon/kernel/ids.js';
import type { ChallengeStanding } from '../../daemon/kernel/liveness/challenge.js';
import type { LivenessAssessment } from '../../daemon/kernel/liveness/liveness.js';
import { seededRandom } from '../../daemon/kernel/random.js';
import type {
  KnownStranger,
  StrangerBook,
  StrangerSight,
} from '../../daemon/kernel/strangers/stranger-book.js';
import type { TrackKnowledge } from '../../daemon/kernel/tracks/track-decision.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { unknownFact } from '../support/facts.js';
import { aPassage } from '../support/passages.js';
import { proofByBlink, sightingOf, testRules } from '../support/sightings.js';

const gate = cameraId('gate');
const yard = cameraId('yard');
const live: LivenessAssessment = {
  verdict: 'live',
  reason: 'blinked',
  evidence: {
    blinks: [{ atMs: 500, durationMs: 200 }],
    ...{ unboundBlinks: [], gestures: [], observedS: 1, frameCount: 15 },
  },
};
const wallMsOf = (capturedAtMs: number): number => 1_000_000 + capturedAtMs;
const probes = (count: number, quality = 0.8) =>
  Array.from({ length: count }, (_, index) => ({
    ...{ capturedAtMs: index, embedding: Float32Array.of(1, 0), quality },
  }));
const stranger = { id: strangerId('s-1'), visit: 1, firstSeenMs: 0, cameras: [] };

/** A book that notes what it is asked. */
function book(changes: Partial<StrangerBook> = {}) {
  const calls: string[] = [];
  const sights: StrangerSight[] = [];
  const made: StrangerBook = {
    count: 1,
    see(sight): KnownStranger {
      calls.push('see');
      sights.push(sight);
      return { stranger, isIgnored: false };
    },
    ownerOf(): ReturnType<StrangerBook['ownerOf']> {
      return { strangerId: stranger.id };
    },
    noteRecorded: () => void calls.push('recorded'),
    withdraw: () => void calls.push('withdrawn'),
    end: () => void calls.push('ended'),
    ...changes,
  };
  return { made, calls, sights };
}

/** A decider that matches one person while `isNear`, with what it asked of the store and of challenges. */
function decider(changes: Partial<DeciderOptions> = {}) {
  const memory = memoryFacts();
  const scene = { isNear: true, standing: 'open' as ChallengeStanding };
  const stored: string[] = [];
  const challenged: string[] = [];
  const made = new Decider({
    search: async () => (scene.isNear ? [{ personId: personId('person-1'), similarity: 0.8 }] : []),
    policy: { threshold: 0.5, margin: 0.05, minimumProbes: 2 },
    rules: testRules,
    directionOf: () => 'in',
    proofAt: () => proofByBlink,
    facts: {
      ...memory,
      record(fact, passageOf) {
        stored.push(fact.kind);
        return memory.record(fact, passageOf);
      },
      write(passage) {
        stored.push(`passage ${passage.end ?? 'in sight'}`);
        memory.write(passage);
      },
    },
    challenges: {
      see: () => scene.standing,
      forget: (camera, track) => void challenged.push(`${camera} ${track}`),
      forgetCamera: (camera) => void challenged.push(camera),
    },
    clock: new VirtualClock(),
    random: seededRandom(1),
    ...changes,
  });
  const see = (sighting: Parameters<typeof sightingOf>[0]) => made.onSighting(sightingOf(sighting), wallMsOf);
  return { made, memory, scene, stored, challenged, see };
}

describe('the passage of a track', () => {
  test('is written when it begins and when it ends, and with each of its facts', async () => {
    const { see, stored, scene } = decider();
    await see({ sequence: 0 });
    assert.deepEqual(stored.splice(0), ['passage in sight']);
    await see({ sequence: 1 });
    assert.deepEqual(stored.splice(0), []);
    scene.isNear = false;
    await see({ sequence: 2, probes: probes(2), lastSeenMs: 2_000 });
    assert.deepEqual(stored.splice(0), ['unknown'], 'a fact is recorded with its passage');
    scene.isNear = true;
    await see({ sequence: 3, probes: probes(9, 0.9), lastSeenMs: 3_000, liveness: live });
    assert.deepEqual(stored.splice(0), ['attendance']);
    await see({ sequence: 4, lastSeenMs: 4_000 });
    assert.deepEqual(stored.splice(0), []);
    await see({ sequence: 5, lastSeenMs: 5_000, isEnded: true });
    assert.deepEqual(stored, ['passage left']);
  });

  test('is written once where its only sighting also leads to a fact', async () => {
    const { see, stored, memory } = decider();
    await see({ probes: probes(2), liveness: live, isEnded: true });
    assert.deepEqual(stored, ['attendance']);
    assert.equal(memory.passages[0]?.end, 'left');
  });

  test('is written at its end where a cooldown suppresses the fact, and says which', async () => {
    const { see, stored, memory } = decider();
    const seen = { probes: probes(2), liveness: live, isEnded: true };
    await see({ ...seen, trackId: trackId('a') });
    await see({ ...seen, trackId: trackId('b'), lastSeenMs: 1_000 });
    assert.deepEqual(stored, ['attendance', 'passage left']);
    const [first, second] = memory.passages;
    assert.deepEqual([first?.events.length, second?.events.length], [1, 0]);
    assert.equal(second?.cooldown?.passageId, first?.id);
  });

  test('names all events that it led to, in their order', async () => {
    const { see, scene, memory } = decider();
    scene.isNear = false;
    await see({ probes: probes(2), lastSeenMs: 2_000 });
    scene.isNear = true;
    await see({ sequence: 1, probes: probes(9, 0.9), lastSeenMs: 3_000, liveness: live });
    assert.deepEqual(memory.passages[0]?.events, ['memory-1', 'memory-2']);
  });

  test('is open at its camera until it ends', async () => {
    const { see, made } = decider();
    await see({ trackId: trackId('a') });
    await see({ trackId: trackId('b'), cameraId: yard });
    const tracksAt = (camera: typeof gate) => made.openPassages(camera).map((passage) => passage.trackId);
    assert.deepEqual([tracksAt(gate), tracksAt(yard), tracksAt(cameraId('roof'))], [['a'], ['b'], []]);
    await see({ trackId: trackId('a'), sequence: 1, isEnded: true });
    assert.deepEqual(tracksAt(gate), []);
  });

  test('ends with the vision process of its camera, but for tracks whose last sighting is still to come', async () => {
    const { see, made, stored, challenged } = decider();
    for (const [track, camera] of [
      ['a', gate],
      ['b', gate],
      ['c', yard],
    ] as const)
      await see({ trackId: trackId(track), cameraId: camera });
    stored.length = 0;
    const ended = await made.forgetCamera(gate, new Set([trackId('b')]));
    assert.deepEqual(
      ended.map((passage) => [passage.trackId, passage.end]),
      [['a', 'vision-stopped']],
    );
    assert.deepEqual(stored, ['passage vision-stopped']);
    assert.deepEqual(challenged, ['gate']);
    assert.equal(made.trackCount, 2);
  });

  test('ends with the box where that stops, whether vision says so or not', async () => {
    const { see, made, memory } = decider();
    await see({ trackId: trackId('a') });
    await see({ trackId: trackId('b') });
    await see({ trackId: trackId('c'), isEnded: true, endedBy: 'vision-stopped' });
    made.stopping();
    await see({ trackId: trackId('a'), sequence: 1, isEnded: true, endedBy: 'vision-stopped' });
    made[Symbol.dispose]();
    assert.deepEqual(
      memory.passages.map((passage) => [passage.trackId, passage.end]),
      [
        ['a', 'box-stopped'],
        ['b', 'box-stopped'],
        ['c', 'vision-stopped'],
      ],
    );
    assert.equal(made.trackCount, 0);
  });

  test('ends with the box where that stops without a warning', async () => {
    const { see, made, memory } = decider();
    await see({});
    made[Symbol.dispose]();
    assert.equal(memory.passages[0]?.end, 'box-stopped');
  });
});

describe('the challenge of a track', () => {
  const proofAt = () => ({ ...proofByBlink, require: 'challenge' }) as const;

  test('ends with the track, and with an attendance', async () => {
    const { see, scene, challenged } = decider({ proofAt });
    scene.standing = 'passed';
    await see({ trackId: trackId('a') });
    assert.deepEqual(challenged.splice(0), []);
    await see({ trackId: trackId('a'), sequence: 1, isEnded: true });
    assert.deepEqual(challenged.splice(0), ['gate a']);
    await see({ trackId: trackId('b'), probes: probes(2), liveness: live });
    assert.deepEqual(challenged, ['gate b']);
  });

  test('decides nothing about a face that nobody has, unless it was refused', async () => {
    for (const [standing, expected] of [
      ['open', 'unknown live blinked'],
      ['refused', 'attack attack challenge-failed'],
    ] as const) {
      const { see, scene, memory } = decider({ proofAt });
      Object.assign(scene, { isNear: false, standing });
      await see({ probes: probes(2), lastSeenMs: 2_000, liveness: live });
      assert.deepEqual(
        memory.all.map(({ kind, liveness }) => `${kind} ${liveness.verdict} ${liveness.reason}`),
        [expected],
      );
    }
  });
});

describe('the stranger of a track', () => {
  test('gets the best views of all sightings, from the first event on', async () => {
    const { made: strangers, sights, calls } = book();
    const { see, scene } = decider({ strangers: () => strangers });
    scene.isNear = false;
    await see({ probes: probes(1, 0.9), firstSeenMs: 0 });
    assert.deepEqual(calls, []);
    await see({ sequence: 1, probes: probes(1, 0.7), lastSeenMs: 2_000 });
    assert.deepEqual(calls.splice(0), ['see', 'recorded']);
    await see({ sequence: 2, probes: probes(1, 0.8), lastSeenMs: 2_500 });
    assert.deepEqual(calls.splice(0), ['see'], 'what else the track shows');
    const qualities = sights.map(({ views }) => views.map(({ quality }) => quality));
    assert.deepEqual(qualities, [
      [0.9, 0.7],
      [0.9, 0.7, 0.8],
    ]);
    assert.deepEqual(
      sights.map((sight) => [sight.firstSeenMs, sight.lastSeenMs, sight.threshold]),
      [
        [1_000_000, 1_002_000, 0.5],
        [1_000_000, 1_002_500, 0.5],
      ],
    );
    await see({ sequence: 3, lastSeenMs: 3_000, isEnded: true });
    assert.deepEqual(calls, ['see', 'ended']);
  });

  test('is withdrawn, and shown no more, when the track is of an enrolled person after all', async () => {
    const { made: strangers, calls } = book();
    const { see, scene } = decider({ strangers: () => strangers });
    scene.isNear = false;
    await see({ probes: probes(2), lastSeenMs: 2_000 });
    scene.isNear = true;
    calls.length = 0;
    await see({ sequence: 1, probes: probes(9, 0.9), lastSeenMs: 3_000, liveness: live });
    await see({ sequence: 2, lastSeenMs: 4_000, isEnded: true });
    assert.deepEqual(calls, ['withdrawn']);
  });

  test('gets no views of an enrolled person, also while the book cannot withdraw it', async () => {
    const { made: strangers, calls } = book({
      withdraw() {
        throw operational('disk-full', 'full');
      },
    });
    const { see, scene } = decider({ strangers: () => strangers });
    scene.isNear = false;
    await see({ probes: probes(2), lastSeenMs: 2_000 });
    scene.isNear = true;
    calls.length = 0;
    await see({ sequence: 1, probes: probes(9, 0.9), lastSeenMs: 3_000, liveness: live });
    assert.deepEqual(calls, []);
  });

  test('is out of sight when vision or the box stops', async () => {
    for (const stop of ['vision', 'box']) {
      const { made: strangers, calls } = book();
      const { see, scene, made } = decider({ strangers: () => strangers });
      scene.isNear = false;
      await see({ probes: probes(2), lastSeenMs: 2_000 });
      calls.length = 0;
      if (stop === 'vision') await made.forgetCamera(gate);
      else made[Symbol.dispose]();
      assert.deepEqual(calls, ['ended'], stop);
    }
  });
});

describe('strangers in sight', () => {
  const known = { passageId: passageId('passage-1'), sighting: sightingOf(), wallMsOf } as TrackKnowledge;
  const seen = { startedAtMs: 0, views: probes(1), threshold: 0.5 };
  const fact: UnknownFact = unknownFact();
  const start = (made: () => StrangerBook | undefined) =>
    new StrangersInSight({ book: made, cooldownS: () => 60, clock: new VirtualClock() });

  test('are withdrawn once, and once more where the book could not', () => {
    let isFull = true;
    const { made, calls } = book({
      withdraw() {
        calls.push('withdrawn');
        if (isFull) throw operational('disk-full', 'full');
      },
    });
    const strangers = start(() => made);
    strangers.withdraw(fact.passageId);
    assert.deepEqual(calls, [], 'not one that was never told of');
    strangers.tell(fact, known, seen);
    calls.length = 0;
    strangers.withdraw(fact.passageId);
    isFull = false;
    strangers.withdraw(fact.passageId);
    strangers.withdraw(fact.passageId);
    assert.deepEqual(calls, ['withdrawn', 'withdrawn']);
  });

  test('are asked nothing about a passage that has ended', () => {
    const { made, calls } = book({ ownerOf: () => assert.fail('nobody knows the passage any more') });
    const strangers = start(() => made);
    strangers.tell(fact, known, seen);
    strangers.end(fact.passageId);
    const passage = aPassage({ id: fact.passageId, stranger: { id: stranger.id, visit: 1 } });
    assert.equal(strangers.withOwner(passage), passage);
    strangers.update(known, seen);
    assert.deepEqual(calls, ['see', 'ended']);
  });

  test('lose what the book cannot write now, but no mistake of the program', () => {
    for (const [error, isTold] of [
      [operational('disk-full', 'full'), false],
      [defect('impossible', 'a mistake'), true],
      [new TypeError('a mistake'), true],
    ] as const) {
      const { made } = book({
        end() {
          throw error;
        },
      });
      const strangers = start(() => made);
      strangers.tell(fact, known, seen);
      const end = () => strangers.end(fact.passageId);
      if (isTold) assert.throws(end, error);
      else end();
    }
  });

  test('stay with the book in which they were first seen', () => {
    const { made, calls } = book();
    let present: StrangerBook | undefined;
    const strangers = start(() => present);
    assert.equal(strangers.tell(fact, known, seen).fact.stranger, undefined);
    present = made;
    strangers.update(known, seen);
    assert.deepEqual([strangers.count, calls], [1, []]);
    const next = { ...fact, passageId: passageId('passage-2') };
    assert.equal(strangers.tell(next, { ...known, passageId: next.passageId }, seen).fact.stranger, stranger);
    strangers.noteRecorded(next);
    assert.deepEqual(calls, ['see', 'recorded']);
    strangers[Symbol.dispose]();
    assert.equal(strangers.count, 0);
  });
});
