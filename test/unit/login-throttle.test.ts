import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { accountsMigrations } from '../../daemon/core/accounts/accounts-schema.js';
import { type Attempt, LoginThrottle, type Tried } from '../../daemon/core/accounts/login-throttle.js';
import { isRollcallError } from '../../daemon/kernel/errors.js';
import { openMemoryDatabase } from '../support/memory-database.js';

const minuteMs = 60_000;
const anna: Tried = { what: 'account', name: 'anna' };

/** A throttle whose clock also goes back. */
function openThrottle() {
  const database = openMemoryDatabase(accountsMigrations);
  const clock = { nowMs: 1_000_000_000 };
  let alarms = 0;
  const open = () =>
    new LoginThrottle({
      database,
      key: new Uint8Array(32).fill(7),
      clock: { wallMs: () => clock.nowMs, monotonicMs: () => 0, after: () => ({ cancel: () => undefined }) },
      onAlarm: () => {
        alarms += 1;
      },
    });
  let throttle = open();
  /** What keeps an attempt back and for how many seconds; undefined if it may begin, as it then does. */
  const begin = (tried: Tried, address?: string): Attempt | string => {
    try {
      return throttle.begin(tried, address);
    } catch (error) {
      assert.ok(isRollcallError(error));
      return `${error.code} ${error.details['retryAfterS']}`;
    }
  };
  const refusal = (tried: Tried, address?: string): string | undefined => {
    const begun = begin(tried, address);
    if (typeof begun === 'string') return begun;
    begun.abandoned();
    return undefined;
  };
  const fail = (tried: Tried, address?: string): boolean => {
    const begun = begin(tried, address);
    assert.ok(typeof begun === 'object', String(begun));
    return begun.failed();
  };
  /** Fails as soon as another attempt may begin. */
  const failAgain = (tried: Tried, times: number, address?: string): void => {
    for (let count = 0; count < times; count += 1) {
      const [, seconds = '0'] = refusal(tried, address)?.split(' ') ?? [];
      clock.nowMs += Number(seconds) * 1000;
      fail(tried, address);
    }
  };
  return {
    ...{ clock, database, begin, refusal, fail, failAgain },
    alarms: () => alarms,
    throttle: () => throttle,
    restart: () => {
      throttle = open();
    },
  };
}

