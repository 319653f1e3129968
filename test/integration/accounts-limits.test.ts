import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { Caller } from '../../daemon/contract/caller.js';
import { allScopes, type Scope } from '../../daemon/contract/scopes.js';
import { anonymousCaller, type Credentials } from '../../daemon/core/accounts/authenticate.js';
import { Sqlite } from '../../daemon/host/sqlite-driver.js';
import { isRollcallError } from '../../daemon/kernel/errors.js';
import {
  type AccountsFixture,
  accountsEpochMs,
  atTheBox,
  codeAt,
  codeOf,
  fromNetwork,
  goodPassword,
  openAccountsFixture,
  withAccounts,
} from '../support/accounts-fixture.js';

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const isoAfter = (ms: number): string => new Date(accountsEpochMs + ms).toISOString();

/** The code of a refusal, its remedy, its details, and whether the same call may succeed later. */
async function refusalOf(work: () => unknown) {
  try {
    await work();
  } catch (error) {
    assert.ok(isRollcallError(error));
    const { code, remedy, details, retryable } = error;
    return { code, remedy, details, retryable };
  }
  return assert.fail('it was not refused');
}

/** An API key that was made at the box. */
async function keyAtBox(
  box: AccountsFixture,
  scopes: readonly Scope[],
  cameras?: readonly string[],
  days = 30,
) {
  const { handlers } = box.accounts;
  const given = { label: 'central', scopes: [...scopes], expiresInDays: days };
  return handlers['api-keys.create'](
    { ...given, ...(cameras === undefined ? {} : { cameras: [...cameras] }) },
    box.call(atTheBox),
  );
}

describe('the accounts of a box', () => {
  test('are at most 1,000', () =>
    withAccounts(async (box) => {
      await box.claim();
      const file = new Sqlite(join(box.dataDir, 'accounts.db'));
      const put = file.prepare(
        `INSERT INTO user (id, user_name, display_name, role, language, time_format, password, created_at_ms, password_at_ms)
         VALUES (?, ?, '', 'viewer', 'en', '24h', x'00', 0, 0)`,
      );
      file.transaction(() => {
        for (let count = 0; count < 998; count += 1) put.run(`u-${count}`, `user-${count}`);
      })();
      file.close();
      const create = (userName: string) =>
        codeOf(() => box.accounts.handlers['users.create']({ userName, role: 'viewer' }, box.call(atTheBox)));
      assert.deepEqual([await create('last'), await create('further')], ['none', 'too-many-users']);
    }));

  test('have at most 50 roles of their own', () =>
    withAccounts(async (box) => {
      const create = (name: string) =>
        codeOf(() =>
          box.accounts.handlers['roles.create']({ name, description: '', scopes: [] }, box.call(atTheBox)),
        );
      const codes: string[] = [];
      for (let count = 0; count < 51; count += 1) codes.push(await create(`role-${count}`));
      assert.deepEqual([codes.indexOf('too-many-roles'), new Set(codes).size], [50, 2]);
    }));

  test('have at most 100 API keys', () =>
    withAccounts(async (box) => {
      const codes: string[] = [];
      for (let count = 0; count < 101; count += 1) codes.push(await codeOf(() => keyAtBox(box, [])));
      assert.deepEqual([codes.indexOf('too-many-api-keys'), new Set(codes).size], [100, 2]);
    }));

  test('have at most 100 screens that are paired or wait for that', () =>
    withAccounts(async (box) => {
      const add = () =>
        codeOf(() =>
          box.accounts.handlers['screens.add']({ camera: 'gate', label: 'Door' }, box.call(atTheBox)),
        );
      const codes: string[] = [];
      for (let count = 0; count < 101; count += 1) codes.push(await add());
      assert.deepEqual([codes.indexOf('too-many-screens'), new Set(codes).size], [100, 2]);
      box.clock.advanceBy(15 * minuteMs - 1);
      assert.equal(await add(), 'too-many-screens');
      box.clock.advanceBy(1);
      assert.equal(await add(), 'none');
    }));
});

