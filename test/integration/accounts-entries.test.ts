import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Caller } from '../../daemon/contract/caller.js';
import {
  type AccountsFixture,
  atTheBox,
  codeAt,
  codeOf,
  fromNetwork,
  goodPassword,
  withAccounts,
} from '../support/accounts-fixture.js';

/** What the audit log gets during some work: the actor, the action, its subject, and the details but for session and program. */
async function entriesOf(box: AccountsFixture, work: () => unknown): Promise<readonly unknown[]> {
  const from = box.entries.length;
  await codeOf(work);
  return box.entries.slice(from).map(({ by, action, subject, details = {} }) => {
    const { session: _, agent: __, ...rest } = details;
    return [by.actor, action, subject, rest];
  });
}

/** The administrator Anna, who has logged in. */
async function anna(box: AccountsFixture) {
  const id = await box.claim();
  const { caller, refreshToken } = await box.login('anna');
  const { handlers } = box.accounts;
  return { id, actor: `user:${id}`, caller, refreshToken, handlers, by: box.call(caller) };
}

describe('the audit log says of accounts', () => {
  test('who made the claim, and who became the administrator by it', () =>
    withAccounts(async (box) => {
      const { handlers } = box.accounts;
      let secret = '';
      const make = async (isReset: boolean) => {
        ({ secret } = await handlers['users.claim']({ isReset }, box.call(atTheBox)));
      };
      assert.deepEqual(await entriesOf(box, () => make(false)), [
        ['uid:0', 'user.claim-made', undefined, { isReset: false }],
      ]);
      const claim = (userName: string, given = secret) =>
        handlers['auth.claim'](
          { secret: given, userName, displayName: '', password: goodPassword },
          box.call(),
        );
      assert.deepEqual(await entriesOf(box, () => claim('anna', 'rcc_')), [
        ['anonymous', 'user.claim-refused', undefined, {}],
      ]);
      let id = '';
      const claimed = await entriesOf(box, async () => {
        ({ id } = await claim('anna'));
      });
      assert.deepEqual(claimed, [[`user:${id}`, 'user.claimed', id, {}]]);
      assert.deepEqual(await entriesOf(box, () => make(true)), [
        ['uid:0', 'user.claim-made', undefined, { isReset: true }],
      ]);
    }));

  test('what happened to an account, and how many sessions and keys ended with that', () =>
    withAccounts(async (box) => {
      const { handlers, by, actor } = await anna(box);
      const id = await box.addUser('berta', 'viewer');
      const change = (given: object) => () => handlers['users.change']({ id, ...given }, by);
      const [first, second] = [await box.login('berta'), await box.login('berta')];
      assert.ok(first.caller.sessionId !== second.caller.sessionId);
      const about = async (action: string, details: object, work: () => unknown) =>
        assert.deepEqual(await entriesOf(box, work), [[actor, action, id, details]]);
      const role = 'viewer';
      await about(
        'user.changed',
        { role, isDisabled: false, sessionsEnded: 0 },
        change({ displayName: 'B' }),
      );
      // Of adding the account, one session is left.
      await about('user.changed', { role, isDisabled: true, sessionsEnded: 3 }, change({ isDisabled: true }));
      await change({ isDisabled: false })();
      const third = await box.login('berta');
      await box.login('berta');
      const { sessionId = '' } = third.caller;
      await about('session.ended', { ended: sessionId }, () =>
        handlers['users.end-sessions']({ id, sessionId }, by),
      );
      await about('session.ended', { ended: 1 }, () => handlers['users.end-sessions']({ id }, by));
      await box.login('berta');
      await about(
        'user.changed',
        { role: 'auditor', isDisabled: false, sessionsEnded: 1 },
        change({ role: 'auditor' }),
      );
      await box.login('berta');
      await about('user.second-factor-removed', { sessionsEnded: 1 }, () =>
        handlers['users.remove-second-factor']({ id }, by),
      );
      await about('user.unlocked', {}, () => handlers['users.unlock']({ id }, by));
      await box.login('berta');
      await about('user.password-reset', { sessionsEnded: 1 }, () =>
        handlers['users.reset-password']({ id }, by),
      );
      await about('user.removed', { apiKeys: 0 }, () => handlers['users.remove']({ id }, by));
      const other = await box.addUser('carla', 'admin');
      const carla = box.call((await box.login('carla')).caller);
      for (const label of ['a', 'b'])
        await box.accounts.handlers['api-keys.create'](
          { label, scopes: ['users:read'], expiresInDays: 1 },
          carla,
        );
      assert.deepEqual(await entriesOf(box, () => handlers['users.remove']({ id: other }, by)), [
        [actor, 'user.removed', other, { apiKeys: 2 }],
      ]);
    }));

  test('logins, proofs of identity, and logouts', () =>
    withAccounts(async (box) => {
      const { handlers, by, actor, id, caller, refreshToken } = await anna(box);
      const said = async (expected: readonly unknown[], work: () => unknown) =>
        assert.deepEqual(await entriesOf(box, work), expected);
      const login =
        (kind: 'tokens' | 'session', password = goodPassword, code?: string) =>
        () =>
          handlers['auth.login']({ userName: 'anna', password, kind, code }, box.call());
      await said([[actor, 'login.succeeded', id, { factor: 'password', kind: 'session' }]], login('session'));
      await said([['anonymous', 'login.failed', id, { reason: 'password' }]], login('tokens', 'wrong'));
      await said([[actor, 'session.refreshed', id, {}]], () =>
        handlers['auth.refresh']({ refreshToken }, by),
      );
      await said([[actor, 'session.proved', id, { factor: 'password' }]], () =>
        handlers['auth.step-up']({ password: goodPassword }, by),
      );
      let secret = '';
      let codes: readonly string[] = [];
      await said([[actor, 'user.second-factor-begun', id, {}]], async () => {
        ({ secret } = await handlers['auth.begin-second-factor']({}, by));
      });
      const code = () => codeAt(secret, box.clock.wallMs());
      await said([[actor, 'user.second-factor-added', id, {}]], async () => {
        ({ recoveryCodes: codes } = await handlers['auth.confirm-second-factor']({ code: code() }, by));
      });
      await said(
        [
          ['anonymous', 'user.recovery-code-used', id, { left: 9 }],
          [actor, 'login.succeeded', id, { factor: 'password-and-recovery-code', kind: 'tokens' }],
        ],
        login('tokens', goodPassword, codes[0]),
      );
      await said(
        [['anonymous', 'login.failed', id, { reason: 'code' }]],
        login('tokens', goodPassword, '000000'),
      );
      box.clock.advanceBy(60_000);
      await said(
        [[actor, 'login.succeeded', id, { factor: 'password-and-authenticator', kind: 'tokens' }]],
        login('tokens', goodPassword, code()),
      );
      box.clock.advanceBy(60_000);
      const stepUp = (given: string) => () => handlers['auth.step-up']({ code: given }, by);
      await said([[actor, 'session.proved', id, { factor: 'authenticator' }]], stepUp(code()));
      await said(
        [
          [actor, 'user.recovery-code-used', id, { left: 8 }],
          [actor, 'session.proved', id, { factor: 'recovery-code' }],
        ],
        stepUp(codes[1] ?? ''),
      );
      await said([[actor, 'login.failed', id, { reason: 'code' }]], stepUp('000000'));
      await said([[actor, 'user.recovery-codes-renewed', id, {}]], () =>
        handlers['auth.renew-recovery-codes']({}, by),
      );
      await said([[actor, 'user.second-factor-removed', id, {}]], () =>
        handlers['auth.remove-second-factor']({}, by),
      );
      await said([[actor, 'user.changed', id, { preferences: true }]], () =>
        handlers['auth.preferences']({ language: 'de' }, by),
      );
      const change = { oldPassword: goodPassword, newPassword: 'ein anderer langer Satz' };
      await said([[actor, 'user.password-changed', id, { sessionsEnded: 3 }]], () =>
        handlers['auth.change-password'](change, by),
      );
      await said([[actor, 'session.ended', id, { ended: caller.sessionId }]], () =>
        handlers['auth.logout']({}, by),
      );
      assert.deepEqual(await handlers['auth.logout']({}, by), { ended: 0 });
      await said([], () => handlers['auth.logout']({}, by));
    }));

  test('attempts with an unknown user name, and locked accounts and sessions', () =>
    withAccounts(async (box) => {
      const { handlers, by, actor, id } = await anna(box);
      const fail = (userName: string) => () =>
        handlers['auth.login'](
          { userName, password: 'wrong', kind: 'tokens' },
          box.call(fromNetwork('198.51.100.1')),
        );
      const failures = async (work: () => unknown, count: number) => {
        for (let failure = 0; failure < count; failure += 1) {
          await codeOf(work);
          box.clock.advanceBy(61_000);
        }
      };
      assert.deepEqual(await entriesOf(box, fail('keiner')), [
        ['anonymous', 'login.failed', undefined, { reason: 'unknown-user' }],
      ]);
      await failures(fail('keiner'), 8);
      assert.deepEqual(await entriesOf(box, fail('keiner')), [
        ['anonymous', 'login.failed', undefined, { reason: 'unknown-user' }],
        ['anonymous', 'login.locked', undefined, {}],
      ]);
      await failures(fail('anna'), 9);
      assert.deepEqual(await entriesOf(box, fail('anna')), [
        ['anonymous', 'login.failed', id, { reason: 'password' }],
        ['anonymous', 'login.locked', id, {}],
      ]);
      assert.deepEqual(await entriesOf(box, fail('anna')), [], 'a locked account is not tried');
      const prove = () => handlers['auth.step-up']({ password: 'wrong' }, by);
      await failures(prove, 9);
      assert.deepEqual(await entriesOf(box, prove), [
        [actor, 'login.failed', id, { reason: 'password' }],
        [actor, 'login.locked', id, {}],
      ]);
    }));

  test('that a refresh token came twice, by the one whose session it was', () =>
    withAccounts(async (box) => {
      const { handlers, actor, id, refreshToken } = await anna(box);
      const refresh = () => handlers['auth.refresh']({ refreshToken }, box.call());
      await refresh();
      assert.deepEqual(await entriesOf(box, refresh), [], 'two requests at once');
      box.clock.advanceBy(10_000);
      assert.deepEqual(await entriesOf(box, refresh), [[actor, 'session.reused', id, {}]]);
    }));

  test('what roles and API keys can do, and how many sessions ended with a change', () =>
    withAccounts(async (box) => {
      const { handlers, by, actor } = await anna(box);
      const { handlers: all } = box.accounts;
      const scopes = ['events:read', 'users:read'] as const;
      const said = async (action: string, subject: string, details: object, work: () => unknown) =>
        assert.deepEqual(await entriesOf(box, work), [[actor, action, subject, details]]);
      await said('role.created', 'night', { scopes: 2 }, () =>
        handlers['roles.create']({ name: 'night', description: '', scopes: [...scopes] }, by),
      );
      for (const name of ['nina', 'nora']) await box.addUser(name, 'night');
      await said('role.changed', 'night', { scopes: 2, sessionsEnded: 0 }, () =>
        handlers['roles.change']({ name: 'night', description: 'x' }, by),
      );
      await said('role.changed', 'night', { scopes: 1, sessionsEnded: 2 }, () =>
        handlers['roles.change']({ name: 'night', scopes: ['events:read'] }, by),
      );
      await said('role.created', 'day', { scopes: 0 }, () =>
        handlers['roles.create']({ name: 'day', description: '', scopes: [] }, by),
      );
      await said('role.removed', 'day', {}, () => handlers['roles.remove']({ name: 'day' }, by));
      let id = '';
      const made = await entriesOf(box, async () => {
        const given = { label: 'x', scopes: [...scopes], expiresInDays: 30 };
        ({ id } = (await all['api-keys.create'](given, by)).apiKey);
      });
      assert.deepEqual(made, [[actor, 'access.key-created', id, { scopes: 2, days: 30 }]]);
      await said('access.key-revoked', id, {}, () => all['api-keys.revoke']({ id }, by));
    }));

  test('which camera a screen is for, and when it was paired, by itself', () =>
    withAccounts(async (box) => {
      const { handlers } = box.accounts;
      let given = { id: '', secret: '' };
      const added = await entriesOf(box, async () => {
        const made = await handlers['screens.add']({ camera: 'gate', label: 'Door' }, box.call(atTheBox));
        given = { id: made.screen.id, secret: made.secret };
      });
      const { id, secret } = given;
      assert.deepEqual(added, [['uid:0', 'screen.added', id, { camera: 'gate' }]]);
      const pair = () => handlers['screens.pair']({ secret }, box.call());
      assert.deepEqual(await entriesOf(box, pair), [
        [`screen:${id}`, 'screen.paired', id, { camera: 'gate' }],
      ]);
      assert.deepEqual(await entriesOf(box, pair), [['anonymous', 'screen.pairing-refused', undefined, {}]]);
      const remove = () => handlers['screens.remove']({ id }, box.call(atTheBox));
      assert.deepEqual(await entriesOf(box, remove), [['uid:0', 'screen.removed', id, { camera: 'gate' }]]);
    }));

  test('nothing when sessions, API keys, and displays are only used', () =>
    withAccounts(async (box) => {
      const { handlers } = box.accounts;
      await box.claim();
      const { accessToken } = await box.login('anna');
      const { secret } = await handlers['api-keys.create'](
        { label: 'x', scopes: ['events:read'], expiresInDays: 1 },
        box.call(atTheBox),
      );
      const screen = await handlers['screens.add']({ camera: 'gate', label: 'Door' }, box.call(atTheBox));
      await handlers['screens.pair']({ secret: screen.secret }, box.call());
      const cookie = `__Host-rollcall=${box.cookie()}`;
      const before = box.log.count();
      box.clock.advanceBy(61_000);
      const callers: (Caller | undefined)[] = [
        await box.caller({ authorization: `Bearer ${accessToken}` }),
        await box.caller({ authorization: `Bearer ${secret}` }),
        await box.caller({ cookie }),
      ];
      assert.ok(callers.every((caller) => caller !== undefined));
      assert.equal(box.log.count(), before);
    }));
});
