import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Decider, type DeciderOptions, type SightingOutcome } from '../../daemon/core/sightings/decider.js';
import { memoryFacts } from '../../daemon/core/sightings/memory-facts.js';
import { operational } from '../../daemon/kernel/errors.js';
import type { Fact } from '../../daemon/kernel/events/event.js';
import type { Probe } from '../../daemon/kernel/identification/match.js';
import { cameraId, personId, recogniserId, strangerId, trackId } from '../../daemon/kernel/ids.js';
import type { ChallengeStanding } from '../../daemon/kernel/liveness/challenge.js';
import type { LivenessAssessment } from '../../daemon/kernel/liveness/liveness.js';
import { seededRandom } from '../../daemon/kernel/random.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { proofByBlink, sightingOf, testRules } from '../support/sightings.js';

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
const wallMsOf = (capturedAtMs: number): number => 1_000_000 + capturedAtMs;
const probes = (count: number): Probe[] =>
  Array.from({ length: count }, (_, index) => ({
    capturedAtMs: index,
    embedding: Float32Array.of(1, 0),
    quality: 0.8,
  }));

function decider(changes: Partial<DeciderOptions> = {}) {
  const facts = memoryFacts();
  const made = new Decider({
    search: async () => [{ personId: personId('person-1'), similarity: 0.8 }],
    policy: { threshold: 0.5, margin: 0.05, minimumProbes: 2 },
    rules: testRules,
    directionOf: () => 'in',
    proofAt: () => proofByBlink,
    facts,
    clock: new VirtualClock(),
    random: seededRandom(1),
    ...changes,
  });
  return { made, facts };
}

/** The only fact that was recorded, if any was. */
function said({ recorded }: SightingOutcome): Fact | undefined {
  assert.ok(recorded.length <= 1);
  return recorded[0]?.fact;
}

