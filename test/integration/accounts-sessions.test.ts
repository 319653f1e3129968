import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { FlattenedSign, generateKeyPair, SignJWT } from 'jose';
import { type Caller, sessionCookie } from '../../daemon/contract/caller.js';
import { accessTokenMs } from '../../daemon/core/accounts/access-tokens.js';
import { sweepEveryMs } from '../../daemon/core/accounts/open-accounts.js';
import {
  concurrentMs,
  familyMs,
  idleMs,
  mostSessions,
  refreshMs,
  sessionMs,
} from '../../daemon/core/accounts/session-life.js';
import { Sqlite } from '../../daemon/host/sqlite-driver.js';
import { isRollcallError } from '../../daemon/kernel/errors.js';
import {
  type AccountsFixture,
  atTheBox,
  codeOf,
  goodPassword,
  openAccountsFixture,
  withAccounts,
} from '../support/accounts-fixture.js';

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

/** Why credentials are refused; `accepted` otherwise. */
async function reasonOf(work: () => Promise<Caller | undefined>): Promise<unknown> {
  try {
    return (await work()) === undefined ? 'no credentials' : 'accepted';
  } catch (error) {
    assert.ok(isRollcallError(error));
    return error.details['reason'] ?? error.code;
  }
}

const refreshed = (box: AccountsFixture, refreshToken: string) =>
  box.accounts.handlers['auth.refresh']({ refreshToken }, box.call());

/** Logs in as a browser does and returns its cookie. */
async function browser(box: AccountsFixture, userName: string): Promise<string> {
  const { kind } = await box.accounts.handlers['auth.login'](
    { userName, password: goodPassword, kind: 'session' },
    box.call(),
  );
  assert.equal(kind, 'session');
  return `other=1; ${sessionCookie}=${box.cookie()}`;
}

describe('an access token', () => {
  test('names the caller and ends after 15 minutes', () =>
    withAccounts(async (box) => {
      const id = await box.claim();
      const { accessToken, caller } = await box.login('anna');
      assert.equal(caller.actor, `user:${id}`);
      assert.equal(caller.origin, 'https 192.0.2.7');
      assert.ok(caller.scopes.has('users:write') && caller.isLimited);
      box.clock.advanceBy(accessTokenMs - 1000);
      assert.equal(await reasonOf(() => box.caller(bearer(accessToken))), 'accepted');
      box.clock.advanceBy(1000);
      assert.equal(await reasonOf(() => box.caller(bearer(accessToken))), 'expired');
    }));

  test('is refused when forged, altered, unsigned, of another kind or of another box', () =>
    withAccounts(async (box) => {
      await box.claim();
      const { accessToken } = await box.login('anna');
      const [head = '', body = '', signature = ''] = accessToken.split('.');
      const claims: Record<string, unknown> = JSON.parse(Buffer.from(body, 'base64url').toString());
      const { privateKey } = await generateKeyPair('EdDSA');
      const forged = await new SignJWT(claims)
        .setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt' })
        .sign(privateKey);
      const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
      const other = { ...claims, sub: 'u-00000000000000000000000000' };
      const hmac = await new FlattenedSign(Buffer.from(body))
        .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt' })
        .sign(Buffer.alloc(32, 1));
      for (const [token, reason] of [
        [forged, 'forged'],
        [`${head}.${encode(other)}.${signature}`, 'forged'],
        [`${encode({ alg: 'none', typ: 'at+jwt' })}.${body}.`, 'malformed'],
        [`${hmac.protected}.${body}.${hmac.signature}`, 'malformed'],
        [`${head}.${body}`, 'malformed'],
        ['x', 'malformed'],
        ['', 'malformed'],
        [' ', 'malformed'],
      ] as const) {
        assert.equal(await reasonOf(() => box.caller(bearer(token))), reason, token.slice(0, 20));
      }
      await using sameKey = await openAccountsFixture({
        places: { dataDir: box.dataDir, secretsDirectory: '/nowhere', credentialsDirectory: '' },
        ids: { siteId: 'werk-nord', boxId: 'box-2' },
      });
      assert.equal(await reasonOf(() => sameKey.caller(bearer(accessToken))), 'of-another-box');
    }));

  test('does not outlive its session or its user', () =>
    withAccounts(async (box) => {
      await box.claim();
      const id = await box.addUser('berta', 'viewer');
      const { handlers } = box.accounts;
      const out = await box.login('berta');
      assert.deepEqual(handlers['auth.logout']({}, box.call(out.caller)), { ended: 1 });
      assert.equal(await reasonOf(() => box.caller(bearer(out.accessToken))), 'session-ended');
      assert.equal(await codeOf(() => refreshed(box, out.refreshToken)), 'refresh-refused');
      const change = async (given: { isDisabled?: boolean; role?: string; cameras?: string[] }) =>
        handlers['users.change']({ id, ...given }, box.call(atTheBox));
      for (const given of [{ isDisabled: true }, { role: 'auditor' }, { cameras: ['gate'] }]) {
        const { accessToken } = await box.login('berta');
        await change(given);
        assert.equal(await reasonOf(() => box.caller(bearer(accessToken))), 'session-ended');
        await change({ isDisabled: false });
      }
      const removed = await box.login('berta');
      await handlers['users.remove']({ id }, box.call(atTheBox));
      assert.equal(await reasonOf(() => box.caller(bearer(removed.accessToken))), 'session-ended');
    }));

  test('of a login that must change its password opens nothing but that', () =>
    withAccounts(async (box) => {
      await box.claim();
      const { handlers } = box.accounts;
      const { initialPassword = '', user } = await handlers['users.create'](
        { userName: 'berta', role: 'operator' },
        box.call(atTheBox),
      );
      assert.equal(user.mustChangePassword, true);
      const { caller, accessToken } = await box.login('berta', initialPassword);
      assert.deepEqual([caller.scopes.size, caller.mustChange], [0, true]);
      await handlers['auth.change-password'](
        { oldPassword: initialPassword, newPassword: goodPassword },
        box.call(caller),
      );
      const after = await box.caller(bearer(accessToken));
      assert.ok(after?.scopes.has('persons:write'));
    }));
});

