import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { refusalOfOne, refusalOfRest } from '../../daemon/core/api/refusal-of-one.js';
import { badInput, defect, operational } from '../../daemon/kernel/errors.js';

const missing = badInput('no-such-person', 'there is no person "ada"', { remedy: 'Check the id.' });

describe('one of many subjects that stays as it is', () => {
  test('has the code, message, and remedy of its error', () => {
    assert.deepEqual(refusalOfOne(missing, ['other', 'no-such-person']), {
      ...{ code: 'no-such-person', message: 'there is no person "ada"', remedy: 'Check the id.' },
    });
    const plain = badInput('no-such-person', 'there is none');
    assert.deepEqual(Object.keys(refusalOfOne(plain, ['no-such-person'])), ['code', 'message']);
  });

  test('is none where the error concerns all of them, which ends the call', () => {
    const full = operational('disk-full', 'the disk is full');
    for (const error of [full, new TypeError('a mistake'), 'no-such-person'])
      assert.throws(
        () => refusalOfOne(error, ['no-such-person']),
        (thrown) => thrown === error,
      );
  });
});

test('the rest of a call that ended has the reason, unless that is a fault of the program', () => {
  const full = operational('disk-full', 'the disk is full', { remedy: 'Free space.' });
  assert.deepEqual(refusalOfRest(full), {
    ...{ code: 'disk-full', message: 'the disk is full', remedy: 'Free space.' },
  });
  for (const error of [defect('odd-state', 'a row with the name "Ada" is odd'), new Error('Ada')]) {
    const { code, message } = refusalOfRest(error);
    assert.equal(code, 'internal');
    assert.doesNotMatch(message, /Ada/);
  }
});
