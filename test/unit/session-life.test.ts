import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Login } from '../../daemon/contract/auth.js';
import { sessionCookie } from '../../daemon/contract/caller.js';
import { AccessTokens } from '../../daemon/core/accounts/access-tokens.js';
import { AccountLedger, nothingStated } from '../../daemon/core/accounts/account-ledger.js';
import { accountsMigrations } from '../../daemon/core/accounts/accounts-schema.js';
import { Authenticator, anonymousCaller } from '../../daemon/core/accounts/authenticate.js';
import { LoginThrottle } from '../../daemon/core/accounts/login-throttle.js';
import { PasskeysStore } from '../../daemon/core/accounts/passkeys-store.js';
import { ScreensStore } from '../../daemon/core/accounts/screens-store.js';
import { familyMs, refreshMs, SessionLife } from '../../daemon/core/accounts/session-life.js';
import { SessionsStore } from '../../daemon/core/accounts/sessions-store.js';
import { type UserRow, UsersStore } from '../../daemon/core/accounts/users-store.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { codeOf, fromNetwork } from '../support/accounts-fixture.js';
import { JumpingClock } from '../support/jumping-clock.js';
import { openMemoryDatabase } from '../support/memory-database.js';

const minuteMs = 60_000;

/** Sessions in memory, without the account handlers around them, and the account of Berta. */
async function openLife() {
  const clock = new JumpingClock(Date.UTC(2026, 2, 1, 8));
  const actions: string[] = [];
  const key = new Uint8Array(32).fill(7);
  const ledger = new AccountLedger(openMemoryDatabase(accountsMigrations), {
    ...{ key, box: 'werk/box-1', logger: silentLogger, rows: new Map(), stated: nothingStated },
    log: { append: ({ action }) => actions.push(action) },
  });
  const { database, audit } = ledger;
  const context = {
    ...{ database, audit, clock, logger: silentLogger },
    users: new UsersStore(ledger),
    sessions: new SessionsStore(ledger),
    passkeys: new PasskeysStore(ledger),
    screens: new ScreensStore(ledger),
    throttle: new LoginThrottle({ database, key, clock, onAlarm: () => undefined }),
    tokens: await AccessTokens.open({ seed: key, box: 'werk/box-1', clock }),
  };
  const { users, tokens } = context;
  const life = new SessionLife(context);
  const authenticator = new Authenticator(context, life);
  database.transaction(() =>
    users.insert({
      ...{ id: 'u-berta', userName: 'berta', displayName: 'Berta', role: 'viewer', cameras: null },
      ...{ isDisabled: 0, mustChange: 0, language: 'en', timeFormat: '24h', codeStep: 0 },
      ...{ password: Buffer.from('hash'), formerPassword: null, secondFactor: null, newSecondFactor: null },
      ...{ createdAtMs: 0, passwordAtMs: 0, lastLoginAtMs: null, grantedAtMs: 0 },
    }),
  );
  const berta = (): UserRow => users.byId('u-berta') ?? assert.fail();
  let cookie = '';
  const call = {
    ...{ caller: fromNetwork(), signal: new AbortController().signal, requestId: 'r-1' },
    setSessionCookie: (token: string | undefined) => {
      cookie = `${sessionCookie}=${token}`;
    },
  };
  const start = (kind: Login['kind'], user = berta()) => life.start(user, kind, call, { factor: 'password' });
  const asked = { isChange: false, isOwnOrigin: true };
  return {
    ...{ ...context, life, actions, berta, start },
    /** Tokens of a new login. */
    async login() {
      const login = await start('tokens');
      return login.kind === 'tokens' ? login : assert.fail();
    },
    refresh: (refreshToken: string) => life.refresh(refreshToken, call),
    cookie: () => cookie,
    /** What a request with these credentials fails with; `none` if they are accepted. */
    opened: (given: { accessToken: string } | { cookie: string }) =>
      codeOf(() =>
        authenticator.authenticate(
          'cookie' in given
            ? { ...asked, cookie: given.cookie }
            : { ...asked, authorization: `Bearer ${given.accessToken}` },
        ),
      ),
    disable: () => database.transaction(() => users.change('u-berta', { isDisabled: 1 })),
    tokenOf: async (sessionId: string, userId = 'u-berta') => ({
      accessToken: (await tokens.sign({ userId, sessionId })).text,
    }),
  };
}

