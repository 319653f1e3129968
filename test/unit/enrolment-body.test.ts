import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { isRollcallError } from '../../daemon/base/errors.js';
import { decodeEnrolment, encodeEnrolment } from '../../daemon/control/enrolment-body.js';

const isBadRequest = (error: unknown): boolean => isRollcallError(error, 'bad-request');

describe('enrolment over the local API', () => {
  test('every enrolment comes out as it went in', () => {
    const photograph = fc.uint8Array({ minLength: 1, maxLength: 50 }).map((bytes) => Buffer.from(bytes));
    const request = fc.record({
      name: fc.string({ unit: 'grapheme' }),
      isDuplicateAllowed: fc.boolean(),
      photographs: fc.array(photograph, { minLength: 1, maxLength: 20 }),
    });
    fc.assert(
      fc.property(request, (sent) => {
        const { name, isDuplicateAllowed, photographs } = decodeEnrolment(encodeEnrolment(sent));
        assert.deepEqual(
          [name, isDuplicateAllowed, photographs],
          [sent.name, sent.isDuplicateAllowed, sent.photographs],
        );
      }),
    );
  });

  for (const [what, text] of [
    ['nothing', ''],
    ['no line', '{"name":"Ada","sizes":[1]}'],
    ['no JSON', 'Ada\nx'],
    ['no photograph', '{"name":"Ada","sizes":[]}\n'],
    ['an empty photograph', '{"name":"Ada","sizes":[0]}\n'],
    ['more than announced', '{"name":"Ada","sizes":[1]}\nxy'],
    ['less than announced', '{"name":"Ada","sizes":[3]}\nxy'],
    ['too many photographs', `{"name":"Ada","sizes":[${Array(21).fill(1).join()}]}\n${'x'.repeat(21)}`],
    ['a field that nobody knows', '{"name":"Ada","sizes":[1],"admin":true}\nx'],
  ] as const) {
    test(`refuses ${what}`, () => {
      assert.throws(() => decodeEnrolment(Buffer.from(text)), isBadRequest);
    });
  }
});
