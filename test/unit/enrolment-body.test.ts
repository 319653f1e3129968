import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { isRollcallError } from '../../daemon/base/errors.js';
import { decodeEnrolment, encodeEnrolment } from '../../daemon/control/enrolment-body.js';
import { decodeFramed, encodeFramed } from '../../daemon/control/framed-body.js';

const isBadRequest = (error: unknown): boolean => isRollcallError(error, 'bad-request');

const file = fc.uint8Array({ minLength: 1, maxLength: 50 }).map((bytes) => Buffer.from(bytes));
const text = fc.string({ unit: 'grapheme' });

describe('enrolment over the local API', () => {
  test('every enrolment comes out as it went in', () => {
    const request = fc.record(
      {
        name: text,
        externalId: text,
        notes: text,
        consent: fc.record({ basis: text, dateIso: text, reference: text }, { noNullPrototype: true }),
        faceNumber: fc.integer({ min: 1, max: 500 }),
        isDuplicateAllowed: fc.boolean(),
        isDryRun: fc.boolean(),
        photographs: fc.array(file, { minLength: 1, maxLength: 20 }),
      },
      { requiredKeys: ['name', 'isDuplicateAllowed', 'isDryRun', 'photographs'], noNullPrototype: true },
    );
    fc.assert(fc.property(request, (sent) => assert.deepEqual(decodeEnrolment(encodeEnrolment(sent)), sent)));
  });

  test('says which photograph is empty, and not that the program is of another version', () => {
    const body = Buffer.from('{"head":{"name":"Ada"},"sizes":[1,0]}\nx');
    assert.throws(
      () => decodeEnrolment(body),
      (error) =>
        isRollcallError(error, 'bad-request') &&
        /file 2 in it is empty \(0 bytes\)/.test(error.message) &&
        error.remedy === 'send files that hold something',
    );
  });

  for (const [what, given] of [
    ['nothing', ''],
    ['no line', '{"head":{"name":"Ada"},"sizes":[1]}'],
    ['no JSON', 'Ada\nx'],
    ['no object', 'null\nx'],
    ['no profile', '{"sizes":[1]}\nx'],
    ['no photograph', '{"head":{"name":"Ada"},"sizes":[]}\n'],
    ['an empty photograph', '{"head":{"name":"Ada"},"sizes":[0]}\n'],
    ['a negative size', '{"head":{"name":"Ada"},"sizes":[3,-1]}\nxy'],
    ['more than announced', '{"head":{"name":"Ada"},"sizes":[1]}\nxy'],
    ['less than announced', '{"head":{"name":"Ada"},"sizes":[3]}\nxy'],
    [
      'too many photographs',
      `{"head":{"name":"Ada"},"sizes":[${Array(21).fill(1).join()}]}\n${'x'.repeat(21)}`,
    ],
    ['a field that nobody knows', '{"head":{"name":"Ada","admin":true},"sizes":[1]}\nx'],
    ['a face numbered 0', '{"head":{"name":"Ada","faceNumber":0},"sizes":[1]}\nx'],
    ['a line without end', `{"head":{"name":"${'x'.repeat(70_000)}"},"sizes":[1]}\nx`],
  ] as const) {
    test(`refuses ${what}`, () => {
      assert.throws(() => decodeEnrolment(Buffer.from(given)), isBadRequest);
    });
  }
});

test('a framed body keeps its document and its files, whatever they are', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.array(file), (head, files) => {
      const sent = JSON.parse(JSON.stringify(head)) as unknown;
      assert.deepEqual(decodeFramed(encodeFramed(sent, files), 100_000), { head: sent, files });
    }),
  );
});

test('no bytes at all make the reading of a framed body end in anything but a refusal', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      assert.throws(() => decodeFramed(Buffer.from(bytes), 1000), isBadRequest);
    }),
  );
});
