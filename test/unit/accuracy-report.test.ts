import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { accuracyReport } from '../../daemon/contract/accuracy.js';
import type { Call } from '../../daemon/contract/handlers.js';
import type { Scope } from '../../daemon/contract/scopes.js';
import { accuracyHandlers } from '../../daemon/core/recognition/gallery-accuracy.js';
import type { PersonLikeness, PersonThreshold } from '../../daemon/kernel/identification/calibration.js';
import { detCurveSteps } from '../../daemon/kernel/identification/error-rates.js';
import { cameraId, type PersonId, passageId, personId, recogniserId } from '../../daemon/kernel/ids.js';
import type { Mark } from '../../daemon/kernel/passages/mark.js';

const recogniser = recogniserId('test-recogniser');
const [ada, grace, alan] = ['p-ada', 'p-grace', 'p-alan'].map(personId) as [PersonId, PersonId, PersonId];

function likeness(
  id: PersonId,
  own: readonly number[],
  others: readonly number[],
  near: readonly [PersonId, number][] = [],
): PersonLikeness {
  const neighbours = near.map(([of, similarity]) => ({ personId: of, similarity, highest: similarity }));
  return { personId: id, own, others, neighbours, otherCount: near.length };
}

function curveOf(persons: readonly PersonLikeness[]) {
  const steps = detCurveSteps(persons);
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}

describe('the curve of errors', () => {
  test('counts comparisons of one person under a threshold, and of two persons from it on', () => {
    const { genuine, impostor, at } = curveOf([
      likeness(ada, [0.9, 0.6], [0.1, 0.55]),
      likeness(grace, [0.7, 0.8], [0.2, 0.3]),
    ]);
    assert.deepEqual([genuine, impostor], [4, 4]);
    assert.deepEqual(at(0.65), { threshold: 0.65, fmr: 0, fnmr: 0.25 });
    assert.deepEqual(at(0.25), { threshold: 0.25, fmr: 0.5, fnmr: 0 });
  });

  test('never rises in one rate and falls in the other, and stays small', () => {
    const scores = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(scores, scores, (own, others) => {
        const { points } = curveOf([likeness(ada, own, others)]);
        assert.ok(points.length <= 120);
        for (const [index, point] of points.entries()) {
          const before = points[index - 1] ?? { threshold: -2, fmr: 1, fnmr: 0 };
          assert.ok(
            point.threshold > before.threshold && point.fmr <= before.fmr && point.fnmr >= before.fnmr,
          );
        }
      }),
    );
  });

  test('is empty where no person has two photographs, or only one is enrolled', () => {
    assert.deepEqual(curveOf([likeness(ada, [], [0.1]), likeness(grace, [], [0.1])]).points, []);
    assert.deepEqual(curveOf([likeness(ada, [0.9, 0.9], [])]).at(0.5), undefined);
  });
});

function marked(was: Mark['was'], taken: PersonId | undefined, real?: PersonId): Mark {
  const seen = { occurredAtMs: 1, seenAtMs: 1, cameraId: cameraId('gate'), was };
  const decided = { passageId: passageId('passage'), outcome: 'attended' as const, recogniser };
  return {
    ...seen,
    ...(real === undefined ? {} : { personId: real }),
    decided: { ...decided, ...(taken === undefined ? {} : { personId: taken }) },
  };
}

describe('the report on accuracy', () => {
  const persons = [
    likeness(ada, [0.9, 0.8], [0.2, 0.3], [[grace, 0.5]]),
    likeness(grace, [0.8, 0.9], [0.2, 0.3], [[ada, 0.45]]),
    likeness(alan, [0.7, 0.7], [0.1, 0.1]),
  ];
  const own: PersonThreshold = { personId: grace, threshold: 0.62, reason: 'marked', fmr: 0.001, fnmr: 0.02 };
  const ask = async (scopes: readonly Scope[], marks: readonly Mark[] = []) => {
    const audited: unknown[] = [];
    const handlers = accuracyHandlers({
      calibration: {
        latest: async () => ({
          ...{ recogniser, threshold: 0.55, margin: 0.05, targetFpir: undefined, persons, inseparable: [] },
          thresholds: new Map([[grace, own]]),
          inseparableKeys: new Set<string>(),
          alike: new Map(),
          expected: { targetFpir: undefined, fpir: 0.004, fnir: 0.02 },
        }),
      },
      marks: () => marks,
      nameOf: (id) => `name of ${id}`,
      readings: { note: (entry) => void audited.push(entry) },
    });
    const caller = {
      actor: 'user:u-1',
      origin: 'test',
      scopes: new Set(scopes),
      provedAtMs: 0,
      isLimited: true,
    };
    const call: Call = { caller, signal: new AbortController().signal, requestId: 'request-1' };
    return { answer: accuracyReport.parse(await handlers['reports.accuracy']({}, call)), audited };
  };

  test('tells rates with their intervals, own thresholds, and who could be taken for whom', async () => {
    const { answer, audited } = await ask(['gallery:read', 'names:read']);
    assert.equal(answer.det.inForce?.fmr, 0);
    assert.ok((answer.det.inForce?.fmrInterval[1] ?? 0) > 0.3, 'six comparisons tell little');
    assert.deepEqual(
      answer.ownThresholds.map(({ person, threshold, reason }) => [person.name, threshold, reason]),
      [['name of p-grace', 0.62, 'marked']],
    );
    assert.deepEqual(answer.confusion.cells, [
      { from: grace, to: ada, similarity: 0.5, marked: 0 },
      { from: ada, to: grace, similarity: 0.45, marked: 0 },
    ]);
    assert.equal(audited.length, 1);
  });

  test('counts what operators marked: taken for another, missed, a stranger taken for a person; no picture of a face', async () => {
    const { answer } = await ask(
      ['gallery:read'],
      [
        marked('person', ada, grace),
        marked('person', ada, grace),
        marked('person', undefined, alan),
        marked('stranger', ada),
        marked('nobody', ada),
        marked('person', ada, ada),
      ],
    );
    assert.deepEqual(
      answer.confusion.cells.filter((cell) => cell.marked > 0),
      [
        { from: grace, to: ada, similarity: 0.5, marked: 2 },
        { from: alan, marked: 1 },
        { to: ada, marked: 1 },
      ],
    );
    assert.ok(!JSON.stringify(answer).includes('name of'));
  });
});