describe('the time that something lasts', () => {
  test('is an hour for the claim', () =>
    withAccounts(async (box) => {
      const { handlers } = box.accounts;
      const make = () => handlers['users.claim']({ isReset: true }, box.call(atTheBox));
      const redeem = (secret: string, userName: string) =>
        codeOf(() =>
          handlers['auth.claim']({ secret, userName, displayName: '', password: goodPassword }, box.call()),
        );
      const first = await make();
      assert.equal(first.expiresAt, isoAfter(60 * minuteMs));
      box.clock.advanceBy(60 * minuteMs - 1);
      assert.equal(await redeem(first.secret, 'anna'), 'none');
      const second = await make();
      box.clock.advanceBy(60 * minuteMs);
      assert.equal(await redeem(second.secret, 'berta'), 'claim-refused');
    }));

  test('is as many days for an API key as it was made for', () =>
    withAccounts(async (box) => {
      const { apiKey, secret } = await keyAtBox(box, ['events:read'], undefined, 730);
      assert.deepEqual([apiKey.createdAt, apiKey.expiresAt], [isoAfter(0), isoAfter(730 * dayMs)]);
      box.clock.advanceBy(730 * dayMs - 1);
      assert.ok(await box.caller(bearer(secret)));
      box.clock.advanceBy(1);
      assert.equal(await codeOf(() => box.caller(bearer(secret))), 'unauthenticated');
    }));

  test('is 12 hours for the session of a browser, 14 days for tokens, and 15 minutes for access', () =>
    withAccounts(async (box) => {
      await box.claim();
      const { handlers } = box.accounts;
      const maxAges: (readonly [string | undefined, number])[] = [];
      const call = {
        ...box.call(),
        setSessionCookie: (...given: [string | undefined, number]) => void maxAges.push(given),
      };
      const login = (kind: 'session' | 'tokens') =>
        handlers['auth.login']({ userName: 'anna', password: goodPassword, kind }, call);
      const browser = await login('session');
      assert.equal(browser.kind === 'session' && browser.expiresAt, isoAfter(12 * 60 * minuteMs));
      const program = await login('tokens');
      assert.ok(program.kind === 'tokens');
      assert.equal(program.refreshExpiresAt, isoAfter(14 * dayMs));
      assert.equal(program.accessExpiresAt, isoAfter(15 * minuteMs));
      await handlers['auth.logout']({}, call);
      assert.deepEqual(
        maxAges.map(([token, maxAge]) => [typeof token, maxAge]),
        [
          ['string', 12 * 3600],
          ['undefined', 0],
        ],
      );
    }));

  test('is 30 minutes without a request, and 90 days in all, for a login', () =>
    withAccounts(async (box) => {
      await box.claim();
      const { handlers } = box.accounts;
      await handlers['auth.login']({ userName: 'anna', password: goodPassword, kind: 'session' }, box.call());
      const cookie = `__Host-rollcall=${box.cookie()}`;
      box.clock.advanceBy(30 * minuteMs - 1);
      assert.ok(await box.caller({ cookie }));
      box.clock.advanceBy(30 * minuteMs);
      assert.equal(await codeOf(() => box.caller({ cookie })), 'unauthenticated');
      const startMs = box.clock.wallMs();
      let { refreshToken } = await box.login('anna');
      for (let round = 0; round < 6; round += 1) {
        box.clock.advanceBy(14 * dayMs - 1);
        ({ refreshToken } = await handlers['auth.refresh']({ refreshToken }, box.call()));
      }
      const { refreshExpiresAt } = await handlers['auth.refresh']({ refreshToken }, box.call());
      assert.equal(Date.parse(refreshExpiresAt) - startMs, 90 * dayMs);
    }));

  test('is ten seconds for a second use of a refresh token to be one of two requests at once', () =>
    withAccounts(async (box) => {
      await box.claim();
      const { handlers } = box.accounts;
      for (const [laterMs, code] of [
        [9_999, 'refresh-concurrent'],
        [10_000, 'refresh-refused'],
      ] as const) {
        const { refreshToken } = await box.login('anna');
        const refresh = () => codeOf(() => handlers['auth.refresh']({ refreshToken }, box.call()));
        await refresh();
        box.clock.advanceBy(laterMs);
        assert.equal(await refresh(), code);
      }
    }));

  test('is 15 minutes for the pairing of a screen, and 400 days for its cookie', () =>
    withAccounts(async (box) => {
      const { handlers } = box.accounts;
      const added = await handlers['screens.add']({ camera: 'gate', label: 'Door' }, box.call(atTheBox));
      const { pairUntil, pairedAt, expiresAt } = added.screen;
      assert.deepEqual([pairUntil, pairedAt, expiresAt], [isoAfter(15 * minuteMs), undefined, undefined]);
      const ages: number[] = [];
      box.clock.advanceBy(15 * minuteMs - 1);
      const call = {
        ...box.call(),
        setSessionCookie: (_: string | undefined, age: number) => void ages.push(age),
      };
      const screen = await handlers['screens.pair']({ secret: added.secret }, call);
      const { id, camera, label, createdBy } = screen;
      assert.deepEqual([id, camera, label, createdBy], [added.screen.id, 'gate', 'Door', 'uid:0']);
      assert.deepEqual([screen.pairUntil, screen.pairedAt], [undefined, isoAfter(15 * minuteMs - 1)]);
      assert.equal(screen.expiresAt, isoAfter(15 * minuteMs - 1 + 400 * dayMs));
      assert.deepEqual([screen.address, screen.agent], ['192.0.2.7', 'curl/8.5.0']);
      assert.deepEqual(ages, [400 * 86_400]);
    }));

  test('is an account of at most 20 logins: a further one ends the oldest', () =>
    withAccounts(async (box) => {
      await box.claim();
      const first = await box.login('anna');
      const second = await box.login('anna');
      for (let count = 2; count < 20; count += 1) {
        box.clock.advanceBy(1000);
        await box.login('anna');
      }
      assert.ok(await box.caller(bearer(first.accessToken)));
      box.clock.advanceBy(1000);
      await box.login('anna');
      const left = [first, second].map(({ accessToken }) => codeOf(() => box.caller(bearer(accessToken))));
      assert.deepEqual((await Promise.all(left)).sort(), ['none', 'unauthenticated']);
    }));
});

