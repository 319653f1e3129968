import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Decider, type SightingOutcome } from '../../daemon/core/sightings/decider.js';
import { memoryFacts } from '../../daemon/core/sightings/memory-facts.js';
import { type DeciderPort, SightingIntake } from '../../daemon/core/sightings/sighting-intake.js';
import { operational } from '../../daemon/kernel/errors.js';
import { cameraId, personId, recogniserId, trackId } from '../../daemon/kernel/ids.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { seededRandom } from '../../daemon/kernel/random.js';
import type { Sighting } from '../../daemon/kernel/tracks/sighting.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { aPassage } from '../support/passages.js';
import { noTally, proofByBlink } from '../support/sightings.js';

const nothing: SightingOutcome = {
  identification: undefined,
  recorded: [],
  suppressed: [],
};

function sighting(sequence: number): Sighting {
  return {
    cameraId: cameraId('door'),
    trackId: trackId('t'),
    sequence,
    isEnded: false,
    firstSeenMs: 0,
    lastSeenMs: 1_000,
    box: { x: 0, y: 0, width: 1, height: 1 },
    quality: { score: 1, reasons: [] },
    views: noTally,
    liveness: {
      verdict: 'undetermined',
      reason: 'observed-too-briefly',
      evidence: { blinks: [], unboundBlinks: [], gestures: [], observedS: 0, frameCount: 0 },
    },
    recogniser: recogniserId('r'),
    probes: [],
  };
}

/** A decider whose answers are scripted: an error is thrown, anything else is nothing new. */
function scriptedDecider(script: (Error | undefined)[]) {
  const worked: { readonly sequence: number; readonly wallMs: number }[] = [];
  const given: { readonly sighting: Sighting; readonly isAgain: boolean | undefined }[] = [];
  const decider: DeciderPort = {
    forgetCamera: async () => [],
    forgetPerson: () => undefined,
    openPassages: () => [],
    stopping: () => undefined,
    async onSighting(sighting, wallMsOf, isAgain) {
      const error = script.shift();
      if (error) throw error;
      worked.push({ sequence: sighting.sequence, wallMs: wallMsOf(sighting.lastSeenMs) });
      given.push({ sighting, isAgain });
      return nothing;
    },
  };
  return { decider, worked, given };
}

