import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { WatchlistProof } from '../../daemon/kernel/attendance/attendance-rules.js';
import type { Fact } from '../../daemon/kernel/events/event.js';
import type { Identification } from '../../daemon/kernel/identification/match.js';
import { passageId, personId } from '../../daemon/kernel/ids.js';
import type {
  LivenessAssessment,
  LivenessRequirement,
  LivenessVerdict,
} from '../../daemon/kernel/liveness/liveness.js';
import type { Standing } from '../../daemon/kernel/persons/person-standing.js';
import type { Sighting } from '../../daemon/kernel/tracks/sighting.js';
import { nextDecision, type TrackDecision, undecided } from '../../daemon/kernel/tracks/track-decision.js';
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

const liveness = (
  verdict: LivenessVerdict,
  observedS = 2,
  doubt: LivenessAssessment['reason'] = 'observed-too-briefly',
): LivenessAssessment => ({
  verdict,
  reason: verdict === 'live' ? 'blinked' : verdict === 'attack' ? 'still-picture' : doubt,
  evidence: {
    blinks: verdict === 'live' ? [{ atMs: 1500, durationMs: 180 }] : [],
    unboundBlinks: [],
    gestures: [],
    observedS,
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

/** Seconds in sight after which a person may be recorded as unknown. */
const unknownAfterS = 2;
const attackAfterS = 20;
const settlingMs = unknownAfterS * 1000;

interface Step {
  readonly verdict?: LivenessVerdict;
  /** Seconds in which the eyes were well seen, and why the verdict is undetermined. */
  readonly observedS?: number;
  readonly doubt?: LivenessAssessment['reason'];
  readonly identification?: Identification;
  readonly sighting?: Partial<Sighting>;
  readonly require?: LivenessRequirement;
  readonly standing?: Standing;
  readonly isWatched?: boolean;
  readonly watchlistRequires?: WatchlistProof;
}

function after(
  decision: TrackDecision,
  {
    verdict = 'undetermined',
    observedS,
    doubt,
    identification = inconclusive,
    sighting,
    require: proof = 'blink',
    standing = 'valid',
    isWatched = false,
    watchlistRequires = 'none',
  }: Step,
) {
  return nextDecision(decision, {
    passageId: passageId('passage-1'),
    ...{ standing, isWatched, watchlistRequires },
    sighting: sightingOf({
      firstSeenMs: 1000,
      lastSeenMs: 1000 + settlingMs,
      liveness: liveness(verdict, observedS, doubt),
      ...sighting,
    }),
    identification,
    threshold: 0.5,
    direction: 'in',
    proof: { require: proof, attackAfterS },
    unknownAfterS,
    wallMsOf: (capturedAtMs) => 1_000_000 + capturedAtMs,
  });
}

/** What is said about one track over these sightings, and when, seconds after it began. */
function course(...steps: readonly Step[]) {
  let decision: TrackDecision = undecided;
  const facts: Fact[] = [];
  for (const step of steps) {
    let next = after(decision, step);
    for (; next.fact !== undefined; next = after(next.decision, step)) facts.push(next.fact);
    decision = next.decision;
  }
  return {
    facts,
    kinds: facts.map(({ kind }) => kind),
    times: facts.map(({ occurredAtMs }) => (occurredAtMs - 1_001_000) / 1000),
  };
}

describe('nextDecision', () => {
  test('a live match is an attendance, with its evidence in wall time', () => {
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
    ['matched a moment ago and not known to be live yet', { identification: match }],
    ['live but inconclusive', { verdict: 'live', identification: inconclusive }],
    ['neither', {}],
  ] as const) {
    test(`nothing is recorded: ${name}`, () => {
      const { decision, fact } = after(undecided, step);
      assert.deepEqual([decision.state, fact], ['undecided', undefined]);
    });
  }

  test('a matched attack names the person that it resembles', () => {
    const { fact } = after(undecided, { verdict: 'attack', identification: match });
    assert.ok(fact?.kind === 'attack');
    assert.equal(fact.personId, 'person-1');
    assert.equal(fact.similarity, 0.7);
  });

  test('an attack without a known person names no person and is not an unknown person', () => {
    const { fact } = after(undecided, { verdict: 'attack', identification: noMatch });
    assert.ok(fact?.kind === 'attack');
    assert.equal(fact.personId, null);
    assert.equal(fact.similarity, null);
  });

  test('an attack waits for the person that it resembles, but only until the view has settled', () => {
    const early = { verdict: 'attack', sighting: { lastSeenMs: 1000 + settlingMs - 1 } } as const;
    assert.equal(after(undecided, early).fact, undefined);
    assert.equal(after(undecided, { verdict: 'attack' }).fact?.kind, 'attack');
  });

  test('an unknown person is recorded after the waiting time or at the end of the track', () => {
    const soon = { lastSeenMs: 1000 + settlingMs - 1 };
    assert.equal(after(undecided, { identification: noMatch, sighting: soon }).fact, undefined);
    const { fact } = after(undecided, { identification: noMatch, sighting: { ...soon, isEnded: true } });
    assert.ok(fact?.kind === 'unknown');
    assert.equal(fact.bestSimilarity, 0.2);
    assert.equal(fact.liveness.verdict, 'undetermined');
    assert.equal(after(undecided, { verdict: 'live', identification: noMatch }).fact?.kind, 'unknown');
  });

  test('a person who was never clearly visible is not unknown', () => {
    const sighting = { quality: { score: 0.2, reasons: ['blurred'] } } as const;
    assert.equal(after(undecided, { identification: noMatch, sighting }).fact, undefined);
  });

  test('a person who is unknown from afar may get an attendance nearby', () => {
    const { decision } = after(undecided, { identification: noMatch });
    assert.equal(after(decision, { verdict: 'live', identification: match }).fact?.kind, 'attendance');
  });

  test('a live ambiguous person gets no attendance, and both candidates are named', () => {
    const { decision, fact } = after(undecided, { verdict: 'live', identification: ambiguous });
    assert.equal(decision.state, 'ambiguous');
    assert.ok(fact?.kind === 'recognised-ambiguous');
    assert.deepEqual(fact.candidates, ambiguous.candidates);
    assert.equal(fact.reason, 'within-margin');
    assert.equal(fact.direction, 'in');
    assert.equal(fact.threshold, 0.5);
    assert.ok(!('personId' in fact));
  });

  test('a better view of an ambiguous person is awaited for a limited time', () => {
    const soon = { lastSeenMs: 1000 + settlingMs - 1 };
    const early = { verdict: 'live', identification: ambiguous, sighting: soon } as const;
    assert.equal(after(undecided, early).fact, undefined);
    assert.equal(
      after(undecided, { ...early, sighting: { ...soon, isEnded: true } }).fact?.kind,
      'recognised-ambiguous',
    );
  });

  test('an ambiguous person without a live verdict is not recorded, and an attack names neither', () => {
    assert.equal(after(undecided, { identification: ambiguous }).fact, undefined);
    const { fact } = after(undecided, { verdict: 'attack', identification: ambiguous });
    assert.ok(fact?.kind === 'attack');
    assert.equal(fact.personId, null);
  });

  test('an ambiguous attack waits for a match, but only until the view has settled', () => {
    const sighting = { lastSeenMs: 1000 + settlingMs - 1 };
    assert.equal(
      after(undecided, { verdict: 'attack', identification: ambiguous, sighting }).fact,
      undefined,
    );
  });

  test('an ambiguous person may get an attendance after a later match', () => {
    const { decision } = after(undecided, { verdict: 'live', identification: ambiguous });
    assert.equal(after(decision, { verdict: 'live', identification: ambiguous }).fact, undefined);
    assert.equal(after(decision, { verdict: 'live', identification: match }).fact?.kind, 'attendance');
  });

  describe('a person who is not valid', () => {
    const other: Identification = { ...match, personId: personId('person-2') };
    const barred = { identification: match, standing: 'barred' } as const;
    const expired = { identification: match, standing: 'expired' } as const;
    const secondsIn = (atS: number) => ({ sighting: { lastSeenMs: 1000 + atS * 1000 } });

    test('is refused when an attendance would be recorded, or 10 seconds later without a proof', () => {
      assert.deepEqual(course(expired, { ...expired, verdict: 'live' }).kinds, ['recognised-refused']);
      const waiting = [0, 9.9, 10, 20].map((atS) => ({ ...expired, ...secondsIn(atS) }));
      const { kinds, times } = course(...waiting);
      assert.deepEqual([kinds, times], [['recognised-refused'], [10]]);
    });

    test('is told of in no other way, whatever the camera requires', () => {
      const long = [0, 10, 40].map((atS) => ({
        ...barred,
        ...secondsIn(atS),
        require: 'not-attack' as const,
      }));
      assert.deepEqual(course(...long).kinds, ['recognised-refused']);
      assert.deepEqual(course(barred, { ...barred, verdict: 'live' }).kinds, ['recognised-refused']);
    });

    test('is told of again if they are barred meanwhile, but not the other way round', () => {
      const live = { ...expired, verdict: 'live' } as const;
      assert.deepEqual(course(live, barred, barred, live).kinds, [
        'recognised-refused',
        'recognised-refused',
      ]);
    });

    test('may give way to another person whom a better view shows', () => {
      const steps = [barred, { identification: other, verdict: 'live' }] as const;
      assert.deepEqual(course(...steps).kinds, ['recognised-refused', 'attendance']);
    });

    test('is told of when a better view resolves an ambiguity, and each of two', () => {
      const unsure = { identification: ambiguous, verdict: 'live' } as const;
      const second = { identification: other, standing: 'barred' } as const;
      const { kinds } = course(unsure, barred, second, second);
      assert.deepEqual(kinds, ['recognised-ambiguous', 'recognised-refused', 'recognised-refused']);
    });

    test('is an attack if it is a picture', () => {
      assert.deepEqual(course({ ...expired, verdict: 'attack' }).kinds, ['attack']);
      const steps = [barred, { ...barred, verdict: 'attack' }, { ...barred, verdict: 'attack' }] as const;
      assert.deepEqual(course(...steps).kinds, ['recognised-refused', 'attack']);
    });
  });

  test('a watched person is told of once, before everything else that is due', () => {
    const watched = { identification: match, isWatched: true } as const;
    const { kinds } = course(watched, { ...watched, verdict: 'live' });
    assert.deepEqual(kinds, ['watchlist', 'attendance']);
    assert.deepEqual(course({ ...watched, verdict: 'attack' }).kinds, ['attack']);
  });

  test('a watched or a barred person is told of only when live, if the watchlist requires that', () => {
    for (const [kind, person] of [
      ['watchlist', { identification: match, isWatched: true }],
      ['recognised-refused', { identification: match, standing: 'barred' }],
    ] as const) {
      const required = { ...person, watchlistRequires: 'live' } as const;
      assert.ok(!course(required, required).kinds.includes(kind), kind);
      assert.equal(course(required, { ...required, verdict: 'live' }).kinds[0], kind);
    }
  });

  describe('a recognised person without proof of life', () => {
    /** A second of the track with a match, `atS` after it began. */
    const at = (atS: number, step: Step = {}): Step => ({
      identification: match,
      ...step,
      sighting: { lastSeenMs: 1000 + atS * 1000, ...step.sighting },
    });
    const ended = { sighting: { isEnded: true } } as const;

    test('is recorded at the end of the track with the reason, not as an attendance', () => {
      const { kinds, facts } = course(at(0), at(1, ended));
      assert.deepEqual(kinds, ['recognised-unproven']);
      const [fact] = facts;
      assert.ok(fact?.kind === 'recognised-unproven');
      const { verdict, reason, blinks, observedS } = fact.liveness;
      assert.deepEqual([verdict, reason, blinks, observedS], ['undetermined', 'observed-too-briefly', [], 2]);
      const { personId: person, similarity, margin, threshold, direction } = fact;
      assert.deepEqual([person, similarity, margin, threshold, direction], ['person-1', 0.7, 0.3, 0.5, 'in']);
    });

    test('is recorded once, ten seconds after the recognition', () => {
      const { kinds, times } = course(at(4), at(13.9), at(14), at(20), at(40, ended));
      assert.deepEqual(kinds, ['recognised-unproven']);
      assert.deepEqual(times, [14]);
    });

    test('counts from the recognition of this person: another answer starts the wait again', () => {
      const other: Identification = { ...match, personId: personId('person-2') };
      assert.deepEqual(course(at(0), at(9, { identification: other }), at(12)).kinds, []);
      assert.deepEqual(course(at(0), at(9, { identification: inconclusive }), at(12)).kinds, []);
    });

    test('attends with a blink afterwards, and is an attack with an attack afterwards', () => {
      assert.deepEqual(course(at(0), at(10), at(12, { verdict: 'live' }), at(13, ended)).kinds, [
        'recognised-unproven',
        'attendance',
      ]);
      assert.deepEqual(
        course(at(0), at(10), at(21, { verdict: 'attack' }), at(22, ended), at(23, { verdict: 'live' }))
          .kinds,
        ['recognised-unproven', 'attack', 'attendance'],
      );
    });

    test('is not recorded for a timely blink, an attack or no match', () => {
      assert.deepEqual(course(at(0), at(2, { verdict: 'live' }), at(12), at(13, ended)).kinds, [
        'attendance',
      ]);
      assert.deepEqual(course(at(0, { verdict: 'attack' }), at(12), at(13, ended)).kinds, ['attack']);
      for (const identification of [noMatch, inconclusive, ambiguous])
        assert.ok(!course(at(0, { identification, ...ended })).kinds.includes('recognised-unproven'));
    });

    test('may follow an unknown person, and is not followed by one', () => {
      const unknown = { identification: noMatch };
      assert.deepEqual(course(at(2, unknown), at(3, ended)).kinds, ['unknown', 'recognised-unproven']);
      assert.deepEqual(course(at(0), at(10), at(12, unknown)).kinds, ['recognised-unproven']);
    });

    describe('if no proof is required', () => {
      const lax = { require: 'not-attack', observedS: attackAfterS } as const;
      const stays = (atS: number, step: Step = {}): Step => at(atS, { ...lax, ...step });
      const leaves = (atS: number): Step => stays(atS, ended);

      test('gives an attendance at the end of the track, and both facts are recorded', () => {
        const { kinds, facts } = course(stays(0), leaves(2));
        assert.deepEqual(kinds, ['recognised-unproven', 'attendance']);
        assert.equal(facts[1]?.liveness.verdict, 'undetermined');
      });

      test('gives no attendance for a face that was seen for too short a time to detect an attack', () => {
        const brief = { observedS: attackAfterS - 0.1 };
        assert.deepEqual(course(stays(0, brief), stays(40, brief), stays(41, { ...ended, ...brief })).kinds, [
          'recognised-unproven',
        ]);
      });

      for (const doubt of ['still-face', 'only-lids-moved', 'movement-unclear'] as const) {
        test(`gives no attendance for a face that may be a picture: ${doubt}`, () => {
          const rigid = { doubt, observedS: 60 };
          assert.deepEqual(
            course(stays(0, rigid), stays(60, rigid), stays(61, { ...ended, ...rigid })).kinds,
            ['recognised-unproven'],
          );
        });
      }

      test('gives an attendance immediately after a blink, without an unproven fact', () => {
        assert.deepEqual(course(stays(0), stays(1, { verdict: 'live' }), leaves(2)).kinds, ['attendance']);
      });

      test('attends while staying, later than an attack would have been called', () => {
        const { kinds, times } = course(stays(0), stays(10), stays(29.9), stays(30), leaves(40));
        assert.deepEqual(kinds, ['recognised-unproven', 'attendance']);
        assert.deepEqual(times, [10, 30]);
      });

      test('gets no attendance if an attack was recorded first, whatever follows', () => {
        const attacked = stays(20, { verdict: 'attack' });
        assert.deepEqual(course(stays(0), stays(10), attacked, stays(40), leaves(41)).kinds, [
          'recognised-unproven',
          'attack',
        ]);
        assert.deepEqual(course(stays(0, { verdict: 'attack', ...ended })).kinds, ['attack']);
      });

      test('an attack after the attendance is also recorded and names the person', () => {
        const attacked = stays(35, { verdict: 'attack' });
        const { kinds, facts } = course(stays(0), stays(10), stays(30), attacked, leaves(36));
        assert.deepEqual(kinds, ['recognised-unproven', 'attendance', 'attack']);
        const attack = facts.at(-1);
        assert.ok(attack?.kind === 'attack');
        assert.equal(attack.personId, 'person-1');
        assert.equal(attack.trackId, facts[1]?.trackId);
      });

      test('a blink after the attendance causes no further fact', () => {
        const attacked = stays(90, { verdict: 'attack' });
        const { kinds } = course(stays(0), stays(30), stays(31, { verdict: 'live' }), attacked, leaves(91));
        assert.deepEqual(kinds, ['recognised-unproven', 'attendance']);
      });

      test('an unknown or ambiguous person gets no attendance', () => {
        for (const identification of [noMatch, inconclusive, ambiguous])
          assert.ok(!course(stays(0, { identification, ...ended })).kinds.includes('attendance'));
      });
    });
  });

  test('each kind is recorded at most once per track, and only an attack after an attendance', () => {
    const step = fc.record({
      verdict: fc.constantFrom<LivenessVerdict>('live', 'attack', 'undetermined'),
      identification: fc.constantFrom(match, noMatch, ambiguous, inconclusive),
      isEnded: fc.boolean(),
      lastSeenMs: fc.integer({ min: 1000, max: 60_000 }),
      require: fc.constantFrom<LivenessRequirement>('blink', 'not-attack'),
    });
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const { kinds: said, facts } = course(
          ...steps.map(({ isEnded, lastSeenMs, ...step }) => ({
            ...step,
            sighting: { isEnded, lastSeenMs },
          })),
        );
        const mayBook = steps.some(({ require }) => require === 'not-attack');
        for (const { kind, liveness: shown } of facts) {
          if (kind === 'recognised-unproven') assert.equal(shown.verdict, 'undetermined');
          if (kind === 'attendance')
            assert.ok(shown.verdict === 'live' || (mayBook && shown.verdict === 'undetermined'));
        }
        assert.equal(new Set(said).size, said.length);
        const behind = said.slice(said.indexOf('attendance') + 1);
        if (said.includes('attendance')) assert.ok(behind.every((kind) => mayBook && kind === 'attack'));
      }),
    );
  });
});