describe('the time of the last use', () => {
  test('is noted once a minute, for sessions, keys and screens, also by a clock that was set back', async () => {
    let aheadMs = 0;
    const real = { nowMs: accountsEpochMs };
    const clock = {
      wallMs: () => real.nowMs + aheadMs,
      monotonicMs: () => 0,
      after: () => ({ cancel: () => undefined }),
    };
    await using box = await openAccountsFixture({ clock });
    await box.claim();
    const { handlers } = box.accounts;
    const { accessToken, caller } = await box.login('anna');
    const { secret } = await keyAtBox(box, ['events:read']);
    const screen = await handlers['screens.add']({ camera: 'gate', label: 'Door' }, box.call(atTheBox));
    await handlers['screens.pair']({ secret: screen.secret }, box.call());
    const cookie = `__Host-rollcall=${box.cookie()}`;
    const use = async () => {
      for (const given of [bearer(accessToken), bearer(secret), { cookie }])
        assert.ok(await box.caller(given));
      const [session] = await handlers['auth.sessions']({}, box.call(caller));
      const [key] = await handlers['api-keys.list']({}, box.call(atTheBox));
      const [shown] = await handlers['screens.list']({}, box.call(atTheBox));
      return [session?.lastSeenAt, key?.lastUsedAt, shown?.lastSeenAt];
    };
    const all = (ms: number) => Array.from({ length: 3 }, () => isoAfter(ms));
    assert.deepEqual(await use(), all(0));
    aheadMs = 59_999;
    assert.deepEqual(await use(), all(0));
    aheadMs = 60_000;
    assert.deepEqual(await use(), all(60_000));
    aheadMs = 1;
    assert.deepEqual(await use(), all(60_000));
    aheadMs = 0;
    assert.deepEqual(await use(), all(0));
  });
});

