import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Identification } from '../../daemon/domain/identification/match.js';
import { personId } from '../../daemon/domain/ids.js';
import type { LivenessAssessment, LivenessVerdict } from '../../daemon/domain/liveness/liveness.js';
import type { Sighting } from '../../daemon/domain/tracks/sighting.js';
import { nextDecision, type TrackDecision, undecided } from '../../daemon/domain/tracks/track-decision.js';
import { sightingOf } from '../support/sightings.js';

const match: Identification = {
  outcome: 'match',
  personId: personId('person-1'),
  similarity: 0.7,
  margin: 0.3,
  probeCount: 3,
};
const noMatch: Identification = { outcome: 'no match', bestSimilarity: 0.2, probeCount: 3 };
const inconclusive: Identification = { outcome: 'inconclusive', bestSimilarity: 0.4, probeCount: 1 };

const liveness = (verdict: LivenessVerdict): LivenessAssessment => ({
  verdict,
  reason: verdict === 'live' ? 'blinked' : verdict === 'attack' ? 'still-picture' : 'observed-too-briefly',
  evidence: {
    blinks: verdict === 'live' ? [{ atMs: 1500, durationMs: 180 }] : [],
    unboundBlinks: [],
    gestures: [],
    observedS: 2,
    frameCount: 30,
  },
});

const ambiguous: Identification = {
  outcome: 'ambiguous',
  candidates: [
    { personId: personId('person-1'), similarity: 0.71 },
    { personId: personId('person-2'), similarity: 0.7 },
  ],
  reason: 'within-margin',
  probeCount: 3,
};

/** Seconds in sight after which somebody may be called unknown. */
const unknownAfterS = 2;
const settlingMs = unknownAfterS * 1000;

interface Step {
  readonly verdict?: LivenessVerdict;
  readonly identification?: Identification;
  readonly sighting?: Partial<Sighting>;
}

function after(
  decision: TrackDecision,
  { verdict = 'undetermined', identification = inconclusive, sighting }: Step,
) {
  return nextDecision(decision, {
    sighting: sightingOf({
      firstSeenMs: 1000,
      lastSeenMs: 1000 + settlingMs,
      liveness: liveness(verdict),
      ...sighting,
    }),
    identification,
    threshold: 0.5,
    direction: 'in',
    unknownAfterS,
    wallMsOf: (capturedAtMs) => 1_000_000 + capturedAtMs,
  });
}

