import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  calibrate,
  calibrationSteps,
  type EnrolledPerson,
  fpirOf,
  inseparablePairSteps,
  inseparablePairs,
  likenesses,
  neighbourOf,
  upperQuantile,
  upperTail,
  visitorSimilarities,
} from '../../daemon/kernel/identification/calibration.js';
import type { Embedding } from '../../daemon/kernel/identification/match.js';
import { personId } from '../../daemon/kernel/ids.js';

/** A unit vector in a plane: the cosine of two is that of the difference of their angles. */
const at = (degrees: number, axis = 0): Embedding => {
  const vector = new Float32Array(32);
  vector[axis * 2] = Math.cos((degrees * Math.PI) / 180);
  vector[axis * 2 + 1] = Math.sin((degrees * Math.PI) / 180);
  return vector;
};

const ada = personId('ada');
const grace = personId('grace');
const mary = personId('mary');
const policy = { threshold: 0.9, margin: 0.02 };

describe('a threshold after a marked false match', () => {
  const persons = likenesses([
    { personId: ada, references: [at(0), at(35), at(75), at(110)] },
    { personId: grace, references: [at(0, 1)] },
  ]);
  const thresholdAfter = (similarity: number, of = ada): number => {
    const falseMatchOf = (id: typeof ada) => (id === of ? similarity : undefined);
    const found = calibrate(persons, { floor: 0.55, targetFpir: undefined, falseMatchOf });
    return found.find(({ personId: id }) => id === of)?.threshold ?? Number.NaN;
  };

  it('lies above the marked similarity where the person stays recognisable', () => {
    assert.ok(thresholdAfter(0.6) > 0.6 && thresholdAfter(0.6) < 0.601);
    assert.equal(thresholdAfter(0.3), 0.55);
  });

  it('puts at most a quarter of the own comparisons below it, however similar the marked one was', () => {
    const own = persons[0]?.own ?? [];
    for (const similarity of [0.974, 0.999, 1]) {
      const threshold = thresholdAfter(similarity);
      assert.ok(threshold < 0.974, `${threshold}`);
      assert.ok(own.filter((each) => each < threshold).length <= own.length / 4);
    }
  });

  it('is bounded by the gallery for a person with one reference', () => {
    const threshold = thresholdAfter(1, grace);
    assert.ok(threshold > 0.55 && threshold < 0.974, `${threshold}`);
  });
});

describe('inseparable pairs', () => {
  it('names two persons whose references lie as near to each other as to their own', () => {
    const persons = likenesses([
      { personId: ada, references: [at(0), at(8), at(16)] },
      { personId: grace, references: [at(4), at(12), at(20)] },
      { personId: mary, references: [at(0, 1), at(8, 1), at(16, 1)] },
    ]);
    const [pair, ...rest] = inseparablePairs(persons, policy);
    assert.deepEqual(rest, []);
    assert.deepEqual([pair?.a, pair?.b], [ada, grace]);
    assert.ok(pair && pair.similarity > 0.99 && pair.similarity <= 1);
  });

  it('names no pair whose own references are nearer by the margin, although both reach the threshold', () => {
    const persons = likenesses([
      { personId: ada, references: [at(0), at(1), at(2)] },
      { personId: grace, references: [at(22), at(23), at(24)] },
    ]);
    assert.ok((persons[0]?.neighbours[0]?.similarity ?? 0) > policy.threshold);
    assert.deepEqual(inseparablePairs(persons, policy), []);
  });

  it('names no pair that stays under the threshold, however far apart the own references are', () => {
    const persons = likenesses([
      { personId: ada, references: [at(0), at(60)] },
      { personId: grace, references: [at(-30), at(90)] },
    ]);
    assert.deepEqual(inseparablePairs(persons, policy), []);
  });

  it('takes a person with one reference for a typical person of the gallery', () => {
    const alike = [
      { personId: ada, references: [at(0)] },
      { personId: grace, references: [at(20)] },
    ];
    assert.equal(inseparablePairs(likenesses(alike), policy).length, 1);
    const steady = { personId: mary, references: [at(0, 1), at(1, 1), at(2, 1)] };
    assert.deepEqual(inseparablePairs(likenesses([...alike, steady]), policy), []);
  });

  it('works where strangers are far apart: cosines around 0', () => {
    const persons = likenesses([
      { personId: ada, references: [at(0), at(45)] },
      { personId: grace, references: [at(20), at(65)] },
      { personId: mary, references: [at(0, 1), at(45, 1)] },
    ]);
    const pairs = inseparablePairs(persons, { threshold: 0.55, margin: 0.05 });
    assert.deepEqual(
      pairs.map(({ a, b }) => [a, b]),
      [[ada, grace]],
    );
  });
});