describe('a request', () => {
  test('of a program that says a lot about itself is cut to 256 characters', () => {
    assert.equal(anonymousCaller({ agent: 'x'.repeat(257) }).agent, 'x'.repeat(256));
    const { scopes, provedAtMs, isLimited } = anonymousCaller({});
    assert.deepEqual([scopes.size, provedAtMs, isLimited], [0, 0, true]);
  });

  test('finds its token between spaces, and in any case of the word before it', () =>
    withAccounts(async (box) => {
      const { secret } = await keyAtBox(box, ['events:read']);
      for (const authorization of [`  Bearer   ${secret} `, `bearer ${secret}`, `BEARER ${secret}`])
        assert.ok(await box.caller({ authorization }), authorization);
      for (const authorization of [
        secret,
        `Basic ${secret}`,
        `Bearer ${secret} x`,
        `Bearer`,
        `x Bearer ${secret}`,
      ])
        assert.equal(await codeOf(() => box.caller({ authorization })), 'unauthenticated', authorization);
    }));

  test('without credentials, or with other cookies only, has no caller', () =>
    withAccounts(async (box) => {
      await box.claim();
      for (const given of [{}, { cookie: 'a=1; b=2' }, { cookie: '' }] as Partial<Credentials>[])
        assert.equal(await box.caller(given), undefined);
    }));

  test('is told that nobody has claimed the box, also with the cookie of an earlier one', () =>
    withAccounts(async (box) => {
      for (const given of [{}, { cookie: `__Host-rollcall=rcs_${'a'.repeat(43)}` }]) {
        const { details } = await refusalOf(() => box.caller(given));
        assert.deepEqual(details, { reason: 'unclaimed' });
      }
    }));

  test('says why its credentials are refused, and what helps', () =>
    withAccounts(async (box) => {
      await box.claim();
      const { accessToken } = await box.login('anna');
      const { secret } = await keyAtBox(box, ['events:read'], undefined, 1);
      box.clock.advanceBy(2 * dayMs);
      const refused = (reason: string, remedy: string) => ({
        ...{ code: 'unauthenticated', remedy, details: { reason }, retryable: false },
      });
      const again = 'Log in again.';
      assert.deepEqual(
        await refusalOf(() => box.caller(bearer(accessToken))),
        refused('expired', 'Refresh the tokens (auth.refresh).'),
      );
      assert.deepEqual(await refusalOf(() => box.caller(bearer(secret))), refused('api-key-ended', again));
      assert.deepEqual(await refusalOf(() => box.caller(bearer('x'))), refused('malformed', again));
      const cookie = `__Host-rollcall=rcs_${'A'.repeat(43)}`;
      assert.deepEqual(await refusalOf(() => box.caller({ cookie })), refused('session-ended', again));
    }));

  test('of the cookie of a screen changes something only for a page of the box', () =>
    withAccounts(async (box) => {
      const { handlers } = box.accounts;
      const { secret } = await handlers['screens.add']({ camera: 'gate', label: 'Door' }, box.call(atTheBox));
      await handlers['screens.pair']({ secret }, box.call());
      const cookie = `__Host-rollcall=${box.cookie()}`;
      assert.equal(await codeOf(() => box.caller({ cookie, isChange: true })), 'forbidden');
      const caller = await box.caller({ cookie, isChange: true, isOwnOrigin: true });
      assert.deepEqual([caller?.origin, caller?.isLimited], ['https 192.0.2.7', true]);
    }));
});

