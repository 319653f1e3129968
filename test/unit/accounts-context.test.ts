import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Scope } from '../../daemon/contract/scopes.js';
import { covers, entryOf, isPossible, noteUse } from '../../daemon/core/accounts/accounts-context.js';
import { defect, operational } from '../../daemon/kernel/errors.js';
import { silentLogger } from '../../daemon/kernel/logger.js';

describe('rights', () => {
  const rights = (scopes: readonly Scope[], cameras?: readonly string[]) => ({
    scopes: new Set(scopes),
    cameras: cameras && new Set(cameras),
  });

  test('cover what has no scope and no camera beyond them', () => {
    const one = rights(['events:read', 'users:read'], ['gate', 'hall']);
    assert.equal(covers(one, ['events:read', 'users:read'], ['gate', 'hall']), true);
    assert.equal(covers(one, ['events:read'], ['gate']), true);
    assert.equal(covers(one, [], []), true);
    assert.equal(covers(one, ['events:read', 'users:write'], ['gate']), false, 'one scope is missing');
    assert.equal(covers(one, ['events:read'], ['gate', 'yard']), false, 'one camera is missing');
    assert.equal(covers(one, ['events:read'], undefined), false, 'they are not for all cameras');
  });

  test('for all cameras cover those for some', () => {
    assert.equal(covers(rights(['events:read']), ['events:read'], ['yard']), true);
    assert.equal(covers(rights(['events:read']), ['events:read'], undefined), true);
    assert.equal(covers(rights(['events:read']), ['users:read'], ['yard']), false);
  });
});

describe('something with an end', () => {
  const nowMs = 1_000_000;
  const isPossibleNow = (madeAtMs: number, endsAtMs: number, longestMs = 2_000_000): boolean =>
    isPossible(madeAtMs, endsAtMs, longestMs, nowMs);

  test('counts until that end', () => {
    assert.equal(isPossibleNow(0, nowMs + 1), true);
    assert.equal(isPossibleNow(0, nowMs), false);
  });

  test('counts if a clock that was set back explains when it was made', () => {
    assert.equal(isPossibleNow(nowMs + 60_000, nowMs + 70_000), true);
    assert.equal(isPossibleNow(nowMs + 60_001, nowMs + 70_000), false);
  });

  test('does not count if it lasts longer than the program allows', () => {
    assert.equal(isPossibleNow(10, nowMs + 10, nowMs), true);
    assert.equal(isPossibleNow(9, nowMs + 10, nowMs), false);
  });
});

describe('an entry about accounts', () => {
  const by = { actor: 'user:u-1', origin: 'https 192.0.2.7' };

  test('has the session and the program of its author, and what the action says', () => {
    const author = { ...by, sessionId: 's-1', agent: 'curl/8.5.0' };
    assert.deepEqual(entryOf(author, { action: 'role.created', subject: 'night', details: { scopes: 2 } }), {
      ...{ by, action: 'role.created', subject: 'night' },
      details: { session: 's-1', agent: 'curl-8', scopes: 2 },
    });
  });

  test('leaves out what is not known', () => {
    assert.deepEqual(entryOf(by, { action: 'user.claim-refused' }), {
      ...{ by, action: 'user.claim-refused', details: {} },
    });
  });
});

describe('the time of a use', () => {
  const note = (error: Error): void =>
    noteUse(
      {
        logger: silentLogger,
        database: {
          transaction() {
            throw error;
          },
        } as unknown as Parameters<typeof noteUse>[0]['database'],
      },
      () => undefined,
    );

  test('may be lost when the disk takes nothing', () => {
    assert.doesNotThrow(() => note(operational('disk-full', 'the disk is full')));
  });

  test('hides no mistake of the program', () => {
    assert.throws(() => note(defect('defect', 'a mistake')), { code: 'defect' });
    assert.throws(() => note(new TypeError('a mistake')), TypeError);
  });
});