describe('the throttle of logins', () => {
  test('lets two failures pass, and then asks for twice the time before each attempt', () => {
    const { clock, refusal, fail, restart } = openThrottle();
    fail(anna);
    fail(anna);
    assert.equal(refusal(anna), undefined);
    for (const seconds of [1, 2, 4, 8, 16, 32, 60]) {
      fail(anna);
      assert.equal(refusal(anna), `login-slowed ${seconds}`);
      clock.nowMs += seconds * 1000 - 1;
      assert.equal(refusal(anna), 'login-slowed 1');
      restart();
      clock.nowMs += 1;
      assert.equal(refusal(anna), undefined);
    }
  });

  test('locks an account at the tenth failure for 15 minutes, and says until when', () => {
    const { clock, refusal, fail, failAgain, throttle } = openThrottle();
    failAgain(anna, 9);
    assert.equal(throttle().lockedUntilMs('anna'), undefined);
    clock.nowMs += minuteMs;
    assert.equal(fail({ what: 'account', name: 'Anna' }), true, 'in capitals, too');
    assert.equal(throttle().lockedUntilMs('ANNA'), clock.nowMs + 15 * minuteMs);
    clock.nowMs += 15 * minuteMs - 1;
    assert.equal(refusal(anna), 'account-locked 1');
    clock.nowMs += 1;
    assert.deepEqual([refusal(anna), throttle().lockedUntilMs('anna')], [undefined, undefined]);
    assert.equal(fail(anna), false, 'it begins anew');
    assert.equal(refusal(anna), undefined);
  });

  test('forgets failures 15 minutes after the last one, not after the first', () => {
    const { clock, refusal, fail } = openThrottle();
    for (let count = 0; count < 3; count += 1) {
      fail(anna);
      clock.nowMs += 15 * minuteMs - 1;
    }
    fail(anna);
    assert.equal(refusal(anna), 'login-slowed 2');
    clock.nowMs += 15 * minuteMs;
    fail(anna);
    fail(anna);
    assert.equal(refusal(anna), undefined);
  });

  test('counts attempts that are still being checked, and none that was abandoned', () => {
    const { begin, refusal, failAgain } = openThrottle();
    const begun = [begin(anna), begin(anna), begin(anna)];
    assert.ok(begun.every((attempt) => typeof attempt === 'object'));
    assert.equal(refusal(anna), 'login-slowed 1', 'many at once gain nothing');
    for (const attempt of begun) if (typeof attempt === 'object') attempt.abandoned();
    assert.equal(refusal(anna), undefined);
    const last = begin(anna);
    failAgain(anna, 2);
    assert.ok(typeof last === 'object');
    last.succeeded();
    failAgain(anna, 2);
    assert.equal(refusal(anna), undefined, 'a success forgets the failures, and is not counted itself');
  });

  test('counts an attempt that is still being checked as a failure of this moment', () => {
    const { begin, clock, fail, refusal } = openThrottle();
    fail(anna);
    fail(anna);
    clock.nowMs += 10 * minuteMs;
    const slow = begin(anna);
    assert.ok(typeof slow === 'object');
    assert.equal(refusal(anna), 'login-slowed 1');
    slow.abandoned();
    assert.equal(refusal(anna), undefined);
  });

  test('counts each of several attempts that are being checked until it ends', () => {
    const { begin, fail, refusal } = openThrottle();
    const begun = [begin(anna), begin(anna), begin(anna)];
    for (const attempt of begun.slice(0, 2)) if (typeof attempt === 'object') attempt.abandoned();
    fail(anna);
    fail(anna);
    assert.equal(refusal(anna), 'login-slowed 1', 'two failures, and one that is being checked');
  });

  test('says that the same attempt may succeed later', () => {
    const { failAgain, throttle } = openThrottle();
    failAgain(anna, 3);
    assert.throws(() => throttle().begin(anna, undefined), { code: 'login-slowed', retryable: true });
    failAgain(anna, 7);
    assert.throws(() => throttle().begin(anna, undefined), { code: 'account-locked', retryable: true });
  });

  test('keeps accounts, claims and sessions of one name apart', () => {
    const { failAgain, refusal } = openThrottle();
    failAgain({ what: 'session', name: 'anna' }, 10);
    assert.match(refusal({ what: 'session', name: 'anna' }) ?? '', /^account-locked/);
    assert.equal(refusal(anna), undefined);
    assert.equal(refusal({ what: 'claim', name: 'anna' }), undefined);
  });

  test('slows an address from its twentieth failure on, locks it at the fiftieth, and a success forgives it nothing', () => {
    const { begin, clock, fail, refusal, failAgain } = openThrottle();
    const account = (number: number): Tried => ({ what: 'account', name: `user-${number}` });
    for (let number = 0; number < 20; number += 1) fail(account(number), '2001:db8::1');
    assert.equal(refusal(anna, '2001:db8::2'), 'login-slowed 1', 'its whole network is one');
    assert.equal(refusal(anna, '2001:db8:0:1::2'), undefined);
    assert.equal(refusal(anna), undefined);
    clock.nowMs += 1000;
    const right = begin(anna, '2001:db8::1');
    assert.ok(typeof right === 'object');
    right.succeeded();
    for (let number = 20; number < 49; number += 1) failAgain(account(number), 1, '2001:db8::1');
    clock.nowMs += minuteMs;
    assert.equal(fail(account(49), '2001:db8::1'), true);
    assert.equal(refusal(anna, '2001:db8::3'), 'account-locked 900');
  });

  test('asks for no more time when the clock was set back', () => {
    const { clock, refusal, failAgain } = openThrottle();
    failAgain(anna, 3);
    clock.nowMs -= 60 * minuteMs;
    assert.equal(refusal(anna), 'login-slowed 1');
  });

  test('raises the alarm at each failure from the fifth within ten minutes on, also over a restart', () => {
    const { clock, alarms, failAgain, fail, restart } = openThrottle();
    const other: Tried = { what: 'account', name: 'bea' };
    failAgain(anna, 4);
    assert.equal(alarms(), 0);
    restart();
    failAgain(anna, 1);
    assert.equal(alarms(), 1);
    failAgain(anna, 1);
    assert.equal(alarms(), 2);
    for (let count = 0; count < 5; count += 1) {
      clock.nowMs += 2.5 * minuteMs;
      fail(other);
    }
    assert.equal(alarms(), 2, 'five in ten minutes are needed');
    clock.nowMs += minuteMs;
    fail(other);
    assert.equal(alarms(), 3, 'the last five count, not the first');
  });

  test('raises the alarm for an account whose failures come from many addresses', () => {
    const { clock, alarms, fail, failAgain } = openThrottle();
    failAgain(anna, 1, '192.0.2.1');
    clock.nowMs += 10 * minuteMs;
    for (let number = 2; number < 6; number += 1) failAgain(anna, 1, `192.0.2.${number}`);
    assert.equal(alarms(), 0, 'the first is too long ago');
    clock.nowMs += minuteMs;
    fail(anna, '192.0.2.6');
    assert.equal(alarms(), 1);
  });

  test('remembers the 2,000 accounts that failed last for the alarm', () => {
    for (const [others, expected] of [
      [1999, 1],
      [2000, 0],
    ] as const) {
      const { clock, alarms, fail, failAgain } = openThrottle();
      let count = 0;
      const failOthers = (times: number): void => {
        for (let time = 0; time < times; time += 1) fail({ what: 'account', name: `other-${count++}` });
      };
      fail(anna);
      clock.nowMs += 10 * minuteMs;
      failAgain(anna, 2);
      failOthers(500);
      failAgain(anna, 2);
      failOthers(others);
      assert.equal(alarms(), 0);
      failAgain(anna, 1);
      assert.equal(alarms(), expected);
    }
  });

  test('keeps 20,000 rows, and forgets those that are not locked first', () => {
    const { database, clock, throttle, failAgain, fail, refusal } = openThrottle();
    const { db } = database;
    failAgain(anna, 10);
    const put = db.prepare('INSERT INTO failure VALUES (?, 1, ?, ?, 0)');
    database.transaction(() => {
      for (let row = 0; row < 20_001; row += 1) {
        put.run(Buffer.from(`row ${row}`), clock.nowMs + row, clock.nowMs + row);
      }
    });
    fail({ what: 'account', name: 'bea' });
    const count = () => db.prepare('SELECT count(*) FROM failure').pluck().get();
    const has = (row: number) =>
      db.prepare('SELECT 1 FROM failure WHERE subject = ?').get(Buffer.from(`row ${row}`)) !== undefined;
    assert.equal(count(), 20_000);
    assert.deepEqual([has(0), has(1), has(20_000)], [false, false, true], 'the oldest go');
    assert.match(refusal(anna) ?? '', /^account-locked/);
    clock.nowMs += 15 * minuteMs + 10_000;
    throttle().sweep();
    assert.equal(count(), 10_000, 'only those of the last 15 minutes are left');
    assert.deepEqual([has(10_000), has(10_001)], [false, true]);
  });

  test('forgets what an administrator unlocks', () => {
    const { failAgain, refusal, throttle } = openThrottle();
    failAgain(anna, 10);
    throttle().forget('Anna');
    assert.deepEqual([refusal(anna), throttle().lockedUntilMs('anna')], [undefined, undefined]);
  });
});