describe('an API key', () => {
  test('is limited to the cameras that both it and its creator have', () =>
    withAccounts(async (box) => {
      await box.claim();
      const id = await box.addUser('berta', 'admin', ['gate', 'hall', 'yard']);
      const { caller } = await box.login('berta');
      const { handlers } = box.accounts;
      const make = async (cameras: string[]) => {
        const given = { label: 'x', scopes: ['events:read' as const], cameras, expiresInDays: 1 };
        return (await handlers['api-keys.create'](given, box.call(caller))).secret;
      };
      const secret = await make(['yard', 'gate', 'gate']);
      const camerasOf = async (text: string) => [...((await box.caller(bearer(text)))?.cameras ?? ['all'])];
      assert.deepEqual(await camerasOf(secret), ['gate', 'yard']);
      await handlers['users.change']({ id, cameras: ['hall', 'yard'] }, box.call(atTheBox));
      assert.deepEqual(await camerasOf(secret), ['yard']);
      await handlers['users.change']({ id, cameras: null }, box.call(atTheBox));
      assert.deepEqual(await camerasOf(secret), ['gate', 'yard']);
      assert.deepEqual(await camerasOf((await keyAtBox(box, ['events:read'])).secret), ['all']);
      assert.deepEqual(await camerasOf((await keyAtBox(box, ['events:read'], ['gate'])).secret), ['gate']);
    }));

  test('is listed with what it may do and when it was used, the newest first', () =>
    withAccounts(async (box) => {
      const { handlers } = box.accounts;
      const first = await keyAtBox(box, ['users:read', 'events:read'], ['yard', 'gate'], 1);
      box.clock.advanceBy(1000);
      const second = await keyAtBox(box, ['events:read']);
      await box.caller(bearer(second.secret));
      const listed = await handlers['api-keys.list']({}, box.call(atTheBox));
      const inOrder = allScopes.filter((scope) => ['users:read', 'events:read'].includes(scope));
      assert.deepEqual(listed, [
        { ...second.apiKey, lastUsedAt: isoAfter(1000) },
        {
          ...{ id: first.apiKey.id, label: 'central', scopes: inOrder, cameras: ['gate', 'yard'] },
          ...{ createdBy: 'uid:0', createdAt: isoAfter(0), expiresAt: isoAfter(dayMs) },
        },
      ]);
    }));

  test('is revoked by nobody who may do less, and known to nobody afterwards', () =>
    withAccounts(async (box) => {
      const { handlers } = box.accounts;
      const { apiKey } = await keyAtBox(box, ['events:read', 'users:read']);
      const { id } = apiKey;
      const limited: Caller = { ...atTheBox, cameras: new Set(['gate']) };
      const weaker: Caller = { ...atTheBox, scopes: new Set(['events:read', 'keys:write'] as const) };
      const revoke = (by: Caller) => codeOf(() => handlers['api-keys.revoke']({ id }, box.call(by)));
      assert.deepEqual(
        [await revoke(limited), await revoke(weaker)],
        ['beyond-own-scopes', 'beyond-own-scopes'],
      );
      assert.equal(await revoke(atTheBox), 'none');
      assert.equal(await revoke(atTheBox), 'no-such-api-key');
    }));
});