describe('a refresh', () => {
  test('works once for each token, for 14 days each and 90 days in all', () =>
    withAccounts(async (box) => {
      await box.claim();
      let { refreshToken } = await box.login('anna');
      const startMs = box.clock.wallMs();
      let rounds = 0;
      for (;;) {
        box.clock.advanceBy(refreshMs - 1000);
        if (
          (await codeOf(async () => {
            ({ refreshToken } = await refreshed(box, refreshToken));
          })) !== 'none'
        )
          break;
        rounds += 1;
      }
      assert.equal(rounds, Math.floor(familyMs / (refreshMs - 1000)));
      assert.ok(box.clock.wallMs() - startMs >= familyMs);
    }));

  test('of a token that is too old is refused', () =>
    withAccounts(async (box) => {
      await box.claim();
      const { refreshToken } = await box.login('anna');
      box.clock.advanceBy(refreshMs);
      assert.equal(await codeOf(() => refreshed(box, refreshToken)), 'refresh-refused');
    }));

  test('with a used token ends all tokens of the login, and says so in the audit log', () =>
    withAccounts(async (box) => {
      await box.claim();
      const other = await box.login('anna');
      const { refreshToken } = await box.login('anna');
      const next = await refreshed(box, refreshToken);
      box.clock.advanceBy(concurrentMs);
      await box.restart();
      assert.equal(await codeOf(() => refreshed(box, refreshToken)), 'refresh-refused');
      assert.equal(await reasonOf(() => box.caller(bearer(next.accessToken))), 'session-ended');
      assert.equal(await codeOf(() => refreshed(box, next.refreshToken)), 'refresh-refused');
      assert.equal(box.actions().filter((action) => action === 'session.reused').length, 1);
      assert.equal(await reasonOf(() => box.caller(bearer(other.accessToken))), 'accepted');
    }));

  test('by two requests at once gives tokens to one, and harms none', () =>
    withAccounts(async (box) => {
      await box.claim();
      const { refreshToken } = await box.login('anna');
      const outcomes = await Promise.allSettled([refreshed(box, refreshToken), refreshed(box, refreshToken)]);
      const [won] = outcomes.filter((each) => each.status === 'fulfilled');
      const [lost] = outcomes.filter((each) => each.status === 'rejected');
      assert.ok(isRollcallError(lost?.reason, 'refresh-concurrent'));
      assert.ok(won);
      assert.equal(await reasonOf(() => box.caller(bearer(won.value.accessToken))), 'accepted');
      await refreshed(box, won.value.refreshToken);
    }));

  test('is refused for a token that never was', () =>
    withAccounts(async (box) => {
      for (const text of ['', 'rcr_', `rcr_${'A'.repeat(43)}`, 'x'.repeat(100)]) {
        assert.equal(await codeOf(() => refreshed(box, text)), 'refresh-refused');
      }
    }));
});

