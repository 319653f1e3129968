import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  checkEnrolment,
  type EnrolmentPhotograph,
  isUnitEmbedding,
  LARGEST_ENROLMENT_BYTES,
  LARGEST_PHOTOGRAPH_BYTES,
  MOST_PHOTOGRAPHS,
} from '../../daemon/core/gallery/persons/enrolment.js';
import { decodeProfile, encodeProfile } from '../../daemon/core/gallery/persons/profile-codec.js';
import { newPersonId } from '../../daemon/core/gallery/row-id.js';
import { isRollcallError } from '../../daemon/kernel/errors.js';
import { isSlug } from '../../daemon/kernel/ids.js';
import { checkName, longestName } from '../../daemon/kernel/persons/person-profile.js';
import { enrolmentPhotograph, testDimensions, unitVector } from '../support/gallery-fixture.js';

const profile = { name: 'Ada' };

function refusal(photographs: readonly EnrolmentPhotograph[]): readonly string[] {
  try {
    checkEnrolment({ profile, photographs }, testDimensions);
  } catch (error) {
    assert.ok(isRollcallError(error, 'enrolment-refused'));
    assert.equal(error.kind, 'input');
    const { problems } = error.details;
    assert.ok(Array.isArray(problems));
    return problems.map(String);
  }
  return [];
}

describe('names', () => {
  test('are trimmed and kept as people write them', () => {
    for (const name of ['Ada Lovelace', "Conan O'Brien", '李小龙', 'می‌خواهم', 'José', 'X Æ A-12']) {
      assert.deepEqual(checkName(`  ${name} `), { name: name.normalize('NFC') });
    }
  });

  test('equal names written with other code points become equal', () => {
    assert.deepEqual(checkName('Jose\u0301'), checkName('Jos\u00e9'));
  });

  test('are refused when empty, too long or not printable', () => {
    for (const name of ['', '   ', 'a\nb', 'a\0b', 'tab\there', 'x\u202egnp', '\ud800', 'line\u2028break']) {
      assert.ok('problem' in checkName(name), JSON.stringify(name));
    }
    assert.ok('name' in checkName('é'.repeat(longestName)));
    assert.ok('problem' in checkName('é'.repeat(longestName + 1)));
  });
});

describe('a stored profile', () => {
  test('is padded, so that its sealed length does not tell persons apart', () => {
    const names = ['Al', 'Maximiliane von und zu Hohenfels'];
    const sizes = names.map((name) => encodeProfile({ name, externalId: name }).length);
    assert.equal(sizes[0], sizes[1]);
  });

  test('is read as it was written, whatever its size', () => {
    const anyProfile = fc.record(
      {
        name: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 200 }),
        externalId: fc.string({ unit: 'grapheme', maxLength: 100 }),
        notes: fc.string({ unit: 'grapheme', maxLength: 600 }),
      },
      { requiredKeys: ['name'], noNullPrototype: true },
    );
    fc.assert(
      fc.property(anyProfile, (profile) => {
        const padded = encodeProfile(profile);
        assert.equal(padded.length % 256, 0);
        assert.deepEqual(decodeProfile(padded), profile);
      }),
    );
  });
});

describe('an enrolment', () => {
  test('passes if it is valid', () => {
    checkEnrolment({ profile, photographs: [enrolmentPhotograph(1)] }, testDimensions);
  });

  test('has photos of any quality from 0 to 1, and of no other', () => {
    const enrol = (quality: number): void =>
      checkEnrolment({ profile, photographs: [{ ...enrolmentPhotograph(1), quality }] }, testDimensions);
    for (const quality of [0, 0.5, 1]) enrol(quality);
    for (const quality of [-0.01, 1.01, Number.NaN]) {
      assert.throws(
        () => enrol(quality),
        (error) => isRollcallError(error, 'embedding-unusable'),
      );
    }
  });

  test('is refused with every problem at once', () => {
    const notJpeg = { ...enrolmentPhotograph(1), jpeg: Uint8Array.of(1, 2, 3) };
    const huge = { ...enrolmentPhotograph(2), jpeg: new Uint8Array(LARGEST_PHOTOGRAPH_BYTES + 1) };
    huge.jpeg.set([0xff, 0xd8, 0xff]);
    const problems = refusal([notJpeg, huge]);
    assert.equal(problems.length, 2);
    assert.match(problems.join(), /photo 1 is not a JPEG.*photo 2 is larger/);
  });

  test('needs photographs, and not too many', () => {
    assert.deepEqual(refusal([]), ['there is no photo']);
    const many = Array.from({ length: MOST_PHOTOGRAPHS + 1 }, () => enrolmentPhotograph(1));
    assert.equal(refusal(many).length, 1);
  });

  test('may not be larger than one short transaction takes', () => {
    const large = { ...enrolmentPhotograph(1), jpeg: new Uint8Array(LARGEST_PHOTOGRAPH_BYTES) };
    large.jpeg.set([0xff, 0xd8, 0xff]);
    const fitting = LARGEST_ENROLMENT_BYTES / LARGEST_PHOTOGRAPH_BYTES;
    assert.deepEqual(refusal(Array.from({ length: fitting }, () => large)), []);
    assert.match(refusal(Array.from({ length: fitting + 1 }, () => large)).join(), /together are larger/);
  });

  test('the refusal does not repeat the name', () => {
    assert.throws(
      () => checkEnrolment({ profile: { name: 'Secret Person' }, photographs: [] }, testDimensions),
      (error) => error instanceof Error && !JSON.stringify([error, error.message]).includes('Secret'),
    );
  });

  test('with an embedding that no recogniser gives is a defect', () => {
    const wrong = [
      new Float32Array(testDimensions),
      unitVector(1).map((value) => value * 1.1),
      unitVector(1).fill(Number.NaN),
      unitVector(1, 64),
    ];
    for (const embedding of wrong) {
      assert.equal(isUnitEmbedding(embedding, testDimensions), false);
      const photographs = [{ ...enrolmentPhotograph(1), embedding }];
      assert.throws(
        () => checkEnrolment({ profile, photographs }, testDimensions),
        (error) => isRollcallError(error, 'embedding-unusable'),
      );
    }
  });
});

test('person ids are opaque slugs of 128 random bits', () => {
  const ids = Array.from({ length: 500 }, () => newPersonId());
  assert.equal(new Set(ids).size, ids.length);
  for (const id of ids) {
    assert.match(id, /^p-[0-7][0-9a-hjkmnp-tv-z]{25}$/);
    assert.ok(isSlug(id));
  }
});