describe('what a user sees of the own account', () => {
  test('is what the box, the session and the account are', () =>
    withAccounts(async (box) => {
      await box.claim();
      const id = await box.addUser('berta', 'viewer', ['gate']);
      box.clock.advanceBy(1000);
      const { caller } = await box.login('berta');
      const { handlers } = box.accounts;
      const me = await handlers['auth.me']({}, box.call(caller));
      const { user, ...rest } = me;
      assert.deepEqual(rest, {
        actor: `user:${id}`,
        scopes: allScopes.filter((scope) => caller.scopes.has(scope)),
        box: {
          ...{ site: 'werk-nord', box: 'box-1', timeZone: 'Europe/Berlin', version: '0.1.0' },
          ...{ origins: [], personFields: [] },
        },
        ...{ cameras: ['gate'], sessionId: caller.sessionId, provedAt: isoAfter(1000) },
      });
      // Whoever makes links for phones and displays is told where they may lead; whoever sees persons, their fields.
      const { caller: administrator } = await box.login('anna');
      const { box: seen } = await handlers['auth.me']({}, box.call(administrator));
      assert.deepEqual(seen.origins, ['https://192.0.2.7:8443']);
      assert.deepEqual(seen.personFields, [{ id: 'badge', name: 'Badge' }]);
      const { revision, ...shown } = user ?? assert.fail();
      assert.ok(revision > 0);
      assert.deepEqual(shown, {
        ...{ id, userName: 'berta', displayName: '', role: 'viewer', cameras: ['gate'] },
        ...{ isDisabled: false, mustChangePassword: false, hasSecondFactor: false, recoveryCodesLeft: 0 },
        ...{ passkeys: 0, language: 'en', timeFormat: '24h' },
        ...{ createdAt: isoAfter(0), passwordChangedAt: isoAfter(0), lastLoginAt: isoAfter(1000) },
      });
    }));

  test('has no proof for callers that never prove who they are', () =>
    withAccounts(async (box) => {
      const { handlers } = box.accounts;
      const { secret } = await keyAtBox(box, ['events:read']);
      const byKey = await box.caller(bearer(secret));
      for (const caller of [atTheBox, byKey, fromNetwork()]) {
        const me = await handlers['auth.me']({}, box.call(caller));
        assert.deepEqual(
          [me.provedAt, me.user, me.sessionId, me.cameras],
          [undefined, undefined, undefined, undefined],
        );
      }
      assert.deepEqual(await handlers['auth.sessions']({}, box.call(byKey)), []);
      for (const work of [
        () => handlers['auth.step-up']({ password: goodPassword }, box.call(byKey)),
        () => handlers['auth.begin-second-factor']({}, box.call(byKey)),
        () => handlers['auth.passkeys']({}, box.call(byKey)),
      ])
        assert.equal(await codeOf(work), 'not-an-account');
      assert.equal(
        await codeOf(() => handlers['auth.end-session']({ id: 's-1' }, box.call(byKey))),
        'no-such-session',
      );
    }));

  test('lists the newest session first, with where it came from', () =>
    withAccounts(async (box) => {
      await box.claim();
      const { handlers } = box.accounts;
      const { caller } = await box.login('anna');
      box.clock.advanceBy(1000);
      const from = { address: '198.51.100.9', agent: 'y'.repeat(300) };
      await handlers['auth.login'](
        { userName: 'anna', password: goodPassword, kind: 'session' },
        box.call({ ...fromNetwork(), ...from }),
      );
      const sessions = await handlers['auth.sessions']({}, box.call(caller));
      const common = { createdAt: isoAfter(0), lastSeenAt: isoAfter(0), expiresAt: isoAfter(14 * dayMs) };
      const [newest, first] = sessions;
      assert.deepEqual(first, {
        ...{ id: caller.sessionId, kind: 'tokens', isCurrent: true, ...common },
        ...{ address: '192.0.2.7', agent: 'curl/8.5.0' },
      });
      assert.deepEqual([newest?.kind, newest?.isCurrent], ['session', false]);
      assert.deepEqual([newest?.address, newest?.agent], ['198.51.100.9', 'y'.repeat(256)]);
    }));
});

describe('a refusal', () => {
  test('after too many failures says until when, and that the same attempt may succeed then', () =>
    withAccounts(async (box) => {
      await box.claim();
      const { caller } = await box.login('anna');
      const { handlers } = box.accounts;
      const login = () => box.login('anna', 'wrong');
      const prove = () => handlers['auth.step-up']({ password: 'wrong' }, box.call(caller));
      for (const [work, remedy] of [
        [login, 'Wait, or ask an administrator to unlock the account (rollcall user unlock).'],
        [prove, 'Wait, or log out and log in again.'],
      ] as const) {
        for (let failure = 0; failure < 9; failure += 1) {
          await codeOf(work);
          box.clock.advanceBy(61_000);
        }
        const lockedUntil = new Date(box.clock.wallMs() + 15 * minuteMs).toISOString();
        assert.deepEqual(await refusalOf(work), {
          ...{ code: 'account-locked', remedy, details: { lockedUntil, retryAfterS: 900 }, retryable: true },
        });
      }
    }));

  test('of more passwords than the box can check says when to come back', () =>
    withAccounts(async (box) => {
      const outcomes = await Promise.allSettled(
        Array.from({ length: 11 }, (_, index) =>
          box.accounts.handlers['auth.login'](
            { userName: `user-${index}`, password: 'wrong', kind: 'tokens' },
            box.call(fromNetwork(`192.0.2.${index}`)),
          ),
        ),
      );
      const reasons: readonly unknown[] = outcomes.flatMap((each) =>
        each.status === 'rejected' ? [each.reason] : [],
      );
      const busy = reasons.find((error) => isRollcallError(error, 'busy'));
      assert.ok(isRollcallError(busy));
      assert.deepEqual([busy.retryable, busy.details['retryAfterS']], [true, 5]);
    }));
});