/** Lets everything that is ready run, without time passing. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

const diskFull = operational('disk-full', 'no space', { retryable: true });

describe('sighting intake', () => {
  test('a full disk delays sightings and loses none; their order stays', async () => {
    const clock = new VirtualClock(1_000_000);
    const { decider, worked } = scriptedDecider([diskFull, diskFull]);
    await using intake = new SightingIntake({ decider, clock, logger: silentLogger });
    intake.take(sighting(0));
    intake.take(sighting(1));
    await settle();
    assert.deepEqual(worked, []);
    clock.advanceBy(2_000);
    await settle();
    assert.deepEqual(worked, []);
    clock.advanceBy(2_000);
    await settle();
    assert.deepEqual(
      worked.map(({ sequence }) => sequence),
      [0, 1],
    );
    assert.deepEqual(intake.counters, { taken: 2, facts: 0, suppressed: 0, givenUp: 0 });
  });

  test('the time of a fact is that of its sighting, however late it is stored', async () => {
    const clock = new VirtualClock(1_000_000);
    const { decider, worked } = scriptedDecider([diskFull]);
    await using intake = new SightingIntake({ decider, clock, logger: silentLogger });
    intake.take(sighting(0));
    await settle();
    clock.advanceBy(60_000);
    await settle();
    assert.deepEqual(worked, [{ sequence: 0, wallMs: 1_001_000 }]);
  });

  test('a permanent error loses its own sighting only', async () => {
    const { decider, worked } = scriptedDecider([operational('recogniser-mismatch', 'made by another')]);
    await using intake = new SightingIntake({ decider, clock: new VirtualClock(), logger: silentLogger });
    intake.take(sighting(0));
    intake.take(sighting(1));
    await settle();
    assert.deepEqual(
      worked.map(({ sequence }) => sequence),
      [1],
    );
  });

  test('a long backlog gives other work its turn', async () => {
    const { decider, worked } = scriptedDecider([]);
    await using intake = new SightingIntake({ decider, clock: new VirtualClock(), logger: silentLogger });
    for (let sequence = 0; sequence < 1_000; sequence += 1) intake.take(sighting(sequence));
    await nextTurn();
    assert.ok(worked.length < 1_000, 'another one came in between');
    while (intake.waitingCount > 0) await nextTurn();
    assert.equal(worked.length, 1_000);
  });

  test('sightings that wait while the vision process of their camera ends are the last of their tracks', async () => {
    const clock = new VirtualClock(1_000_000);
    let isDiskFull = true;
    const facts = memoryFacts();
    const decider = new Decider({
      search: async () => {
        if (isDiskFull) throw diskFull;
        return [];
      },
      policy: { threshold: 0.5, margin: 0.05, minimumProbes: 1 },
      rules: {
        attendanceCooldownS: 0,
        unknownCooldownS: 0,
        attackCooldownS: 0,
        watchlistCooldownS: 60,
        watchlistRequires: 'none',
        unknownAfterS: 0,
      },
      directionOf: () => 'in',
      proofAt: () => proofByBlink,
      facts,
      clock,
      random: seededRandom(1),
    });
    await using intake = new SightingIntake({ decider, clock, logger: silentLogger });
    const probes = [{ capturedAtMs: 0, embedding: Float32Array.of(1), quality: 0.8 }];
    isDiskFull = false;
    intake.take({ ...sighting(0), probes, trackId: trackId('a') });
    await settle();
    isDiskFull = true;
    for (const track of ['a', 'b', 'b']) {
      const sequence = intake.waitingCount + 1;
      intake.take({ ...sighting(sequence), probes, trackId: trackId(track) });
    }
    intake.take({ ...sighting(0), probes, trackId: trackId('c'), cameraId: cameraId('yard') });
    await settle();
    intake.forgetCamera(cameraId('door'));
    isDiskFull = false;
    clock.advanceBy(2_000);
    while (intake.waitingCount > 0) await nextTurn();
    assert.equal(decider.trackCount, 1, 'that of the other camera');
    assert.equal(facts.all.length, 3, 'nothing was lost, and nothing is told twice');
    assert.deepEqual(
      facts.passages.map(({ trackId: track, end }) => [track, end]),
      [
        ['a', 'vision-stopped'],
        ['b', 'vision-stopped'],
        ['c', undefined],
      ],
    );
  });

  test('ends immediately although a sighting still waits for space', async () => {
    const { decider, worked } = scriptedDecider([diskFull, diskFull, diskFull]);
    const intake = new SightingIntake({ decider, clock: new VirtualClock(), logger: silentLogger });
    intake.take(sighting(0));
    intake.take(sighting(1));
    await settle();
    await intake[Symbol.asyncDispose]();
    assert.deepEqual(worked, []);
    assert.equal(intake.counters.givenUp, 2, 'the one in work, and the one that waits');
  });

  test('says why sightings wait, until one could be processed again', async () => {
    const clock = new VirtualClock();
    const { decider } = scriptedDecider([diskFull]);
    await using intake = new SightingIntake({ decider, clock, logger: silentLogger });
    assert.deepEqual([intake.problem, intake.isHeldUp, intake.waitingCount], [undefined, false, 0]);
    intake.take(sighting(0));
    await settle();
    assert.deepEqual([intake.problem, intake.isHeldUp, intake.waitingCount], [diskFull, true, 1]);
    clock.advanceBy(2_000);
    await settle();
    assert.deepEqual([intake.problem, intake.isHeldUp, intake.waitingCount], [undefined, false, 0]);
  });

  test('is held up while more than a hundred sightings wait', async () => {
    const { decider } = scriptedDecider([]);
    await using intake = new SightingIntake({ decider, clock: new VirtualClock(), logger: silentLogger });
    // The first is in work.
    for (let sequence = 0; sequence <= 100; sequence += 1) intake.take(sighting(sequence));
    assert.deepEqual([intake.waitingCount, intake.isHeldUp], [100, false]);
    intake.take(sighting(101));
    assert.deepEqual([intake.waitingCount, intake.isHeldUp], [101, true]);
  });

  test('keeps the newest five thousand sightings while nothing can be stored, and the pictures of the oldest', async () => {
    const clock = new VirtualClock();
    const { decider, given } = scriptedDecider([diskFull]);
    await using intake = new SightingIntake({ decider, clock, logger: silentLogger });
    const bestShot = { capturedAtMs: 0, jpeg: Uint8Array.of(1) };
    const take = (sequence: number): void => intake.take({ ...sighting(sequence), bestShot });
    for (let sequence = 0; sequence <= 5_000; sequence += 1) take(sequence);
    await settle();
    assert.equal(intake.counters.givenUp, 0);
    for (const sequence of [5_001, 5_002]) take(sequence);
    assert.equal(intake.counters.givenUp, 2);
    clock.advanceBy(2_000);
    while (intake.waitingCount > 0) await nextTurn();
    assert.deepEqual(
      given.map(({ sighting: { sequence } }) => sequence),
      [0, ...Array.from({ length: 5_000 }, (_, index) => index + 3)],
    );
    const pictured = given.filter(({ sighting: each }) => each.bestShot !== undefined);
    assert.deepEqual(
      [pictured.length, pictured.at(-1)?.sighting.sequence],
      [499, 500],
      'one in work, and five hundred of which two were given up',
    );
  });

  test('passes on who was removed, and that the box stops, and shows the passages in sight', async () => {
    const told: unknown[] = [];
    const inSight = [aPassage()];
    const decider: DeciderPort = {
      ...scriptedDecider([]).decider,
      forgetPerson: (id) => void told.push(id),
      stopping: () => void told.push('stopping'),
      openPassages: (camera) => (camera === 'door' ? inSight : []),
    };
    await using intake = new SightingIntake({ decider, clock: new VirtualClock(), logger: silentLogger });
    intake.forgetPerson(personId('p-ada'));
    intake.stopping();
    assert.deepEqual(told, ['p-ada', 'stopping']);
    assert.equal(intake.openPassages(cameraId('door')), inSight);
  });

  test('gives a sighting that is judged again as such, and does not count it', async () => {
    const { decider, given } = scriptedDecider([]);
    await using intake = new SightingIntake({ decider, clock: new VirtualClock(), logger: silentLogger });
    intake.take(sighting(0));
    intake.judgeAgain(sighting(0));
    while (intake.waitingCount > 0) await nextTurn();
    await settle();
    assert.deepEqual(
      given.map(({ isAgain }) => isAgain),
      [false, true],
    );
    assert.equal(intake.counters.taken, 1);
  });
});