describe('the session of a browser', () => {
  test('is named by its cookie, and ends 30 minutes after the last request or 12 hours after the login', () =>
    withAccounts(async (box) => {
      await box.claim();
      const idle = await browser(box, 'anna');
      assert.equal(await reasonOf(() => box.caller({ cookie: idle })), 'accepted');
      box.clock.advanceBy(idleMs);
      assert.equal(await reasonOf(() => box.caller({ cookie: idle })), 'session-ended');
      const busy = await browser(box, 'anna');
      const startMs = box.clock.wallMs();
      while (box.clock.wallMs() - startMs < sessionMs - 20 * 60_000) {
        box.clock.advanceBy(20 * 60_000);
        if (box.clock.wallMs() - startMs >= sessionMs) break;
        assert.equal(await reasonOf(() => box.caller({ cookie: busy })), 'accepted');
      }
      box.clock.advanceBy(20 * 60_000);
      assert.equal(await reasonOf(() => box.caller({ cookie: busy })), 'session-ended');
    }));

  test('changes something only for a page of the box', () =>
    withAccounts(async (box) => {
      await box.claim();
      const cookie = await browser(box, 'anna');
      assert.equal(await reasonOf(() => box.caller({ cookie, isChange: true })), 'forbidden');
      assert.equal(
        await reasonOf(() => box.caller({ cookie, isChange: true, isOwnOrigin: true })),
        'accepted',
      );
    }));

  test('is refused with two cookies, with an access token in the cookie, or with the cookie as a token', () =>
    withAccounts(async (box) => {
      await box.claim();
      const cookie = await browser(box, 'anna');
      const { accessToken } = await box.login('anna');
      const twice = `${cookie}; ${sessionCookie}=rcs_${'A'.repeat(43)}`;
      assert.equal(await reasonOf(() => box.caller({ cookie: twice })), 'no credentials');
      assert.equal(
        await reasonOf(() => box.caller({ cookie: `${sessionCookie}=${accessToken}` })),
        'session-ended',
      );
      assert.equal(await reasonOf(() => box.caller(bearer(cookie.split('=').at(-1) ?? ''))), 'malformed');
    }));

  test('ends at logout, which also takes the cookie away', () =>
    withAccounts(async (box) => {
      await box.claim();
      const cookie = await browser(box, 'anna');
      const caller = await box.caller({ cookie });
      await box.accounts.handlers['auth.logout']({}, box.call(caller));
      assert.equal(box.cookie(), undefined);
      assert.equal(await reasonOf(() => box.caller({ cookie })), 'session-ended');
    }));

  test('is listed and ended one by one by its user, and not by another user', () =>
    withAccounts(async (box) => {
      await box.claim();
      await box.addUser('berta', 'viewer');
      const { handlers } = box.accounts;
      const cookie = await browser(box, 'anna');
      const { caller } = await box.login('anna');
      const berta = await box.login('berta');
      const sessions = await handlers['auth.sessions']({}, box.call(caller));
      assert.deepEqual(sessions.map(({ kind, isCurrent }) => [kind, isCurrent]).sort(), [
        ['session', false],
        ['tokens', true],
      ]);
      const other = sessions.find(({ isCurrent }) => !isCurrent)?.id ?? '';
      const end = (by: Caller) => codeOf(() => handlers['auth.end-session']({ id: other }, box.call(by)));
      assert.equal(await end(berta.caller), 'no-such-session');
      assert.equal(await end(caller), 'none');
      assert.equal(await reasonOf(() => box.caller({ cookie })), 'session-ended');
    }));

  test('of the oldest login ends when a user has too many', () =>
    withAccounts(async (box) => {
      await box.claim();
      const first = await box.login('anna');
      for (let login = 0; login < mostSessions; login += 1) {
        box.clock.advanceBy(1000);
        await box.login('anna');
      }
      assert.equal(await reasonOf(() => box.caller(bearer(first.accessToken))), 'session-ended');
    }));
});