describe('nextDecision', () => {
  test('live and matched is an attendance, with its evidence in wall time', () => {
    const { decision, fact } = after(undecided, { verdict: 'live', identification: match });
    assert.equal(decision.state, 'attended');
    assert.ok(fact?.kind === 'attendance');
    assert.equal(fact.personId, 'person-1');
    assert.equal(fact.similarity, 0.7);
    assert.equal(fact.threshold, 0.5);
    assert.equal(fact.direction, 'in');
    assert.equal(fact.occurredAtMs, 1_000_000 + 1000 + settlingMs);
    assert.deepEqual(fact.liveness.blinks, [{ time: '1970-01-01T00:16:41.500Z', durationS: 0.18 }]);
  });

  test('an attendance does not wait for the view to settle', () => {
    const sighting = { lastSeenMs: 1100 };
    assert.equal(
      after(undecided, { verdict: 'live', identification: match, sighting }).fact?.kind,
      'attendance',
    );
  });

  for (const [name, step] of [
    ['matched but not known to be live', { identification: match }],
    ['live but inconclusive', { verdict: 'live', identification: inconclusive }],
    ['neither', {}],
  ] as const) {
    test(`${name}: nothing is said`, () => {
      assert.deepEqual(after(undecided, step), { decision: undecided, fact: undefined });
    });
  }

  test('a matched attack names whom it resembles', () => {
    const { fact } = after(undecided, { verdict: 'attack', identification: match });
    assert.ok(fact?.kind === 'attack');
    assert.equal(fact.personId, 'person-1');
    assert.equal(fact.similarity, 0.7);
  });

  test('an attack by nobody known names nobody, and is not an unknown person', () => {
    const { fact } = after(undecided, { verdict: 'attack', identification: noMatch });
    assert.ok(fact?.kind === 'attack');
    assert.equal(fact.personId, null);
    assert.equal(fact.similarity, null);
  });

  test('an attack waits for whom it resembles, but only until the view has settled', () => {
    const early = { verdict: 'attack', sighting: { lastSeenMs: 1000 + settlingMs - 1 } } as const;
    assert.equal(after(undecided, early).fact, undefined);
    assert.equal(after(undecided, { verdict: 'attack' }).fact?.kind, 'attack');
  });

  test('somebody unknown is said so once the view has settled or the track has ended', () => {
    const soon = { lastSeenMs: 1000 + settlingMs - 1 };
    assert.equal(after(undecided, { identification: noMatch, sighting: soon }).fact, undefined);
    const { fact } = after(undecided, { identification: noMatch, sighting: { ...soon, isEnded: true } });
    assert.ok(fact?.kind === 'unknown');
    assert.equal(fact.bestSimilarity, 0.2);
    assert.equal(fact.liveness.verdict, 'undetermined');
    assert.equal(after(undecided, { verdict: 'live', identification: noMatch }).fact?.kind, 'unknown');
  });

  test('somebody who was never seen well is not called unknown', () => {
    const sighting = { quality: { score: 0.2, reasons: ['blurred'] } } as const;
    assert.equal(after(undecided, { identification: noMatch, sighting }).fact, undefined);
  });

  test('somebody called unknown from afar may attend from near', () => {
    const { decision } = after(undecided, { identification: noMatch });
    assert.equal(after(decision, { verdict: 'live', identification: match }).fact?.kind, 'attendance');
  });

  test('a live person who could be either of two makes no attendance, and both are named', () => {
    const { decision, fact } = after(undecided, { verdict: 'live', identification: ambiguous });
    assert.equal(decision.state, 'ambiguous');
    assert.ok(fact?.kind === 'recognised-ambiguous');
    assert.deepEqual(fact.candidates, ambiguous.candidates);
    assert.equal(fact.reason, 'within-margin');
    assert.equal(fact.direction, 'in');
    assert.equal(fact.threshold, 0.5);
    assert.ok(!('personId' in fact));
  });

  test('a better view of either of two is waited for, but not for ever', () => {
    const soon = { lastSeenMs: 1000 + settlingMs - 1 };
    const early = { verdict: 'live', identification: ambiguous, sighting: soon } as const;
    assert.equal(after(undecided, early).fact, undefined);
    assert.equal(
      after(undecided, { ...early, sighting: { ...soon, isEnded: true } }).fact?.kind,
      'recognised-ambiguous',
    );
  });

  test('either of two without a live verdict is said of nobody, and an attack names neither', () => {
    assert.equal(after(undecided, { identification: ambiguous }).fact, undefined);
    const { fact } = after(undecided, { verdict: 'attack', identification: ambiguous });
    assert.ok(fact?.kind === 'attack');
    assert.equal(fact.personId, null);
  });

  test('an attack waits for which of two it resembles, but only until the view has settled', () => {
    const sighting = { lastSeenMs: 1000 + settlingMs - 1 };
    assert.equal(
      after(undecided, { verdict: 'attack', identification: ambiguous, sighting }).fact,
      undefined,
    );
  });

  test('somebody who could be either of two may still attend once it is certain', () => {
    const { decision } = after(undecided, { verdict: 'live', identification: ambiguous });
    assert.equal(after(decision, { verdict: 'live', identification: ambiguous }).fact, undefined);
    assert.equal(after(decision, { verdict: 'live', identification: match }).fact?.kind, 'attendance');
  });

  test('for any course of a track each kind is said at most once, and nothing after an attendance', () => {
    const step = fc.record({
      verdict: fc.constantFrom<LivenessVerdict>('live', 'attack', 'undetermined'),
      identification: fc.constantFrom(match, noMatch, ambiguous, inconclusive),
      isEnded: fc.boolean(),
      lastSeenMs: fc.integer({ min: 1000, max: 6000 }),
    });
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        let decision = undecided;
        const said: string[] = [];
        for (const { verdict, identification, isEnded, lastSeenMs } of steps) {
          const next = after(decision, { verdict, identification, sighting: { isEnded, lastSeenMs } });
          decision = next.decision;
          if (next.fact) {
            said.push(next.fact.kind);
            if (next.fact.kind === 'attendance')
              assert.ok(verdict === 'live' && identification.outcome === 'match');
          }
        }
        assert.equal(new Set(said).size, said.length);
        assert.ok(!said.includes('attendance') || said.at(-1) === 'attendance');
      }),
    );
  });
});