describe('Decider', () => {
  test('gathers probes over sightings, then records one attendance', async () => {
    const asked: number[] = [];
    const { made, facts } = decider({
      search: async (_probe, { count }) => {
        asked.push(count);
        return [{ personId: personId('person-1'), similarity: 0.8 }];
      },
    });
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
    assert.equal(second.recorded[0]?.fact.kind, 'attendance');
    const third = await made.onSighting(
      sightingOf({ sequence: 2, liveness: live, probes: probes(1) }),
      wallMsOf,
    );
    assert.deepEqual(third, { identification: undefined, recorded: [], suppressed: [] });
    assert.deepEqual(
      facts.all,
      second.recorded.map(({ fact }) => fact),
    );
    assert.equal(second.recorded[0]?.eventId, 'memory-1', 'the id under which it was recorded');
    assert.deepEqual(
      asked,
      [5, 5],
      'the nearest five persons tell; an attended track is searched for no more',
    );
  });

  test('a passage keeps the eyes of its proof, of an attack, or else of its end', async () => {
    const curve = (first: number) => ({ fromMs: 300, packed: Uint8Array.of(0, first) });
    const { liveness } = sightingOf();
    const eyesOf = async (...seen: readonly Parameters<typeof sightingOf>[0][]) => {
      const { made } = decider();
      const outcomes: SightingOutcome[] = [];
      for (const [sequence, changes] of seen.entries()) {
        const isEnded = sequence === seen.length - 1;
        const times = { firstSeenMs: 100, lastSeenMs: 3100 + sequence };
        outcomes.push(
          await made.onSighting(sightingOf({ ...times, sequence, isEnded, ...changes }), wallMsOf),
        );
      }
      const { openness } = outcomes.at(-1)?.ended ?? {};
      return [openness?.packed[1], openness?.fromMs];
    };
    const proof = { liveness: live, probes: probes(2), openness: curve(1) };
    const attack = { ...liveness, verdict: 'attack', reason: 'still-picture' } as const;
    assert.deepEqual(await eyesOf(proof, { liveness: live }), [1, 200], 'of the proof');
    assert.deepEqual(await eyesOf(proof, { openness: curve(2) }), [1, 200], 'the decision is final');
    assert.deepEqual(await eyesOf({ probes: probes(2) }, { openness: curve(3) }), [3, 200], 'of the end');
    const print = { liveness: attack, probes: probes(2), openness: curve(4) };
    assert.deepEqual(await eyesOf(print, { openness: curve(5) }), [4, 200], 'of the attack');
    assert.deepEqual(await eyesOf({}, {}), [undefined, undefined]);
  });

  test('decides with the threshold of the person, and publishes that one', async () => {
    const policyOf = (own: number) => ({
      ...{ threshold: 0.5, margin: 0.05, minimumProbes: 2 },
      thresholdOf: () => own,
    });
    const seen = sightingOf({ lastSeenMs: 3_000, liveness: live, probes: probes(2) });
    const reached = said(await decider({ policy: policyOf(0.75) }).made.onSighting(seen, wallMsOf));
    assert.ok(reached?.kind === 'attendance');
    assert.equal(reached.threshold, 0.75);
    const missed = said(await decider({ policy: policyOf(0.85) }).made.onSighting(seen, wallMsOf));
    assert.ok(missed?.kind === 'unknown');
    assert.ok(Math.abs((missed.bestSimilarity ?? 0) - 0.8) < 1e-9);
    assert.equal(missed.threshold, 0.85);
  });

  test('reports a suppression once per track', async () => {
    const { made, facts } = decider();
    const sighting = (name: string, sequence: number) =>
      sightingOf({ trackId: trackId(name), sequence, lastSeenMs: 1000, liveness: live, probes: probes(2) });
    await made.onSighting(sighting('track-1', 0), wallMsOf);
    const again = await made.onSighting(sighting('track-2', 0), wallMsOf);
    assert.deepEqual(again.recorded, []);
    assert.equal(again.suppressed[0]?.reason, 'attendance-cooldown');
    assert.deepEqual((await made.onSighting(sighting('track-2', 1), wallMsOf)).suppressed, []);
    assert.equal(facts.all.length, 1);
  });

  test('records two facts of one sighting, and repeats neither when the second cannot be recorded', async () => {
    const memory = memoryFacts();
    let isDiskFull = true;
    const { made } = decider({
      rules: {
        attendanceCooldownS: 0,
        unknownCooldownS: 0,
        attackCooldownS: 0,
        watchlistCooldownS: 60,
        watchlistRequires: 'none',
        unknownAfterS: 2,
      },
      proofAt: (camera) => ({ ...proofByBlink, require: camera === 'gate' ? 'not-attack' : 'blink' }),
      facts: {
        ...memory,
        record(fact, passageOf) {
          if (isDiskFull && fact.kind === 'attendance') throw operational('disk-full', 'no room');
          return memory.record(fact, passageOf);
        },
      },
    });
    const kinds = () => memory.all.map(({ kind }) => kind);
    const { liveness } = sightingOf({});
    const leaving = sightingOf({
      ...{ probes: probes(2), isEnded: true },
      // Long enough to detect an attack.
      liveness: { ...liveness, evidence: { ...liveness.evidence, observedS: proofByBlink.attackAfterS } },
    });
    await assert.rejects(made.onSighting(leaving, wallMsOf), { code: 'disk-full' });
    assert.deepEqual(kinds(), ['recognised-unproven']);
    isDiskFull = false;
    const { recorded } = await made.onSighting(leaving, wallMsOf);
    assert.deepEqual(
      recorded.map(({ fact, eventId }) => [fact.kind, eventId]),
      [['attendance', 'memory-2']],
    );
    assert.deepEqual(kinds(), ['recognised-unproven', 'attendance']);
    assert.equal(made.trackCount, 0);

    await made.onSighting({ ...leaving, trackId: trackId('track-2'), cameraId: cameraId('yard') }, wallMsOf);
    assert.deepEqual(kinds().slice(2), ['recognised-unproven'], 'each camera has its own rule');
  });

  test('a person who stays without a blink is recorded once per attendance cooldown', async () => {
    const { made, facts } = decider();
    const pass = (name: string, lastSeenMs: number) =>
      made.onSighting(
        sightingOf({ trackId: trackId(name), lastSeenMs, probes: probes(2), isEnded: true }),
        wallMsOf,
      );
    await pass('track-1', 0);
    assert.equal((await pass('track-2', 299_000)).suppressed[0]?.reason, 'unproven-cooldown');
    await pass('track-3', 300_000);
    assert.deepEqual(
      facts.all.map(({ kind }) => kind),
      ['recognised-unproven', 'recognised-unproven'],
    );
  });

  test('handles sightings one after the other, so that a cooldown sees all earlier facts', async () => {
    const { made, facts } = decider();
    const outcomes = await Promise.all(
      ['track-1', 'track-2', 'track-3'].map((name) =>
        made.onSighting(sightingOf({ trackId: trackId(name), liveness: live, probes: probes(2) }), wallMsOf),
      ),
    );
    assert.equal(facts.all.length, 1);
    assert.deepEqual(
      outcomes.map(({ suppressed }) => suppressed[0]?.reason),
      [undefined, 'attendance-cooldown', 'attendance-cooldown'],
    );
  });

  test('at a camera that asks for a challenge only a passed one attends, and a refused one is an attack', async () => {
    const challenged = (standing: ChallengeStanding) =>
      decider({
        proofAt: () => ({ ...proofByBlink, require: 'challenge' }),
        challenges: { see: () => standing, forget: () => undefined, forgetCamera: () => undefined },
      });
    const seen = sightingOf({ liveness: live, probes: probes(2), isEnded: true });
    const outcomes: Readonly<Record<ChallengeStanding, string>> = {
      passed: 'attendance live challenge-passed',
      refused: 'attack attack challenge-failed',
      open: 'recognised-unproven undetermined challenge-not-passed',
      'not-shown': 'recognised-unproven undetermined challenge-not-shown',
    };
    for (const [standing, expected] of Object.entries(outcomes)) {
      const { made, facts } = challenged(standing as ChallengeStanding);
      await made.onSighting(seen, wallMsOf);
      const said = facts.all.map(({ kind, liveness }) => `${kind} ${liveness.verdict} ${liveness.reason}`);
      assert.deepEqual(said, [expected]);
    }
  });

  test('judges the latest sighting of a track once more when a challenge ended without another', async () => {
    let standing: ChallengeStanding = 'open';
    const { made, facts } = decider({
      proofAt: () => ({ ...proofByBlink, require: 'challenge' }),
      challenges: { see: () => standing, forget: () => undefined, forgetCamera: () => undefined },
    });
    const seen = sightingOf({ sequence: 3, liveness: live, probes: probes(2) });
    await made.onSighting(seen, wallMsOf);
    standing = 'passed';
    await made.onSighting({ ...seen, probes: [], sequence: 2 }, wallMsOf, true);
    assert.deepEqual(facts.all, [], 'an older one says nothing');
    await made.onSighting({ ...seen, probes: [] }, wallMsOf);
    assert.deepEqual(facts.all, [], 'nor does the same one that comes twice');
    await made.onSighting({ ...seen, probes: [] }, wallMsOf, true);
    assert.deepEqual(
      facts.all.map(({ kind }) => kind),
      ['attendance'],
    );
  });

  test('a fact that could not be recorded is tried again with the next sighting', async () => {
    const memory = memoryFacts();
    let isDiskFull = true;
    const { made } = decider({
      facts: {
        ...memory,
        record(fact, passageOf) {
          if (isDiskFull) throw operational('disk-full', 'no room');
          return memory.record(fact, passageOf);
        },
      },
    });
    const sighting = sightingOf({ liveness: live, probes: probes(2) });
    await assert.rejects(made.onSighting(sighting, wallMsOf), { code: 'disk-full' });
    isDiskFull = false;
    assert.equal(said(await made.onSighting(sighting, wallMsOf))?.kind, 'attendance');
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
    assert.equal(said(await made.onSighting(sighting, wallMsOf))?.kind, 'unknown');
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
    void made.forgetCamera(cameraId('gate'));
    // In turn, so that what is being worked on at that moment does not bring its track back.
    await made.onSighting(sightingOf({ trackId: trackId('track-3'), cameraId: cameraId('yard') }), wallMsOf);
    assert.equal(made.trackCount, 1);
  });

  test('keeps nothing in memory after all tracks have ended', async () => {
    const attack: LivenessAssessment = { ...live, verdict: 'attack', reason: 'still-picture' };
    const { made, facts } = decider({
      search: async ([first = 0]) => (first > 0 ? [{ personId: personId('p-1'), similarity: 0.8 }] : []),
      rules: {
        attendanceCooldownS: 0,
        unknownCooldownS: 0,
        attackCooldownS: 0,
        watchlistCooldownS: 60,
        watchlistRequires: 'none',
        unknownAfterS: 2,
      },
    });
    const nobody = probes(2).map((probe) => ({ ...probe, embedding: Float32Array.of(-1, 0) }));
    const ways = {
      attended: { liveness: live, probes: probes(2) },
      attacked: { liveness: attack, probes: probes(2) },
      unknown: { probes: nobody, lastSeenMs: 2000 },
      undecided: {},
    };
    for (const [name, seen] of Object.entries(ways)) {
      await made.onSighting(sightingOf({ ...seen, trackId: trackId(name) }), wallMsOf);
    }
    assert.deepEqual(
      facts.all.map(({ kind }) => kind),
      ['attendance', 'attack', 'unknown'],
    );
    assert.equal(made.trackCount, 4);
    for (const name of Object.keys(ways)) {
      await made.onSighting(sightingOf({ trackId: trackId(name), sequence: 1, isEnded: true }), wallMsOf);
    }
    assert.equal(made.trackCount, 0);
  });

  test('a person removed from the gallery gets no attendance from earlier results', async () => {
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

  test('tells of a watched person, and withdraws the stranger whom it took them for until the book has done so', async () => {
    for (const isWatched of [true, false]) {
      let isNear = false;
      const stranger = { id: strangerId('s-1'), visit: 1, firstSeenMs: 0, cameras: [] };
      const withdrawals: string[] = [];
      const { made, facts } = decider({
        search: async () => (isNear ? [{ personId: personId('person-1'), similarity: 0.8 }] : []),
        persons: { standingOf: () => 'valid', isWatched: () => isWatched },
        strangers: () => ({
          count: 1,
          see: () => ({ stranger, isIgnored: false }),
          ownerOf: () => ({ strangerId: stranger.id }),
          noteRecorded: () => undefined,
          withdraw() {
            withdrawals.push('tried');
            if (withdrawals.length === 1) throw operational('disk-full', 'full');
          },
          end: () => undefined,
        }),
      });
      await made.onSighting(sightingOf({ probes: probes(2), lastSeenMs: 2_000 }), wallMsOf);
      isNear = true;
      const near = { probes: probes(8), lastSeenMs: 3_000 };
      await made.onSighting(sightingOf({ ...near, sequence: 1 }), wallMsOf);
      await made.onSighting(sightingOf({ ...near, sequence: 2, liveness: live }), wallMsOf);
      assert.deepEqual(
        facts.all.map(({ kind }) => kind),
        ['unknown', ...(isWatched ? ['watchlist'] : []), 'attendance'],
      );
      assert.equal(withdrawals.length, isWatched ? 2 : 1);
    }
  });

  test('a stranger who was assigned to a person in sight does not lead to the person after an erasure', async () => {
    const stranger = { id: strangerId('s-1'), visit: 1, firstSeenMs: 0, cameras: [] };
    let isAssigned = false;
    const { made, facts } = decider({
      search: async () => [],
      strangers: () => ({
        count: 1,
        see: () => ({ stranger, isIgnored: false }),
        ownerOf: () => (isAssigned ? { assignedTo: personId('person-1') } : { strangerId: stranger.id }),
        noteRecorded: () => undefined,
        withdraw: () => undefined,
        end: () => undefined,
      }),
    });
    const seen = { probes: probes(2), lastSeenMs: 2_000 };
    await made.onSighting(sightingOf(seen), wallMsOf);
    assert.deepEqual(facts.passages[0]?.stranger?.id, stranger.id);
    isAssigned = true;
    made.forgetPerson(personId('person-1'));
    await made.onSighting(sightingOf({ ...seen, sequence: 1, isEnded: true }), wallMsOf);
    const [written] = facts.passages;
    assert.deepEqual([written?.end, written?.outcome], ['left', 'stranger']);
    assert.doesNotMatch(JSON.stringify(written), /person-1|s-1/);
  });

  test('a passage that could not be written yet does not name a person who was removed meanwhile', async () => {
    let isDiskFull = false;
    const facts = memoryFacts();
    const { made } = decider({
      facts: {
        ...facts,
        write(passage) {
          if (isDiskFull) throw operational('disk-full', 'no room', { retryable: true });
          facts.write(passage);
        },
      },
    });
    await made.onSighting(sightingOf({ probes: probes(2) }), wallMsOf);
    isDiskFull = true;
    const [ended] = await made.forgetCamera(cameraId('gate'));
    assert.equal(ended?.personId, 'person-1');
    made.forgetPerson(personId('person-1'));
    isDiskFull = false;
    await made.onSighting(sightingOf({ trackId: trackId('another') }), wallMsOf);
    const [written] = facts.passages;
    assert.deepEqual([written?.end, written?.reason, written?.nearest], ['vision-stopped', 'withdrawn', []]);
    assert.equal(written?.personId, undefined);
  });
});

/** A unit vector in the plane, `degrees` away from the first axis: cosine 0.5, the threshold, is 60 degrees. */
function face(degrees: number): Float32Array {
  const radians = (degrees * Math.PI) / 180;
  return Float32Array.of(Math.cos(radians), Math.sin(radians));
}

describe('strangers before one camera', () => {
  /** `see` tells what became of a visit: a track of its own that shows a face and ends. */
  function box(cooldownS = 60) {
    const clock = new VirtualClock(1_000_000);
    const rules = {
      attendanceCooldownS: 300,
      unknownCooldownS: cooldownS,
      attackCooldownS: 60,
      watchlistCooldownS: 60,
      watchlistRequires: 'none' as const,
      unknownAfterS: 2,
    };
    const policy = { threshold: 0.5, margin: 0.05, minimumProbes: 1 };
    const { made, facts } = decider({ search: async () => [], policy, rules, clock });
    let visits = 0;
    const see = async (
      degrees: number | readonly number[],
      changes: Parameters<typeof sightingOf>[0] = {},
    ) => {
      visits += 1;
      const probes = [degrees]
        .flat()
        .map((each) => ({ capturedAtMs: 0, embedding: face(each), quality: 0.8 }));
      const sighting = sightingOf({
        trackId: trackId(`track-${visits}`),
        isEnded: true,
        probes,
        ...changes,
      });
      const { recorded, suppressed } = await made.onSighting(sighting, () => clock.wallMs());
      return recorded[0]?.fact.kind ?? suppressed[0]?.reason;
    };
    return { clock, rules, made, facts, see };
  }

  test('every stranger is recorded, also just after another one', async () => {
    const { see, facts } = box();
    assert.deepEqual([await see(0), await see(90), await see(180)], ['unknown', 'unknown', 'unknown']);
    assert.equal(facts.all.length, 3);
  });

  test('the same stranger is not recorded again within the cooldown at this camera', async () => {
    const { see, clock, facts } = box();
    await see(0);
    await see(90);
    clock.advanceBy(59_000);
    assert.deepEqual([await see(10), await see(100)], ['unknown-cooldown', 'unknown-cooldown']);
    assert.equal(await see(0, { cameraId: cameraId('yard') }), 'unknown', 'another camera');
    clock.advanceBy(1_000);
    assert.equal(await see(0), 'unknown');
    assert.equal(facts.all.length, 4);
  });

  test('a stranger who turned the head is recognised by the later views', async () => {
    const { see } = box();
    const track = { trackId: trackId('a'), lastSeenMs: 2_000, isEnded: false };
    assert.equal(await see(0, { ...track, sequence: 0 }), 'unknown');
    for (const [sequence, degrees] of [
      [1, 40],
      [2, 80],
    ] as const)
      await see(degrees, { ...track, sequence });
    assert.equal(await see(95), 'unknown-cooldown', 'most of the views resemble it, the first one does not');
  });

  test('views of another recogniser are not compared', async () => {
    const { see } = box();
    await see(0);
    assert.equal(await see(0, { recogniser: recogniserId('another') }), 'unknown');
  });

  test('a face that was never comparable is not recorded as unknown', async () => {
    const { see, made } = box();
    assert.equal(await see([]), undefined);
    assert.equal(made.strangerCount, 0);
  });

  test('memory is empty once the tracks have ended and the cooldown is over', async () => {
    const { see, made, clock } = box();
    await see(0);
    clock.advanceBy(30_000);
    await see(90, { isEnded: false, lastSeenMs: 2_000 });
    await see(45, { isEnded: false, cameraId: cameraId('yard') });
    assert.deepEqual([made.trackCount, made.strangerCount], [2, 2]);
    clock.advanceBy(30_000);
    assert.equal(made.strangerCount, 1);
    void made.forgetCamera(cameraId('yard'));
    await see([], { trackId: trackId('track-2'), sequence: 1 });
    clock.advanceBy(30_000);
    assert.deepEqual([made.trackCount, made.strangerCount], [0, 0]);
  });

  test('a shorter cooldown applies to strangers already in memory', async () => {
    const { see, made, clock, rules } = box(3600);
    await see(0);
    rules.unknownCooldownS = 10;
    clock.advanceBy(60_000);
    assert.equal(made.strangerCount, 0);
    rules.unknownCooldownS = 0;
    assert.deepEqual([await see(0), await see(0)], ['unknown', 'unknown']);
    assert.equal(made.strangerCount, 0, 'nothing to remember');
  });

  test('a crowd does not fill the memory: the oldest stranger is forgotten early', async () => {
    const { see, made } = box(3600);
    // Any two share at most one of their three axes: a cosine of a third.
    const spread = (index: number) => {
      const [a, b] = [index % 17, Math.floor(index / 17)];
      const embedding = new Float32Array(51);
      for (const axis of [a, 17 + b, 34 + ((a + b) % 17)]) embedding[axis] = Math.sqrt(1 / 3);
      return [{ capturedAtMs: 0, embedding, quality: 0.8 }];
    };
    for (let index = 0; index <= 256; index += 1) await see([], { probes: spread(index) });
    assert.equal(made.strangerCount, 256);
    assert.equal(await see([], { probes: spread(256) }), 'unknown-cooldown');
    assert.equal(await see([], { probes: spread(0) }), 'unknown');
  });

  test('embeddings are overwritten when their stranger is forgotten', async () => {
    const { see, made } = box();
    const copies: Float32Array[] = [];
    const probe = { capturedAtMs: 0, embedding: face(0), quality: 0.8 };
    probe.embedding.slice = () => {
      const copy = new Float32Array(probe.embedding);
      copies.push(copy);
      return copy;
    };
    await see([], { probes: [probe, probe], isEnded: false, lastSeenMs: 2_000 });
    assert.ok(copies.length > 0 && copies.some((copy) => copy[0] === 1));
    made[Symbol.dispose]();
    assert.deepEqual(
      copies,
      copies.map(() => Float32Array.of(0, 0)),
    );
    assert.equal(probe.embedding[0], 1, 'what was given is left as it is');
  });
});