test('what has expired is deleted from the file within ten minutes', () =>
  withAccounts(
    async (box) => {
      await box.claim();
      await browser(box, 'anna');
      await box.login('anna');
      await codeOf(() => box.login('anna', 'wrong'));
      const rowsOf = (table: string): unknown => {
        const file = new Sqlite(join(box.dataDir, 'accounts.db'), { readonly: true });
        try {
          return file.prepare(`SELECT count(*) FROM ${table}`).pluck().get();
        } finally {
          file.close();
        }
      };
      const { handlers } = box.accounts;
      await handlers['users.claim']({ isReset: true }, box.call(atTheBox));
      await handlers['screens.add']({ camera: 'gate', label: 'Door' }, box.call(atTheBox));
      const { caller } = await box.login('anna');
      const declaration = { scope: 'users:write', secondPerson: 'users' } as const;
      const asked = { operationId: 'users.create', declaration, input: {} };
      assert.equal(await codeOf(() => box.accounts.admit(asked, caller)), 'approval-required');
      const tables = ['session', 'refresh_token', 'failure', 'claim', 'screen', 'approval'] as const;
      // The failures of an address stay after a success.
      assert.deepEqual(tables.map(rowsOf), [3, 2, 1, 1, 1, 1]);
      box.clock.advanceBy(refreshMs);
      // The next run is planned when the one before has ended.
      await nextTurn();
      box.clock.advanceBy(10 * 60_000);
      await nextTurn();
      assert.deepEqual(tables.map(rowsOf), [0, 0, 0, 0, 0, 0]);
      await box.restart();
      assert.ok(!box.actions().includes('accounts.set-aside'), 'none of them is missing');
    },
    { secondPerson: () => ['users'] },
  ));

test('what still counts is not deleted, and the session of a browser goes when it was idle', () =>
  withAccounts(async (box) => {
    await box.claim();
    const cookie = await browser(box, 'anna');
    const { accessToken, refreshToken } = await box.login('anna');
    const { secret } = await box.accounts.handlers['users.claim']({ isReset: true }, box.call(atTheBox));
    const count = (): unknown => {
      const file = new Sqlite(join(box.dataDir, 'accounts.db'), { readonly: true });
      try {
        return file.prepare('SELECT count(*) FROM session').pluck().get();
      } finally {
        file.close();
      }
    };
    const later = async (): Promise<void> => {
      box.clock.advanceBy(sweepEveryMs);
      await nextTurn();
    };
    await later();
    await later();
    assert.equal(count(), 2);
    assert.equal(await reasonOf(() => box.caller({ cookie })), 'accepted');
    await later();
    await later();
    assert.equal(count(), 2, 'it was used 20 minutes ago');
    await later();
    assert.equal(count(), 1);
    const claim = { secret, userName: 'berta', displayName: '', password: goodPassword };
    await box.accounts.handlers['auth.claim'](claim, box.call());
    assert.equal(await reasonOf(() => box.caller(bearer(accessToken))), 'expired');
    await refreshed(box, refreshToken);
  }));

test('the accounts are stated in the audit log at a start, and every twelve hours where nothing changes', () =>
  withAccounts(async (box) => {
    const count = () => box.log.count({ action: 'accounts.stated' });
    assert.equal(count(), 1);
    for (let minutes = 10; minutes < 12 * 60; minutes += 10) {
      box.clock.advanceBy(sweepEveryMs);
      await nextTurn();
    }
    assert.equal(count(), 1);
    box.clock.advanceBy(sweepEveryMs);
    await nextTurn();
    assert.equal(count(), 2);
    box.accounts.state();
    assert.equal(count(), 3);
  }));