describe('the second factor', () => {
  test('is confirmed by a code of the secret that was begun last, and only if one was begun', () =>
    withAccounts(async (box) => {
      await box.claim();
      const { caller } = await box.login('anna');
      const by = box.call(caller);
      const { handlers } = box.accounts;
      const confirm = (code: string) => codeOf(() => handlers['auth.confirm-second-factor']({ code }, by));
      assert.equal(await confirm('123456'), 'no-second-factor');
      assert.equal(await codeOf(() => handlers['auth.remove-second-factor']({}, by)), 'no-second-factor');
      assert.equal(await codeOf(() => handlers['auth.renew-recovery-codes']({}, by)), 'no-second-factor');
      const first = await handlers['auth.begin-second-factor']({}, by);
      const second = await handlers['auth.begin-second-factor']({}, by);
      const code = (secret: string) => codeAt(secret, box.clock.wallMs());
      assert.equal(await confirm(code(first.secret)), 'code-refused');
      assert.equal(await confirm(code(second.secret)), 'none');
      assert.equal(await confirm(code(second.secret)), 'second-factor-exists');
    }));

  test('is not confirmed if another secret was begun while the code was checked', () =>
    withAccounts(async (box) => {
      await box.claim();
      const { caller } = await box.login('anna');
      const by = box.call(caller);
      const { handlers } = box.accounts;
      const { secret } = await handlers['auth.begin-second-factor']({}, by);
      const code = codeAt(secret, box.clock.wallMs());
      const confirming = codeOf(() => handlers['auth.confirm-second-factor']({ code }, by));
      await handlers['auth.begin-second-factor']({}, by);
      assert.equal(await confirming, 'code-refused');
      await box.login('anna');
    }));

  test('is guessed at no more often than a password', () =>
    withAccounts(async (box) => {
      await box.claim();
      const { caller } = await box.login('anna');
      const { handlers } = box.accounts;
      await handlers['auth.begin-second-factor']({}, box.call(caller));
      const codes: string[] = [];
      for (let guess = 0; guess < 4; guess += 1) {
        const work = () => handlers['auth.confirm-second-factor']({ code: 'x' }, box.call(caller));
        codes.push(await codeOf(work));
      }
      assert.deepEqual(codes, ['code-refused', 'code-refused', 'code-refused', 'login-slowed']);
    }));

  test('has other recovery codes once they are renewed', () =>
    withAccounts(async (box) => {
      await box.claim();
      const { caller } = await box.login('anna');
      const by = box.call(caller);
      const { handlers } = box.accounts;
      const { secret } = await handlers['auth.begin-second-factor']({}, by);
      const code = codeAt(secret, box.clock.wallMs());
      const { recoveryCodes: before } = await handlers['auth.confirm-second-factor']({ code }, by);
      const { recoveryCodes: after } = await handlers['auth.renew-recovery-codes']({}, by);
      assert.equal(await codeOf(() => box.login('anna', goodPassword, before[0])), 'login-refused');
      await box.login('anna', goodPassword, after[0]);
      const { user } = await handlers['auth.me']({}, by);
      assert.deepEqual([user?.recoveryCodesLeft, user?.hasSecondFactor], [9, true]);
    }));
});

