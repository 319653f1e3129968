import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  identifyTrack,
  noProbes,
  type SearchedProbe,
  withProbes,
} from '../../daemon/kernel/identification/identify-track.js';
import type { MatchPolicy } from '../../daemon/kernel/identification/match.js';
import { personId } from '../../daemon/kernel/ids.js';

const policy: MatchPolicy = { threshold: 0.5, margin: 0.05, minimumProbes: 2 };

let clockMs = 0;
/** A probe whose candidates are given as `{ name: similarity }`. */
function probe(similarities: Readonly<Partial<Record<string, number>>>, quality = 0.8): SearchedProbe {
  clockMs += 100;
  const candidates = Object.entries(similarities).map(([name, similarity = 0]) => ({
    personId: personId(name),
    similarity,
  }));
  return { capturedAtMs: clockMs, quality, candidates };
}

const identify = (...probes: SearchedProbe[]) => identifyTrack(withProbes(noProbes, probes), policy);

describe('identifyTrack', () => {
  test('a person who is similar in every probe is a match', () => {
    const found = identify(probe({ ann: 0.7, ben: 0.2 }), probe({ ann: 0.6, ben: 0.3 }));
    assert.ok(found.outcome === 'match');
    assert.equal(found.personId, 'ann');
    assert.ok(Math.abs(found.similarity - 0.65) < 1e-9);
    assert.ok(Math.abs(found.margin - 0.4) < 1e-9);
    assert.equal(found.probeCount, 2);
  });

  test('a better view weighs more', () => {
    const found = identify(probe({ ann: 0.9 }, 0.9), probe({ ann: 0.5 }, 0.3));
    assert.ok(found.outcome === 'match');
    assert.ok(Math.abs(found.similarity - (0.9 * 0.9 + 0.5 * 0.3) / 1.2) < 1e-9);
  });

  test('one probe is too few, however similar', () => {
    assert.equal(identify(probe({ ann: 0.99 })).outcome, 'inconclusive');
  });

  test('no probes are inconclusive, whatever the policy', () => {
    const nobody = identifyTrack(noProbes, { ...policy, minimumProbes: 0 });
    assert.deepEqual(nobody, { outcome: 'inconclusive', bestSimilarity: undefined, probeCount: 0 });
  });

  describe('two similar persons', () => {
    const twins = () => [probe({ ann: 0.8, abi: 0.79 }), probe({ ann: 0.79, abi: 0.8 }, 0.7)];

    test('are ambiguous, the more similar one first', () => {
      const found = identify(...twins());
      assert.ok(found.outcome === 'ambiguous');
      assert.deepEqual(
        found.candidates.map(({ personId }) => personId),
        ['ann', 'abi'],
      );
      assert.equal(found.reason, 'within-margin');
      assert.equal(found.probeCount, 2);
    });

    test('the second one counts only from the threshold on', () => {
      assert.equal(identify(...[0, 1].map(() => probe({ ann: 0.5, abi: 0.5 }))).outcome, 'ambiguous');
      assert.equal(identify(...[0, 1].map(() => probe({ ann: 0.51, abi: 0.49 }))).outcome, 'inconclusive');
    });

    test('one probe is too few for ambiguity', () => {
      assert.equal(identify(probe({ ann: 0.8, abi: 0.79 })).outcome, 'inconclusive');
    });

    test('an inseparable pair is always ambiguous, whatever the margin', () => {
      const asked: string[] = [];
      const isInseparable = (a: string, b: string): boolean => {
        asked.push(`${a} ${b}`);
        return true;
      };
      const apart = [probe({ ann: 0.9, abi: 0.3, cid: 0.2 }), probe({ ann: 0.8, abi: 0.4 })];
      const probes = withProbes(noProbes, apart);
      const found = identifyTrack(probes, { ...policy, isInseparable });
      assert.ok(found.outcome === 'ambiguous');
      assert.equal(found.reason, 'inseparable-pair');
      assert.deepEqual(asked, ['ann abi'], 'the nearest and the second');
      assert.equal(identifyTrack(probes, { ...policy, isInseparable: () => false }).outcome, 'match');
    });

    test('also with a stricter threshold for one of them: the general threshold decides', () => {
      const strictFor = (strict: string) => ({
        ...policy,
        thresholdOf: (id: string) => (id === strict ? 0.9 : undefined),
      });
      const probes = withProbes(noProbes, [probe({ ann: 0.8, abi: 0.78 }), probe({ ann: 0.79, abi: 0.8 })]);
      assert.equal(identifyTrack(probes, strictFor('abi')).outcome, 'ambiguous');
      assert.notEqual(identifyTrack(probes, strictFor('ann')).outcome, 'match');
    });

    test('an inseparable pair under their own thresholds is not unknown', () => {
      const strict = { ...policy, thresholdOf: () => 0.99 };
      const probes = withProbes(noProbes, twins());
      assert.equal(identifyTrack(probes, strict).outcome, 'no match');
      const found = identifyTrack(probes, { ...strict, isInseparable: () => true });
      assert.ok(found.outcome === 'ambiguous');
      assert.equal(found.reason, 'inseparable-pair');
      const stranger = withProbes(noProbes, [probe({ ann: 0.4, abi: 0.4 }), probe({ ann: 0.49, abi: 0.4 })]);
      assert.equal(identifyTrack(stranger, { ...strict, isInseparable: () => true }).outcome, 'no match');
    });

    test('a track in which neither of the two was nearest for long is inconclusive', () => {
      const found = identify(
        probe({ ann: 0.9, abi: 0.9, cid: 0.1 }),
        probe({ cid: 0.7, ann: 0.6, abi: 0.6 }),
        probe({ dan: 0.7, ann: 0.6, abi: 0.6 }),
      );
      assert.equal(found.outcome, 'inconclusive');
    });
  });

  test('without a similar person gives no match, with the best similarity', () => {
    const found = identify(probe({ ann: 0.2, ben: 0.1 }), probe({ ann: 0.1, ben: 0.3 }));
    assert.ok(found.outcome === 'no match');
    assert.ok(Math.abs((found.bestSimilarity ?? 0) - 0.2) < 1e-9);
  });

  test('a person with a stricter threshold needs to reach it, and others need not', () => {
    const thresholdOf = (id: string) => (id === 'ann' ? 0.7 : undefined);
    const strict = (...probes: SearchedProbe[]) =>
      identifyTrack(withProbes(noProbes, probes), { ...policy, thresholdOf });
    const under = strict(probe({ ann: 0.65, ben: 0.2 }), probe({ ann: 0.65, ben: 0.2 }));
    assert.equal(under.outcome, 'no match');
    assert.equal('threshold' in under && under.threshold, 0.7);
    const reached = strict(probe({ ann: 0.75, ben: 0.2 }), probe({ ann: 0.72, ben: 0.2 }));
    assert.equal(reached.outcome, 'match');
    assert.equal('threshold' in reached && reached.threshold, 0.7);
    const other = strict(probe({ ben: 0.6 }), probe({ ben: 0.6 }));
    assert.equal(other.outcome, 'match');
    assert.ok(!('threshold' in other));
  });

  test('the second best is not taken instead of a person who stays under their stricter threshold', () => {
    const thresholdOf = (id: string) => (id === 'ann' ? 0.7 : undefined);
    const probes = [probe({ ann: 0.65, ben: 0.55 }), probe({ ann: 0.66, ben: 0.56 })];
    const found = identifyTrack(withProbes(noProbes, probes), { ...policy, thresholdOf });
    assert.equal(found.outcome, 'no match');
  });

  test('a looser threshold of a person has no effect', () => {
    const probes = [probe({ ann: 0.45 }), probe({ ann: 0.45 })];
    const found = identifyTrack(withProbes(noProbes, probes), { ...policy, thresholdOf: () => 0.3 });
    assert.equal(found.outcome, 'no match');
  });

  test('an empty gallery gives no match', () => {
    const found = identify(probe({}), probe({}));
    assert.deepEqual(found, { outcome: 'no match', bestSimilarity: undefined, probeCount: 2 });
  });

  test('a track that went from one person to another is inconclusive', () => {
    const found = identify(
      probe({ ann: 0.95, ben: 0.1 }),
      probe({ ann: 0.95, ben: 0.1 }),
      probe({ ann: 0.1, ben: 0.9 }),
      probe({ ann: 0.1, ben: 0.9 }),
    );
    assert.equal(found.outcome, 'inconclusive');
  });

  test('exactly half of the votes is not a match, a little more than half is', () => {
    const half = identify(probe({ ann: 0.95, ben: 0.3 }), probe({ ann: 0.5, ben: 0.55 }));
    assert.equal(half.outcome, 'inconclusive');
    const more = identify(probe({ ann: 0.95, ben: 0.3 }, 0.81), probe({ ann: 0.5, ben: 0.55 }));
    assert.equal(more.outcome, 'match');
  });

  test('exactly the margin and exactly the threshold are a match', () => {
    const near = [probe({ ann: 0.75, ben: 0.5 }, 1), probe({ ann: 0.75, ben: 0.5 }, 1)];
    assert.equal(identifyTrack(near, { ...policy, margin: 0.25 }).outcome, 'match');
    assert.equal(identifyTrack(near, { ...policy, margin: 0.26 }).outcome, 'ambiguous');
    assert.equal(identifyTrack(near, { ...policy, threshold: 0.75 }).outcome, 'match');
    assert.equal(identifyTrack(near, { ...policy, threshold: 0.76 }).outcome, 'no match');
  });

  test('of two equally similar persons the lesser id gets the vote, in any order', () => {
    for (const tie of [probe({ ann: 0.7, ben: 0.7 }), probe({ ben: 0.7, ann: 0.7 })]) {
      assert.equal(identify(probe({ ann: 0.9, ben: 0.3 }), tie).outcome, 'match');
      assert.equal(identify(probe({ ben: 0.9, ann: 0.3 }), tie).outcome, 'inconclusive');
    }
  });

  test('votes with less than half of the weight give no match', () => {
    const found = identify(probe({ ann: 0.6 }, 0.45), probe({ ann: 0.1 }, 0.55));
    assert.equal(found.outcome, 'no match');
  });

  test('votes with half of the weight are inconclusive', () => {
    assert.equal(identify(probe({ ann: 0.6 }), probe({ ann: 0.1 })).outcome, 'inconclusive');
  });

  test('a person beyond the nearest few counts with the weakest of them', () => {
    const found = identify(probe({ ann: 0.7, ben: 0.4 }), probe({ ann: 0.7, cid: 0.3 }));
    assert.ok(found.outcome === 'match');
    assert.ok(Math.abs(found.margin - (0.7 - 0.35)) < 1e-9);
  });

  test('a track that stays for hours keeps a bounded number of its best probes', () => {
    let probes = noProbes;
    for (let index = 0; index < 500; index += 1) {
      probes = withProbes(probes, [probe({ ann: 0.7 }, (index % 100) / 100)]);
    }
    assert.equal(probes.length, 24);
    assert.ok(probes.every(({ quality }) => quality > 0.9));
  });
});