describe('a proof of identity', () => {
  test('is renewed by step-up', () =>
    withAccounts(async (box) => {
      await box.claim();
      const { caller, accessToken } = await box.login('anna');
      assert.equal(caller.provedAtMs, box.clock.wallMs());
      box.clock.advanceBy(10 * 60_000);
      const { handlers } = box.accounts;
      assert.equal(
        await codeOf(() => handlers['auth.step-up']({ password: 'wrong' }, box.call(caller))),
        'login-refused',
      );
      assert.equal(await codeOf(() => handlers['auth.step-up']({}, box.call(caller))), 'bad-request');
      await handlers['auth.step-up']({ password: goodPassword }, box.call(caller));
      const after = await box.caller(bearer(accessToken));
      assert.equal(after?.provedAtMs, box.clock.wallMs());
    }));
});

describe('failed proofs', () => {
  test('of a stranger do not keep a user who is logged in from proving who they are', () =>
    withAccounts(async (box) => {
      await box.claim();
      const { caller } = await box.login('anna');
      const { handlers } = box.accounts;
      // From everywhere, also from the address of the user.
      for (let count = 0; count < 60; count += 1) {
        await codeOf(() => box.login('anna', 'wrong'));
        box.clock.advanceBy(61_000);
        if (count < 50) await handlers['auth.step-up']({ password: goodPassword }, box.call(caller));
      }
      assert.equal(await codeOf(() => box.login('anna')), 'account-locked');
      await handlers['auth.step-up']({ password: goodPassword }, box.call(caller));
      const change = { oldPassword: goodPassword, newPassword: 'ein anderer langer Satz' };
      await handlers['auth.change-password'](change, box.call(caller));
    }));

  test('lock their own session only, and never what ends access', () =>
    withAccounts(async (box) => {
      const anna = await box.claim();
      const { caller } = await box.login('anna');
      const other = await box.login('anna');
      const { handlers } = box.accounts;
      const given = { label: 'x', scopes: ['users:read' as const], expiresInDays: 1 };
      const { apiKey } = await handlers['api-keys.create'](given, box.call(caller));
      const stepUp = (as: typeof caller, password: string) =>
        codeOf(() => handlers['auth.step-up']({ password }, box.call(as)));
      const codes: string[] = [];
      for (let count = 0; count < 9; count += 1) {
        codes.push(await stepUp(caller, 'wrong'));
        box.clock.advanceBy(61_000);
      }
      assert.deepEqual(codes, Array<string>(9).fill('login-refused'));
      await assert.rejects(async () => handlers['auth.step-up']({ password: 'wrong' }, box.call(caller)), {
        code: 'account-locked',
        remedy: 'Wait, or log out and log in again.',
      });
      assert.equal(await stepUp(caller, goodPassword), 'account-locked');
      assert.equal(await stepUp(other.caller, goodPassword), 'none');
      await box.login('anna');
      await handlers['api-keys.revoke']({ id: apiKey.id }, box.call(caller));
      const { sessionId = '' } = other.caller;
      assert.deepEqual(await handlers['users.end-sessions']({ id: anna, sessionId }, box.call(caller)), {
        ended: 1,
      });
      assert.deepEqual(await handlers['auth.logout']({}, box.call(caller)), { ended: 1 });
    }));
});

describe('a password change', () => {
  test('ends all other sessions, and refuses the present password and the one before', () =>
    withAccounts(async (box) => {
      await box.claim();
      const { handlers } = box.accounts;
      const other = await box.login('anna');
      const { caller, accessToken } = await box.login('anna');
      const change = (oldPassword: string, newPassword: string) =>
        codeOf(() => handlers['auth.change-password']({ oldPassword, newPassword }, box.call(caller)));
      const second = 'ein anderer langer Satz';
      assert.equal(await change('wrong', second), 'login-refused');
      assert.equal(await change(goodPassword, goodPassword), 'password-refused');
      assert.equal(await change(goodPassword, second), 'none');
      assert.equal(await reasonOf(() => box.caller(bearer(other.accessToken))), 'session-ended');
      assert.equal(await reasonOf(() => box.caller(bearer(accessToken))), 'accepted');
      assert.equal(await change(second, goodPassword), 'password-refused');
      assert.equal(await change(second, 'noch ein dritter Satz'), 'none');
    }));
});