describe('a password', () => {
  test('is weighed wherever one is chosen: at the claim, for a new account, and at a change', () =>
    withAccounts(async (box) => {
      const { handlers } = box.accounts;
      const { secret } = await handlers['users.claim']({ isReset: false }, box.call(atTheBox));
      const given = { secret, userName: 'anna', displayName: '' };
      const weak = ['short', 'werk-nord-2026', 'box-1box-1box-1', 'anna.berganna'];
      const claim = (password: string, userName = 'anna') =>
        codeOf(() => handlers['auth.claim']({ ...given, userName, password }, box.call()));
      for (const password of weak)
        assert.equal(await claim(password, 'anna.berg'), 'password-refused', password);
      assert.equal(await claim(goodPassword), 'none', 'the secret is still valid');
      const { caller } = await box.login('anna');
      for (const password of weak) {
        const create = () =>
          handlers['users.create']({ userName: 'anna.berg', role: 'viewer', password }, box.call(caller));
        assert.equal(await codeOf(create), 'password-refused', password);
      }
      for (const newPassword of [...weak.slice(0, 3), 'anna anna 2026']) {
        const change = () =>
          handlers['auth.change-password']({ oldPassword: goodPassword, newPassword }, box.call(caller));
        assert.equal(await codeOf(change), 'password-refused', newPassword);
      }
    }));

  test('that an administrator resets is not changed by its old one meanwhile', () =>
    withAccounts(async (box) => {
      await box.claim();
      const id = await box.addUser('berta', 'viewer');
      const { caller } = await box.login('berta');
      const { handlers } = box.accounts;
      const change = { oldPassword: goodPassword, newPassword: 'ein anderer langer Satz' };
      const changing = codeOf(() => handlers['auth.change-password'](change, box.call(caller)));
      const { initialPassword, user } = await handlers['users.reset-password']({ id }, box.call(atTheBox));
      assert.equal(user.mustChangePassword, true);
      assert.equal(await changing, 'login-refused');
      await box.login('berta', initialPassword);
    }));

  test('that was reset is new at once, ends the lock of its account, and is not to be used again', () =>
    withAccounts(async (box) => {
      await box.claim();
      const id = await box.addUser('berta', 'viewer');
      const { handlers } = box.accounts;
      for (let failure = 0; failure < 10; failure += 1) {
        await codeOf(() => box.login('berta', 'wrong'));
        box.clock.advanceBy(61_000);
      }
      assert.equal(await codeOf(() => box.login('berta')), 'account-locked');
      const nowMs = box.clock.wallMs() - accountsEpochMs;
      const { initialPassword = '', user } = await handlers['users.reset-password'](
        { id },
        box.call(atTheBox),
      );
      assert.deepEqual([user.passwordChangedAt, user.lockedUntil], [isoAfter(nowMs), undefined]);
      const { caller } = await box.login('berta', initialPassword);
      const change = (oldPassword: string, newPassword: string) =>
        codeOf(() => handlers['auth.change-password']({ oldPassword, newPassword }, box.call(caller)));
      assert.equal(await change(initialPassword, initialPassword), 'password-refused');
      box.clock.advanceBy(1000);
      assert.equal(await change(initialPassword, 'ein anderer langer Satz'), 'none');
      const me = await handlers['auth.me']({}, box.call(caller));
      assert.equal(me.user?.passwordChangedAt, isoAfter(nowMs + 1000));
    }));
});

describe('the claim', () => {
  test('of a first administrator is void once there is one by another way', () =>
    withAccounts(async (box) => {
      const { handlers } = box.accounts;
      const { secret } = await handlers['users.claim']({ isReset: false }, box.call(atTheBox));
      await box.addUser('berta', 'admin');
      const given = { secret, userName: 'anna', displayName: '', password: goodPassword };
      assert.equal(await codeOf(() => handlers['auth.claim'](given, box.call())), 'claim-refused');
    }));

  test('takes no name that an account has, also if it got it meanwhile', () =>
    withAccounts(async (box) => {
      await box.claim();
      await box.addUser('berta', 'viewer');
      const { handlers } = box.accounts;
      const { secret } = await handlers['users.claim']({ isReset: true }, box.call(atTheBox));
      const claim = (userName: string) =>
        codeOf(() =>
          handlers['auth.claim']({ secret, userName, displayName: '', password: goodPassword }, box.call()),
        );
      assert.equal(await claim('Berta'), 'name-taken');
      const create = () =>
        codeOf(() => handlers['users.create']({ userName: 'carla', role: 'viewer' }, box.call(atTheBox)));
      const codes = await Promise.all([create(), claim('carla'), create()]);
      assert.deepEqual([...codes].sort(), ['name-taken', 'name-taken', 'none']);
    }));

  test('is guessed at no more often than a password', () =>
    withAccounts(async (box) => {
      const { handlers } = box.accounts;
      const guess = () =>
        codeOf(() =>
          handlers['auth.claim'](
            { secret: `rcc_${'x'.repeat(43)}`, userName: 'eva', displayName: '', password: goodPassword },
            box.call(),
          ),
        );
      const codes = [await guess(), await guess(), await guess(), await guess()];
      assert.deepEqual(codes, ['claim-refused', 'claim-refused', 'claim-refused', 'login-slowed']);
    }));
});
