import assert from 'node:assert/strict';
import { test } from 'node:test';
import { piecesOf, refuseIfBusy } from '../../daemon/core/enrolments/guidance.js';

test('a picture of a guided enrolment is refused for a second while eight wait', () => {
  refuseIfBusy({ waitingCount: 7 });
  assert.throws(() => refuseIfBusy({ waitingCount: 8 }), {
    ...{ code: 'busy', retryable: true, details: { retryAfterS: 1 } },
    message: 'the picture was not looked at: 8 pictures wait before it',
    remedy: 'Send it again in a second.',
  });
});

test('a clip that was cut gives its pictures, and no copy of them stays', () => {
  const picture = Buffer.from('onethree');
  const pieces = piecesOf({ outcome: 'ok', sizes: [3, 5], picture });
  assert.deepEqual(pieces.map(String), ['one', 'three']);
  assert.ok(picture.every((byte) => byte === 0));
  const refused = {
    outcome: 'refused',
    code: 'unreadable',
    message: 'no clip',
    remedy: 'Send one.',
  } as const;
  assert.throws(() => piecesOf(refused), { code: 'clip-unreadable', remedy: 'Send one.' });
});
