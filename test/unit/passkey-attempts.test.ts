import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type AttemptFor, PasskeyAttempts } from '../../daemon/core/accounts/passkey-attempts.js';
import { isRollcallError } from '../../daemon/kernel/errors.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';

const minuteMs = 60_000;
const login = (network: string): AttemptFor => ({ purpose: 'login', network });

function openAttempts(most?: number) {
  const clock = new VirtualClock();
  const attempts = new PasskeyAttempts(clock, most);
  /** Whether an answer to the attempt is taken. */
  const isOpen = (attempt: string, given: Parameters<PasskeyAttempts['take']>[1]): boolean => {
    try {
      return attempts.take(attempt, given) !== '';
    } catch (error) {
      assert.ok(isRollcallError(error, 'no-such-attempt'));
      return false;
    }
  };
  const begin = (given: AttemptFor): string => attempts.begin(given).attempt;
  return { clock, attempts, begin, isOpen };
}

describe('a challenge for a passkey', () => {
  test('has 256 random bits, under a name of 192', () => {
    const { attempts } = openAttempts();
    const { attempt, challenge } = attempts.begin(login('a'));
    assert.equal(Buffer.from(attempt, 'base64url').length, 24);
    assert.equal(Buffer.from(challenge, 'base64url').length, 32);
    assert.equal(attempts.take(attempt, { purpose: 'login' }), challenge);
    assert.notEqual(attempts.begin(login('a')).challenge, challenge);
  });

  test('can be answered for five minutes', () => {
    const { clock, begin, isOpen } = openAttempts();
    const [first, second] = [begin(login('a')), begin(login('a'))];
    clock.advanceBy(5 * minuteMs - 1);
    assert.equal(isOpen(first, { purpose: 'login' }), true);
    clock.advanceBy(1);
    assert.equal(isOpen(second, { purpose: 'login' }), false);
  });

  test('is over with the first answer, also when that is for another purpose or session', () => {
    const { begin, isOpen } = openAttempts();
    const own = { purpose: 'step-up', sessionId: 's-1' } as const;
    for (const wrong of [
      { ...own, purpose: 'registration' },
      { ...own, sessionId: 's-2' },
      { purpose: 'step-up' },
    ] as const) {
      const attempt = begin(own);
      assert.equal(isOpen(attempt, wrong), false);
      assert.equal(isOpen(attempt, own), false);
    }
    const attempt = begin(own);
    assert.equal(isOpen(attempt, own), true);
    assert.equal(isOpen(attempt, own), false);
  });

  test('goes when its network has begun 250 more, and no challenge of another network goes', () => {
    const { begin, isOpen } = openAttempts();
    const elsewhere = begin(login('b'));
    const begun = Array.from({ length: 251 }, () => begin(login('a')));
    assert.equal(isOpen(begun[0] ?? '', { purpose: 'login' }), false);
    assert.equal(isOpen(begun[1] ?? '', { purpose: 'login' }), true);
    assert.equal(isOpen(elsewhere, { purpose: 'login' }), true);
  });

  test('of one session is not pushed out by those of another', () => {
    const { begin, isOpen } = openAttempts();
    const own = { purpose: 'step-up', sessionId: 's-1' } as const;
    const attempt = begin(own);
    for (let count = 0; count < 300; count += 1) begin({ purpose: 'registration', sessionId: 's-2' });
    assert.equal(isOpen(attempt, own), true);
  });

  test('goes as the oldest when too many others wait, from whatever network', () => {
    const { begin, isOpen } = openAttempts(5);
    const begun = Array.from({ length: 6 }, (_, index) => begin(login(`network ${index}`)));
    assert.deepEqual(
      begun.map((attempt) => isOpen(attempt, { purpose: 'login' })),
      [false, true, true, true, true, true],
    );
  });
});