describe('how near a visitor comes', () => {
  it('is the mean and the highest of the similarities of their references, to references and their mean', () => {
    const { similarity, highest } = neighbourOf(ada, visitorSimilarities([at(0), at(90)], [at(60), at(0)]));
    assert.ok(Math.abs(similarity - (Math.cos(Math.PI / 12) + 1) / 2) < 1e-6);
    assert.ok(Math.abs(highest - 1) < 1e-6);
    assert.deepEqual(neighbourOf(ada, visitorSimilarities([], [at(0)])), {
      ...{ personId: ada, similarity: -1, highest: -1 },
    });
  });
});

describe('thresholds of persons', () => {
  it('are the floor where the owner names no target', () => {
    const found = calibrate(likenesses(gallery(3)), { floor: 0.5, targetFpir: undefined });
    assert.ok(found.every(({ threshold, reason }) => threshold === 0.5 && reason === 'floor'));
  });

  // Strangers around 0, as those of one recogniser, and around 0.8, as those of another.
  for (const [common, floor] of [
    [0, 0.3],
    [2, 0.8],
  ] as const) {
    it(`keep the target for strangers, also for a group that looks alike, with strangers around ${common === 0 ? 0 : 0.8}`, () => {
      const persons = gallery(7, common);
      const found = calibrate(likenesses(persons), { floor, targetFpir: 0.02 });
      const thresholds = new Map(found.map(({ personId: id, threshold }) => [id, threshold]));
      const isAccepted = (stranger: Embedding, thresholdOf: (person: EnrolledPerson) => number): boolean =>
        persons.some((person) =>
          visitorSimilarities(person.references, [stranger]).some(
            (reached) => reached >= thresholdOf(person),
          ),
        );
      const calibrated = ({ personId: id }: EnrolledPerson) => thresholds.get(id) ?? 1;
      const shareOf = (strangers: readonly Embedding[], thresholdOf: (person: EnrolledPerson) => number) =>
        strangers.filter((stranger) => isAccepted(stranger, thresholdOf)).length / strangers.length;
      const random = randomFrom(99);
      const ordinary = Array.from({ length: 100 }, () => face(random, common));
      const alike = Array.from({ length: 50 }, () => face(random, common, group));
      assert.ok(shareOf(ordinary, calibrated) <= 0.06, `ordinary: ${shareOf(ordinary, calibrated)}`);
      assert.ok(shareOf(alike, () => floor) > 0.5, `alike, floor: ${shareOf(alike, () => floor)}`);
      assert.ok(shareOf(alike, calibrated) <= 0.1, `alike: ${shareOf(alike, calibrated)}`);
    });
  }

  it('are stricter for a person who has a near neighbour than for the others, and never under the floor', () => {
    const found = calibrate(likenesses(gallery(5)), { floor: 0.3, targetFpir: 0.02 });
    const alike = found.slice(0, groupSize).map(({ threshold }) => threshold);
    const others = found.slice(groupSize).map(({ threshold }) => threshold);
    assert.ok(Math.min(...alike) > Math.max(...others));
    assert.ok(Math.min(...others) >= 0.3);
    assert.ok(found.every(({ fnmr }) => fnmr !== undefined && fnmr >= 0 && fnmr <= 1));
    const loose = calibrate(likenesses(gallery(5)), { floor: 0.95, targetFpir: 0.02 });
    assert.ok(
      loose.every(({ threshold, reason }) => threshold >= 0.95 && (threshold > 0.95 || reason === 'floor')),
    );
  });

  it('lie above what another enrolled person reaches, however few are enrolled', () => {
    const persons = likenesses([
      { personId: ada, references: [at(0), at(5)] },
      { personId: grace, references: [at(15), at(20)] },
    ]);
    const found = calibrate(persons, { floor: 0.9, targetFpir: 0.001 });
    for (const [index, { threshold, reason, fmr }] of found.entries()) {
      assert.equal(reason, 'neighbour');
      assert.equal(fmr, undefined);
      assert.ok(threshold > (persons[index]?.neighbours[0]?.similarity ?? 1) && threshold <= 1);
    }
    assert.deepEqual(calibrate([], { floor: 0.9, targetFpir: 0.001 }), []);
  });

  it('come in steps of one person each, for a gallery that is too large for one step', () => {
    const persons = likenesses(gallery(5));
    const target = { floor: 0.3, targetFpir: 0.02 };
    for (const [steps, wanted] of [
      [calibrationSteps(persons, target), calibrate(persons, target)],
      [inseparablePairSteps(persons, policy), inseparablePairs(persons, policy)],
    ] as const) {
      let taken = 0;
      let step: IteratorResult<undefined, unknown> = steps.next();
      for (; step.done !== true; step = steps.next()) taken += 1;
      assert.ok(taken >= persons.length, `${taken} steps for ${persons.length} persons`);
      assert.deepEqual(step.value, wanted);
    }
  });

  it('expect a person with references far apart to be missed more often', () => {
    const [steady, wide] = calibrate(
      likenesses([
        { personId: ada, references: [at(0), at(2), at(4), at(6)] },
        { personId: grace, references: [at(0, 1), at(20, 1), at(40, 1), at(60, 1)] },
      ]),
      { floor: 0.95, targetFpir: undefined },
    );
    assert.ok((steady?.fnmr ?? 1) < (wide?.fnmr ?? 0));
  });
});

