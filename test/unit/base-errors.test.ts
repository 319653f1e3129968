import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  badInput,
  defect,
  isRollcallError,
  messageOf,
  operational,
  unreachable,
} from '../../daemon/kernel/errors.js';

test('an error says how to react to it, by the function that made it', () => {
  for (const [make, kind] of [
    [defect, 'defect'],
    [operational, 'operational'],
    [badInput, 'input'],
  ] as const) {
    const error = make('some-code', 'it does not work');
    assert.equal(error.kind, kind);
    assert.equal(error.code, 'some-code');
    assert.equal(error.message, 'it does not work');
    assert.equal(error.name, 'RollcallError');
  }
});

test('an error without context has no remedy, details or cause, and is not to be tried again', () => {
  const error = operational('some-code', 'it does not work');
  assert.equal(error.remedy, undefined);
  assert.deepEqual(error.details, {});
  assert.equal('cause' in error, false);
  assert.equal(error.retryable, false);
});

test('an error keeps its context, whoever made it', () => {
  const cause = new Error('deeper');
  const context = { remedy: 'Try again.', details: { port: 1 }, cause, retryable: true };
  for (const make of [defect, operational, badInput]) {
    const { remedy, details, retryable, cause: kept } = make('some-code', 'it does not work', context);
    assert.deepEqual(
      { remedy, details, retryable },
      { remedy: 'Try again.', details: { port: 1 }, retryable: true },
    );
    assert.equal(kept, cause);
  }
});

test('the message of anything that was thrown is a text', () => {
  assert.equal(messageOf(new Error('broken')), 'broken');
  assert.equal(messageOf('a text'), 'a text');
  assert.equal(messageOf(undefined), 'undefined');
});

test('an error of the program is told from others, and by its code where one is asked for', () => {
  const error = operational('some-code', 'it does not work');
  assert.equal(isRollcallError(error), true);
  assert.equal(isRollcallError(error, 'some-code'), true);
  assert.equal(isRollcallError(error, 'other-code'), false);
  const foreign = Object.assign(new Error('foreign'), { code: 'some-code' });
  assert.equal(isRollcallError(foreign), false);
  assert.equal(isRollcallError(foreign, 'some-code'), false);
  assert.equal(isRollcallError(undefined), false);
});

test('a case that nobody handles is a defect that shows it', () => {
  assert.throws(
    () => unreachable({ kind: 'new' } as never),
    (error) => isRollcallError(error, 'unreachable') && error.message === 'unhandled case {"kind":"new"}',
  );
});