const between = (min: number, max: number) => fc.double({ min, max, noNaN: true });
/** Ann is often near, so that all outcomes come up. */
const similarities = fc.record(
  { ann: between(0.3, 1), ben: between(-1, 0.8), cid: between(-1, 0.8), dot: between(-1, 0.6) },
  { requiredKeys: [] },
);
const someProbes = fc.array(
  fc.record({ similarities, quality: fc.double({ min: 0, max: 1, noNaN: true }) }),
  { maxLength: 12 },
);
const build = (specs: readonly { similarities: Partial<Record<string, number>>; quality: number }[]) =>
  specs.map((spec) => probe(spec.similarities, spec.quality));

describe('identifyTrack, for any probes', () => {
  test('the order and the grouping in which probes arrive make no difference', () => {
    fc.assert(
      fc.property(someProbes, fc.infiniteStream(fc.nat()), (specs, order) => {
        const probes = build(specs);
        const keys = probes.map(() => order.next().value);
        const shuffled = probes
          .map((one, index) => ({ one, key: keys[index] ?? 0 }))
          .sort((a, b) => a.key - b.key)
          .map(({ one }) => one);
        const oneByOne = shuffled.reduce((all, one) => withProbes(all, [one]), noProbes);
        assert.deepEqual(identifyTrack(oneByOne, policy), identify(...probes));
      }),
    );
  });

  test('coming nearer to a matched person leaves the match', () => {
    fc.assert(
      fc.property(someProbes, fc.nat(), fc.double({ min: 0, max: 1, noNaN: true }), (specs, at, gain) => {
        const probes = build(specs);
        const before = identify(...probes);
        fc.pre(before.outcome === 'match');
        const index = at % probes.length;
        const stronger = probes.map((one, position) =>
          position === index ? withGain(one, before.personId, gain) : one,
        );
        const after = identify(...stronger);
        assert.ok(after.outcome === 'match');
        assert.equal(after.personId, before.personId);
        assert.ok(after.similarity >= before.similarity - 1e-12);
      }),
    );
  });

  test('no match is below the threshold or within the margin', () => {
    fc.assert(
      fc.property(someProbes, (specs) => {
        const found = identify(...build(specs));
        if (found.outcome !== 'match') return;
        assert.ok(found.similarity >= policy.threshold);
        assert.ok(found.margin >= policy.margin);
        assert.ok(found.probeCount >= policy.minimumProbes);
      }),
    );
  });

  test('a higher threshold never makes another person a match', () => {
    fc.assert(
      fc.property(someProbes, fc.double({ min: 0, max: 0.4, noNaN: true }), (specs, rise) => {
        const probes = withProbes(noProbes, build(specs));
        const lax = identifyTrack(probes, policy);
        const strict = identifyTrack(probes, { ...policy, threshold: policy.threshold + rise });
        if (strict.outcome === 'match')
          assert.ok(lax.outcome === 'match' && lax.personId === strict.personId);
      }),
    );
  });
});

function withGain(one: SearchedProbe, person: string, gain: number): SearchedProbe {
  const candidates = one.candidates.map((candidate) =>
    candidate.personId === person ? { ...candidate, similarity: candidate.similarity + gain } : candidate,
  );
  return { ...one, candidates };
}