describe('the normal distribution', () => {
  it('gives the figures of the tables', () => {
    for (const [z, share] of [
      [0, 0.5],
      [1, 0.158655254],
      [1.959963985, 0.025],
      [3.090232306, 0.001],
      [4.753424309, 1e-6],
    ] as const) {
      assert.ok(Math.abs(upperTail(z) / share - 1) < 1e-6, `upper tail of ${z}`);
      assert.ok(Math.abs(upperQuantile(share) - z) < 1e-6, `quantile of ${share}`);
    }
    assert.ok(Math.abs(upperTail(-1) - (1 - 0.158655254)) < 1e-8);
  });

  it('adds up over the persons of a gallery', () => {
    assert.equal(fpirOf([]), 0);
    assert.ok(Math.abs(fpirOf([0.1, 0.2]) - 0.28) < 1e-12);
  });
});

const dimensions = 48;
const groupSize = 6;
/** What people who look alike share, beside the common part of all faces. */
const group = 1;

/** Numbers in 0..1, always the same for a seed (a linear congruential generator modulo 2^31). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}

/** A face as a unit vector: a part that all share, one that a group shares, and one of its own. */
function face(random: () => number, common: number, alike = 0): Embedding {
  const vector = new Float32Array(dimensions);
  for (let axis = 0; axis < dimensions; axis += 1) {
    const bell = random() + random() + random() + random() - 2;
    vector[axis] = (bell * Math.sqrt(3)) / Math.sqrt(dimensions);
  }
  vector[0] = (vector[0] ?? 0) + common;
  vector[1] = (vector[1] ?? 0) + alike;
  return unit(vector);
}

/** Another photograph of the same face. */
function again(random: () => number, own: Embedding): Embedding {
  return unit(own.map((value) => value + ((random() - 0.5) * 0.4) / Math.sqrt(dimensions)));
}

function unit(vector: Float32Array): Embedding {
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}

/** Forty persons with two references each; the first few look alike. */
function gallery(seed: number, common = 0): readonly EnrolledPerson[] {
  const random = randomFrom(seed);
  return Array.from({ length: 40 }, (_, index) => {
    const own = face(random, common, index < groupSize ? group : 0);
    return { personId: personId(`p${index}`), references: [own, again(random, own)] };
  });
}