describe('a session', () => {
  test('does not begin for an account that was disabled after its password was checked', async () => {
    const { start, berta, disable, sessions } = await openLife();
    const checked = berta();
    disable();
    assert.equal(await codeOf(() => start('session', checked)), 'login-refused');
    assert.deepEqual(sessions.ofUser('u-berta'), []);
  });

  test('opens nothing while its account is disabled, and is not listed then', async () => {
    const { start, login, cookie, disable, opened, refresh, life } = await openLife();
    await start('session');
    const { accessToken, refreshToken } = await login();
    assert.deepEqual([await opened({ accessToken }), await opened({ cookie: cookie() })], ['none', 'none']);
    assert.equal(life.list('u-berta', undefined).length, 2);
    disable();
    assert.equal(await opened({ accessToken }), 'unauthenticated');
    assert.equal(await opened({ cookie: cookie() }), 'unauthenticated');
    assert.equal(await codeOf(() => refresh(refreshToken)), 'refresh-refused');
    assert.deepEqual(life.list('u-berta', undefined), []);
  });

  test('is not listed after its end, though it is still stored', async () => {
    const { start, login, clock, life, sessions } = await openLife();
    await login();
    await start('session');
    clock.advanceBy(30 * minuteMs);
    assert.equal(sessions.ofUser('u-berta').length, 2);
    assert.deepEqual(
      life.list('u-berta', undefined).map(({ kind }) => kind),
      ['tokens'],
    );
  });

  test('of a browser cannot be opened by an access token, whoever signed it', async () => {
    const { start, sessions, tokenOf, opened, login } = await openLife();
    await start('session');
    const [browser] = sessions.ofUser('u-berta');
    assert.equal(await opened(await tokenOf(browser?.id ?? '')), 'unauthenticated');
    await login();
    const tokens = sessions.ofUser('u-berta').find(({ token }) => token === null);
    assert.equal(await opened(await tokenOf(tokens?.id ?? '')), 'none');
    assert.equal(
      await opened(await tokenOf(tokens?.id ?? '', 'u-anna')),
      'unauthenticated',
      'of another user',
    );
  });

  test('that was proved or used in the future does not count: the proof would stay fresh', async () => {
    const { login, clock, life, sessions, database } = await openLife();
    for (const future of ['seen', 'proved'] as const) {
      await login();
      const [{ id } = assert.fail()] = sessions.ofUser('u-berta');
      clock.advanceBy(60 * minuteMs);
      database.transaction(() =>
        future === 'seen'
          ? sessions.seen(id, clock.wallMs())
          : sessions.proved(id, clock.wallMs(), 'password'),
      );
      clock.jump(-minuteMs);
      assert.equal(life.alive(id)?.id, id, 'clocks differ by a minute');
      clock.jump(-1);
      assert.equal(life.alive(id), undefined, future);
      clock.jump(minuteMs + 1);
      assert.equal(life.alive(id)?.id, id);
    }
  });
});

describe('a refresh token', () => {
  test('of the last refresh within 90 days ends with the login, and its access token works', async () => {
    const { login, refresh, clock, opened } = await openLife();
    const beganMs = clock.wallMs();
    let { refreshToken } = await login();
    for (let days = 0; days < 84; days += 12) {
      clock.advanceBy(12 * 86_400_000);
      const next = await refresh(refreshToken);
      const untilMs = Math.min(clock.wallMs() + refreshMs, beganMs + familyMs);
      assert.equal(next.refreshExpiresAt, new Date(untilMs).toISOString());
      assert.equal(await opened(next), 'none');
      refreshToken = next.refreshToken;
    }
    clock.advanceBy(6 * 86_400_000 - 1);
    assert.equal(await opened(await refresh(refreshToken)), 'none');
  });

  test('that was used and has expired since ends no login when it comes again', async () => {
    const { login, refresh, clock, opened, actions } = await openLife();
    const { refreshToken } = await login();
    clock.advanceBy(13 * 86_400_000);
    const next = await refresh(refreshToken);
    clock.advanceBy(86_400_000);
    assert.equal(await codeOf(() => refresh(refreshToken)), 'refresh-refused');
    assert.equal(await opened(await refresh(next.refreshToken)), 'none');
    assert.ok(!actions.includes('session.reused'));
  });

  test('that was used according to a clock ahead of now is a copy, not one of two requests at once', async () => {
    const { login, refresh, clock, opened, actions } = await openLife();
    const { refreshToken } = await login();
    clock.advanceBy(minuteMs);
    const next = await refresh(refreshToken);
    assert.equal(await codeOf(() => refresh(refreshToken)), 'refresh-concurrent');
    clock.jump(-1);
    assert.equal(await codeOf(() => refresh(refreshToken)), 'refresh-refused');
    assert.equal(await opened(next), 'unauthenticated');
    assert.ok(actions.includes('session.reused'));
  });
});

test('only an address counts as one: what the gate says of it may be anything', () => {
  const known = (address?: string) => {
    const { origin, address: kept } = anonymousCaller({ address });
    return [origin, kept];
  };
  assert.deepEqual(known('192.0.2.7'), ['https 192.0.2.7', '192.0.2.7']);
  assert.deepEqual(known('fe80::1%eth0'), ['https fe80::1%eth0', 'fe80::1%eth0']);
  for (const not of ['box.example', '192.0.2.7, 192.0.2.8', '192.0.2.7 pid 1', '', undefined]) {
    assert.deepEqual(known(not), ['https unknown', undefined], String(not));
  }
  const interfaceName = (length: number): string => `fe80::1%${'e'.repeat(length)}`;
  assert.equal(known(interfaceName(56))[1], interfaceName(56));
  assert.deepEqual(known(interfaceName(57)), ['https unknown', undefined]);
});
