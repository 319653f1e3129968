import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  agreementOf,
  findDisagreement,
  middleOf,
} from '../../daemon/kernel/identification/photograph-agreement.js';

/** A face as an angle in degrees: two are as similar as the cosine of what lies between them. */
function face(degrees: number): Float32Array {
  const angle = (degrees * Math.PI) / 180;
  return Float32Array.of(Math.cos(angle), Math.sin(angle));
}

const threshold = Math.cos((10 * Math.PI) / 180) - 1e-6;
/** Far from every angle of one person: they are under 30. */
const stranger = 90;

function disagreement(...degrees: readonly number[]) {
  return findDisagreement(degrees.map(face), threshold);
}

function named(...degrees: readonly number[]): readonly number[] {
  return disagreement(...degrees)?.photographs.map(({ index }) => index) ?? [];
}

describe('photographs of one person', () => {
  test('agree if there is none, or one alone', () => {
    assert.equal(findDisagreement([], threshold), undefined);
    assert.equal(disagreement(5), undefined);
  });

  test('agree up to the threshold itself', () => {
    assert.equal(disagreement(0, 10), undefined);
    assert.notEqual(disagreement(0, 10.1), undefined);
  });

  test('need to agree with the middle one only, not each with each', () => {
    assert.equal(disagreement(0, 9, 18), undefined);
    assert.deepEqual(named(0, 9, 20), [2]);
  });

  test('that differ, two in all, are both named: either may be the wrong one', () => {
    const found = disagreement(0, stranger);
    assert.equal(found?.isWrongOneKnown, false);
    assert.deepEqual(
      found?.photographs.map(({ index, comparedTo }) => [index, comparedTo]),
      [
        [0, 1],
        [1, 0],
      ],
    );
    assert.ok(Math.abs(found?.photographs[0]?.similarity ?? 1) < 1e-6);
  });

  test('that differ, three and more, are judged by the majority', () => {
    const found = disagreement(0, 1, stranger);
    assert.equal(found?.isWrongOneKnown, true);
    assert.deepEqual(
      found?.photographs.map(({ index }) => index),
      [2],
    );
    assert.deepEqual(named(0, stranger, 5, stranger, 3), [1, 3]);
  });

  test('are all listed without a majority', () => {
    for (const degrees of [
      [0, 45, 90],
      [0, 1, 90, 91],
      [0, 1, 90, 45],
    ]) {
      const found = disagreement(...degrees);
      assert.equal(found?.isWrongOneKnown, false);
      assert.equal(found?.photographs.length, degrees.length);
    }
    assert.equal(disagreement(0, 1, 90, 91)?.photographs[3]?.comparedTo, 2, 'compared with the closest');
  });

  test('are judged by those that agree, not by a few that are very much alike', () => {
    assert.deepEqual(named(0, 10, 20, 55, 55), [3, 4]);
  });

  test('never agree with what is not a number', () => {
    const broken = Float32Array.of(Number.NaN, 0);
    assert.equal(findDisagreement([face(0), broken], threshold)?.photographs.length, 2);
    const found = findDisagreement([broken, face(0), face(1)], threshold);
    assert.deepEqual(
      found?.photographs.map(({ index }) => index),
      [0],
    );
  });
});

describe('the agreement of a photograph', () => {
  const agreements = (...degrees: readonly number[]) =>
    agreementOf(degrees.map(face), threshold).map(({ similarity, isAgreeing }) => [
      Math.round((Math.acos(Math.min(1, similarity)) * 180) / Math.PI),
      isAgreeing,
    ]);

  test('is told of several only', () => {
    assert.deepEqual(agreements(), []);
    assert.deepEqual(agreements(5), []);
  });

  test('is that with the middle one; of the middle one, with the nearest', () => {
    assert.deepEqual(agreements(0, 9, 17), [
      [9, true],
      [8, true],
      [8, true],
    ]);
  });

  test('is refused to the one that differs', () => {
    assert.deepEqual(agreements(0, 1, stranger), [
      [1, true],
      [1, true],
      [89, false],
    ]);
  });
});

describe('whatever the photographs', () => {
  const angles = fc.array(fc.integer({ min: 0, max: 180 }), { minLength: 1, maxLength: 8 });

  test('those that agree at a threshold agree at every lower one', () => {
    fc.assert(
      fc.property(angles, fc.double({ min: -1, max: 1, noNaN: true }), (degrees, lower) => {
        const faces = degrees.map(face);
        fc.pre(findDisagreement(faces, threshold) === undefined && lower <= threshold);
        assert.equal(findDisagreement(faces, lower), undefined);
      }),
    );
  });

  test('their order does not decide whether they agree, nor how many are named', () => {
    const shuffled = angles.chain((degrees) =>
      fc.tuple(fc.constant(degrees), fc.shuffledSubarray(degrees, { minLength: degrees.length })),
    );
    fc.assert(
      fc.property(shuffled, ([degrees, others]) => {
        const [one, other] = [disagreement(...degrees), disagreement(...others)];
        assert.equal(other?.photographs.length, one?.photographs.length);
        assert.equal(other?.isWrongOneKnown, one?.isWrongOneKnown);
      }),
    );
  });

  test('only the photograph of another person is listed', () => {
    const ofOne = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 2, maxLength: 7 });
    fc.assert(
      fc.property(ofOne, fc.nat(), (degrees, anywhere) => {
        const place = anywhere % (degrees.length + 1);
        assert.deepEqual(named(...degrees.toSpliced(place, 0, stranger)), [place]);
      }),
    );
  });

  test('the listed photographs are under the threshold, and fewer than half', () => {
    fc.assert(
      fc.property(angles, (degrees) => {
        const found = disagreement(...degrees);
        if (found === undefined) return;
        assert.ok(found.photographs.length > 0);
        if (!found.isWrongOneKnown) assert.equal(found.photographs.length, degrees.length);
        else {
          assert.ok(2 * found.photographs.length < degrees.length);
          assert.ok(found.photographs.every(({ similarity }) => !(similarity >= threshold)));
        }
      }),
    );
  });
});

describe('the middle one of the photographs of a person', () => {
  test('is the one that agrees with most others, and of those the one that is most similar to all', () => {
    const middle = (...degrees: readonly number[]): number | undefined => {
      const found = middleOf(degrees.map(face), threshold);
      return found && Math.round((Math.atan2(found[1] ?? 0, found[0] ?? 0) * 180) / Math.PI);
    };
    assert.equal(middle(), undefined);
    assert.equal(middle(7), 7);
    assert.equal(middle(0, 9, 18), 9);
    assert.equal(middle(0, 3, 8), 3);
    assert.equal(middle(0, 9, 18, stranger), 9);
  });
});
