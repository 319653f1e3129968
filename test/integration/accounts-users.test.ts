import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { SavedFilter } from '../../daemon/contract/auth.js';
import type { Caller } from '../../daemon/contract/caller.js';
import { allScopes, builtInRoles } from '../../daemon/contract/scopes.js';
import { Sqlite } from '../../daemon/host/sqlite-driver.js';
import { defect } from '../../daemon/kernel/errors.js';
import {
  type AccountsFixture,
  atTheBox,
  codeAt,
  codeOf,
  goodPassword,
  withAccounts,
} from '../support/accounts-fixture.js';

/** A caller with the role `helpdesk`, which may administer users and read events, for the camera `gate` only. */
async function helpdesk(box: AccountsFixture, cameras?: readonly string[]): Promise<Caller> {
  await box.accounts.handlers['roles.create'](
    { name: 'helpdesk', description: '', scopes: ['users:read', 'users:write', 'events:read'] },
    box.call(atTheBox),
  );
  await box.addUser('hanna', 'helpdesk', cameras);
  return (await box.login('hanna')).caller;
}

describe('the administration of users', () => {
  test('gives no scope, camera or password beyond the own rights', () =>
    withAccounts(async (box) => {
      const admin = await box.claim();
      const { handlers } = box.accounts;
      const by = box.call(await helpdesk(box, ['gate']));
      const peer = await box.addUser('paul', 'helpdesk', ['gate']);
      const wide = await box.addUser('wanda', 'helpdesk');
      const refused: readonly (readonly [string, () => unknown])[] = [
        [
          'a stronger role',
          () => handlers['users.create']({ userName: 'eva', role: 'admin', cameras: ['gate'] }, by),
        ],
        ['all cameras', () => handlers['users.create']({ userName: 'eva', role: 'helpdesk' }, by)],
        [
          'another camera',
          () => handlers['users.create']({ userName: 'eva', role: 'helpdesk', cameras: ['hall'] }, by),
        ],
        ['a promotion', () => handlers['users.change']({ id: peer, role: 'admin' }, by)],
        ['more cameras', () => handlers['users.change']({ id: peer, cameras: null }, by)],
        ['the password of an administrator', () => handlers['users.reset-password']({ id: admin }, by)],
        [
          'the second factor of an administrator',
          () => handlers['users.remove-second-factor']({ id: admin }, by),
        ],
        ['the end of an administrator', () => handlers['users.remove']({ id: admin }, by)],
        ['the sessions of an administrator', () => handlers['users.end-sessions']({ id: admin }, by)],
        ['an account for more cameras', () => handlers['users.change']({ id: wide, displayName: 'x' }, by)],
        [
          'a stronger role of the box',
          () => handlers['roles.create']({ name: 'mine', description: '', scopes: ['keys:write'] }, by),
        ],
        [
          'more scopes for the own role',
          () => handlers['roles.change']({ name: 'helpdesk', scopes: ['users:write', 'keys:write'] }, by),
        ],
        [
          'scopes for an account with more cameras, by its role',
          () => handlers['roles.change']({ name: 'helpdesk', scopes: ['users:read', 'users:write'] }, by),
        ],
        [
          'a stronger key',
          () =>
            handlers['api-keys.create'](
              { label: 'k', scopes: ['keys:write'], cameras: ['gate'], expiresInDays: 1 },
              by,
            ),
        ],
        [
          'a key for all cameras',
          () => handlers['api-keys.create']({ label: 'k', scopes: ['events:read'], expiresInDays: 1 }, by),
        ],
      ];
      for (const [what, work] of refused) assert.equal(await codeOf(work), 'beyond-own-scopes', what);
      assert.equal(
        await codeOf(() =>
          handlers['users.create']({ userName: 'eva', role: 'helpdesk', cameras: ['gate'] }, by),
        ),
        'none',
      );
      assert.equal(await codeOf(() => handlers['users.reset-password']({ id: peer }, by)), 'none');
    }));

  test('keeps the last active administrator', () =>
    withAccounts(async (box) => {
      const anna = await box.claim();
      const { handlers } = box.accounts;
      const by = box.call(atTheBox);
      const attempts = () =>
        Promise.all(
          [
            () => handlers['users.remove']({ id: anna }, by),
            () => handlers['users.change']({ id: anna, isDisabled: true }, by),
            () => handlers['users.change']({ id: anna, role: 'viewer' }, by),
            () => handlers['users.change']({ id: anna, cameras: ['gate'] }, by),
          ].map(codeOf),
        );
      const refused = Array.from({ length: 4 }, () => 'last-admin');
      assert.deepEqual(await attempts(), refused);
      const berta = await box.addUser('berta', 'admin');
      await handlers['users.change']({ id: berta, isDisabled: true }, by);
      assert.deepEqual(await attempts(), refused, 'a disabled one does not count');
      await handlers['users.change']({ id: berta, isDisabled: false, cameras: ['gate'] }, by);
      assert.deepEqual(await attempts(), refused, 'one with a limit to cameras does not count');
      await handlers['users.change']({ id: berta, cameras: null }, by);
      assert.equal(await codeOf(() => handlers['users.remove']({ id: anna }, by)), 'none');
    }));

  test('refuses a change of what another administrator has changed', () =>
    withAccounts(async (box) => {
      await box.claim();
      const id = await box.addUser('berta', 'viewer');
      const { handlers } = box.accounts;
      const by = box.call(atTheBox);
      const { revision } = await handlers['users.get']({ id }, by);
      const change = (displayName: string) =>
        codeOf(() => handlers['users.change']({ id, displayName, ifRevision: revision }, by));
      assert.deepEqual([await change('Berta'), await change('Bertha')], ['none', 'changed-meanwhile']);
      assert.equal((await handlers['users.get']({ id }, by)).displayName, 'Berta');
    }));

  test('lists accounts in pages, by role and by part of a name', () =>
    withAccounts(async (box) => {
      const { handlers } = box.accounts;
      const by = box.call(atTheBox);
      await box.claim();
      for (let index = 0; index < 7; index += 1) {
        await handlers['users.create'](
          {
            userName: `user-${index}`,
            role: index % 2 === 0 ? 'viewer' : 'operator',
            displayName: `Frau ${index}`,
          },
          by,
        );
      }
      const names: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await handlers['users.list']({ limit: 3, cursor }, by);
        assert.equal(page.total, 8);
        names.push(...page.items.map(({ userName }) => userName));
        cursor = page.nextCursor;
      } while (cursor !== undefined);
      assert.deepEqual(names, ['anna', ...Array.from({ length: 7 }, (_, index) => `user-${index}`)]);
      const found = await handlers['users.list']({ limit: 10, role: 'viewer', search: 'FRAU 4' }, by);
      assert.deepEqual([found.items.map(({ userName }) => userName), found.total], [['user-4'], 1]);
    }));

  test('gives what was asked for, without spaces around the name, and each camera once', () =>
    withAccounts(async (box) => {
      await box.claim();
      const { handlers } = box.accounts;
      const by = box.call(atTheBox);
      const made = await handlers['users.create'](
        {
          userName: 'Berta',
          displayName: ' Berta B ',
          role: 'viewer',
          cameras: ['yard', 'gate', 'yard'],
          language: 'de',
        },
        by,
      );
      const { userName, displayName, cameras, language, mustChangePassword, revision } = made.user;
      assert.deepEqual(
        [userName, displayName, cameras, language, mustChangePassword, revision],
        ['berta', 'Berta B', ['gate', 'yard'], 'de', true, 1],
      );
      assert.match(made.initialPassword ?? '', /^\w{5}-\w{5}-\w{5}-\w{5}$/);
      const chosen = await handlers['users.create'](
        { userName: 'carla', role: 'viewer', password: goodPassword },
        by,
      );
      assert.deepEqual([chosen.initialPassword, chosen.user.mustChangePassword], [undefined, true]);
      const { id } = made.user;
      const changed = await handlers['users.change'](
        { id, displayName: ' Bea ', cameras: ['hall', 'hall'] },
        by,
      );
      assert.deepEqual([changed.displayName, changed.cameras, changed.role], ['Bea', ['hall'], 'viewer']);
      const next = await handlers['users.change']({ id, cameras: null }, by);
      assert.deepEqual([next.displayName, next.cameras], ['Bea', undefined]);
      assert.ok(next.revision > changed.revision);
    }));

  test('removes an account with all that was its own', () =>
    withAccounts(async (box) => {
      await box.claim();
      const id = await box.addUser('berta', 'operator');
      const { handlers } = box.accounts;
      const by = box.call(atTheBox);
      const { caller } = await box.login('berta');
      await handlers['api-keys.create'](
        { label: 'x', scopes: ['events:read'], expiresInDays: 1 },
        box.call(caller),
      );
      const { secret } = await handlers['auth.begin-second-factor']({}, box.call(caller));
      const code = codeAt(secret, box.clock.wallMs());
      await handlers['auth.confirm-second-factor']({ code }, box.call(caller));
      const saved = { page: 'passages', name: 'Unproven', query: '?outcome=unproven' } as const;
      await handlers['auth.preferences']({ savedFilters: [saved] }, box.call(caller));
      assert.deepEqual(await handlers['users.remove']({ id }, by), { id });
      assert.equal(await codeOf(() => handlers['users.get']({ id }, by)), 'no-such-user');
      assert.equal(await codeOf(() => handlers['users.remove']({ id }, by)), 'no-such-user');
      assert.equal((await handlers['users.list']({ limit: 10 }, by)).total, 1);
      assert.equal(await codeOf(() => box.login('berta')), 'login-refused');
      await box.restart();
      assert.ok(!box.actions().includes('accounts.set-aside'), 'nothing is missing');
    }));

  test('takes the second factor away from an account, and ends its sessions', () =>
    withAccounts(async (box) => {
      await box.claim();
      const id = await box.addUser('berta', 'viewer');
      const { caller, accessToken } = await box.login('berta');
      const { handlers } = box.accounts;
      const { secret } = await handlers['auth.begin-second-factor']({}, box.call(caller));
      const code = codeAt(secret, box.clock.wallMs());
      await handlers['auth.confirm-second-factor']({ code }, box.call(caller));
      const user = await handlers['users.remove-second-factor']({ id }, box.call(atTheBox));
      assert.deepEqual([user.hasSecondFactor, user.recoveryCodesLeft], [false, 0]);
      assert.equal(
        await codeOf(() => box.caller({ authorization: `Bearer ${accessToken}` })),
        'unauthenticated',
      );
      await box.login('berta');
    }));

  test('shows and ends the sessions of one account, and of no other', () =>
    withAccounts(async (box) => {
      await box.claim();
      const id = await box.addUser('berta', 'viewer');
      const other = await box.addUser('carla', 'viewer');
      const { handlers } = box.accounts;
      const by = box.call(atTheBox);
      const { caller } = await box.login('berta');
      const sessions = await handlers['users.sessions']({ id }, by);
      assert.equal(sessions.length, 2);
      assert.ok(sessions.every(({ isCurrent }) => !isCurrent));
      assert.equal(
        (await handlers['users.sessions']({ id }, box.call(caller))).filter((each) => each.isCurrent).length,
        1,
      );
      const { sessionId = '' } = caller;
      const end = (given: { id: string; sessionId?: string }) => handlers['users.end-sessions'](given, by);
      assert.equal(await codeOf(() => end({ id: other, sessionId })), 'no-such-session');
      assert.deepEqual(await end({ id, sessionId }), { ended: 1 });
      assert.equal(await codeOf(() => end({ id, sessionId })), 'no-such-session');
      assert.deepEqual([await end({ id }), await end({ id })], [{ ended: 1 }, { ended: 0 }]);
      assert.equal((await handlers['users.sessions']({ id: other }, by)).length, 1);
      assert.equal(await codeOf(() => handlers['users.sessions']({ id: 'u-0' }, by)), 'no-such-user');
      assert.equal(await codeOf(() => end({ id: 'u-0' })), 'no-such-user');
    }));

  test('refuses a name that is taken, also in another case, and a role that does not exist', () =>
    withAccounts(async (box) => {
      await box.claim('anna');
      const { handlers } = box.accounts;
      const create = (userName: string, role: string) =>
        codeOf(() => handlers['users.create']({ userName, role }, box.call(atTheBox)));
      assert.equal(await create('ANNA', 'viewer'), 'name-taken');
      assert.equal(await create('berta', 'nothing'), 'no-such-role');
    }));

  test('forces a new password: until then the account opens nothing', () =>
    withAccounts(async (box) => {
      await box.claim();
      const id = await box.addUser('berta', 'operator');
      const { accessToken } = await box.login('berta');
      await box.accounts.handlers['users.change']({ id, mustChangePassword: true }, box.call(atTheBox));
      const caller = await box.caller({ authorization: `Bearer ${accessToken}` });
      assert.equal(caller?.scopes.size, 0);
    }));

  test('leaves an entry for each change, with opaque ids, the session and the program', () =>
    withAccounts(async (box) => {
      await box.claim();
      const { caller } = await box.login('anna');
      const { handlers } = box.accounts;
      const { user } = await handlers['users.create'](
        { userName: 'berta', role: 'viewer' },
        box.call(caller),
      );
      const entry = box.entries.at(-1);
      assert.deepEqual(entry, {
        by: { actor: caller.actor, origin: 'https 192.0.2.7' },
        action: 'user.created',
        subject: user.id,
        details: { session: caller.sessionId, agent: 'curl-8', role: 'viewer' },
      });
    }));

  test('changes nothing if the audit log cannot be written', () =>
    withAccounts(
      async (box) => {
        const { handlers } = box.accounts;
        assert.equal(
          await codeOf(() =>
            handlers['users.create']({ userName: 'berta', role: 'viewer' }, box.call(atTheBox)),
          ),
          'defect',
        );
        assert.deepEqual((await handlers['users.list']({ limit: 10 }, box.call(atTheBox))).items, []);
      },
      {
        onEntry({ action }) {
          if (action === 'user.created') fail();
        },
      },
    ));
});

describe('roles', () => {
  test('have each scope once, in the order of the reference, and count their accounts', () =>
    withAccounts(async (box) => {
      const { handlers } = box.accounts;
      const by = box.call(atTheBox);
      const scopes = allScopes.slice(0, 3);
      const given = [...scopes].reverse();
      const made = await handlers['roles.create'](
        { name: 'night', description: 'x', scopes: [...given, ...given] },
        by,
      );
      const role = { name: 'night', description: 'x', scopes, isBuiltIn: false, revision: 1, userCount: 0 };
      assert.deepEqual(made, role);
      await box.addUser('berta', 'night');
      assert.deepEqual(await handlers['roles.get']({ name: 'night' }, by), { ...role, userCount: 1 });
      const changed = await handlers['roles.change']({ name: 'night', scopes: [...given] }, by);
      assert.deepEqual(changed, { ...role, revision: 2, userCount: 1 });
      const described = await handlers['roles.change'](
        { name: 'night', description: 'y', ifRevision: 2 },
        by,
      );
      assert.deepEqual([described.description, described.scopes, described.revision], ['y', scopes, 3]);
      const late = () => handlers['roles.change']({ name: 'night', description: 'z', ifRevision: 2 }, by);
      assert.equal(await codeOf(late), 'changed-meanwhile');
      const twice = () => handlers['roles.create']({ name: 'night', description: '', scopes: [] }, by);
      assert.equal(await codeOf(twice), 'name-taken');
      const [viewer] = (await handlers['roles.list']({}, by)).filter(({ name }) => name === 'viewer');
      assert.deepEqual([viewer?.isBuiltIn, viewer?.revision, viewer?.userCount], [true, 1, 0]);
      assert.equal(await codeOf(() => handlers['roles.get']({ name: 'day' }, by)), 'no-such-role');
      assert.equal(await codeOf(() => handlers['roles.remove']({ name: 'day' }, by)), 'no-such-role');
    }));

  test('that can do more than the caller are neither made, changed nor removed', () =>
    withAccounts(async (box) => {
      const { handlers } = box.accounts;
      const by = box.call(atTheBox);
      const weak = { ...atTheBox, scopes: new Set(['users:write', 'events:read'] as const) };
      await handlers['roles.create'](
        { name: 'strong', description: '', scopes: ['events:read', 'users:read'] },
        by,
      );
      await handlers['roles.create']({ name: 'weak', description: '', scopes: ['events:read'] }, by);
      const as = box.call(weak);
      for (const work of [
        () =>
          handlers['roles.create']({ name: 'x', description: '', scopes: ['events:read', 'users:read'] }, as),
        () => handlers['roles.change']({ name: 'strong', description: 'x' }, as),
        () => handlers['roles.change']({ name: 'strong', scopes: ['events:read'] }, as),
        () => handlers['roles.change']({ name: 'weak', scopes: ['events:read', 'users:read'] }, as),
        () => handlers['roles.remove']({ name: 'strong' }, as),
      ])
        assert.equal(await codeOf(work), 'beyond-own-scopes');
      assert.equal(await codeOf(() => handlers['roles.remove']({ name: 'weak' }, as)), 'none');
    }));

  test('of the box can be created, changed and removed; built-in ones cannot', () =>
    withAccounts(async (box) => {
      const { handlers } = box.accounts;
      const by = box.call(atTheBox);
      await helpdesk(box);
      const names = (await handlers['roles.list']({}, by)).map(({ name }) => name);
      assert.deepEqual(names, [...Object.keys(builtInRoles), 'helpdesk']);
      assert.equal(await codeOf(() => handlers['roles.remove']({ name: 'helpdesk' }, by)), 'role-in-use');
      assert.equal(await codeOf(() => handlers['roles.remove']({ name: 'admin' }, by)), 'built-in-role');
      assert.equal(
        await codeOf(() => handlers['roles.create']({ name: 'viewer', description: '', scopes: [] }, by)),
        'name-taken',
      );
    }));

  test('are in the audit log by name when they are created, changed and removed', () =>
    withAccounts(async (box) => {
      const { handlers } = box.accounts;
      const by = box.call(atTheBox);
      await handlers['roles.create']({ name: 'night', description: '', scopes: ['events:read'] }, by);
      await handlers['roles.change']({ name: 'night', scopes: ['events:read', 'users:read'] }, by);
      assert.deepEqual(await handlers['roles.remove']({ name: 'night' }, by), { name: 'night' });
      assert.equal(
        await codeOf(() => handlers['roles.change']({ name: 'night', scopes: [] }, by)),
        'no-such-role',
      );
      assert.deepEqual(
        box.entries.map(({ action, subject }) => [action, subject]),
        ['created', 'changed', 'removed'].map((what) => [`role.${what}`, 'night']),
      );
    }));

  test('with other scopes end the sessions of their accounts, with another text do not', () =>
    withAccounts(async (box) => {
      await box.claim();
      await helpdesk(box);
      const { handlers } = box.accounts;
      const { accessToken } = await box.login('hanna');
      const isAlive = () => codeOf(() => box.caller({ authorization: `Bearer ${accessToken}` }));
      await handlers['roles.change']({ name: 'helpdesk', description: 'for questions' }, box.call(atTheBox));
      assert.equal(await isAlive(), 'none');
      await handlers['roles.change']({ name: 'helpdesk', scopes: ['users:read'] }, box.call(atTheBox));
      assert.equal(await isAlive(), 'unauthenticated');
    }));
});

describe('an API key', () => {
  test('does at most what its creator may do now, and ends with its creator', () =>
    withAccounts(async (box) => {
      await box.claim();
      const { handlers } = box.accounts;
      const creator = await helpdesk(box);
      const { secret } = await handlers['api-keys.create'](
        { label: 'central', scopes: ['events:read', 'users:read'], expiresInDays: 30 },
        box.call(creator),
      );
      const caller = () => box.caller({ authorization: `Bearer ${secret}` });
      const first = await caller();
      assert.deepEqual([...(first?.scopes ?? [])].sort(), ['events:read', 'users:read']);
      assert.deepEqual([first?.provedAtMs, first?.userId], [0, undefined]);
      const id = creator.userId ?? '';
      const by = box.call(atTheBox);
      await handlers['users.change']({ id, role: 'viewer', cameras: ['gate'] }, by);
      const weaker = await caller();
      assert.deepEqual(
        [[...(weaker?.scopes ?? [])], [...(weaker?.cameras ?? [])]],
        [['events:read'], ['gate']],
      );
      await handlers['users.change']({ id, isDisabled: true }, by);
      assert.equal(await codeOf(caller), 'unauthenticated');
      await handlers['users.change']({ id, isDisabled: false }, by);
      assert.equal(await codeOf(caller), 'none');
      await handlers['users.remove']({ id }, by);
      assert.equal(await codeOf(caller), 'unauthenticated');
      assert.deepEqual(await handlers['api-keys.list']({}, by), []);
    }));

  test('that was made at the box depends on no account, ends at its time, and can be revoked', () =>
    withAccounts(async (box) => {
      const { handlers } = box.accounts;
      const by = box.call(atTheBox);
      const create = () =>
        handlers['api-keys.create']({ label: 'central', scopes: ['events:read'], expiresInDays: 1 }, by);
      const one = await create();
      const two = await create();
      const use = ({ secret }: { readonly secret: string }) =>
        codeOf(() => box.caller({ authorization: `Bearer ${secret}` }));
      assert.deepEqual([await use(one), await use(two)], ['none', 'none']);
      await handlers['api-keys.revoke']({ id: one.apiKey.id }, by);
      assert.deepEqual([await use(one), await use(two)], ['unauthenticated', 'none']);
      box.clock.advanceBy(86_400_000);
      assert.equal(await use(two), 'unauthenticated');
    }));

  test('works while the time of its use cannot be stored', () =>
    withAccounts(async (box) => {
      const { handlers } = box.accounts;
      const { secret } = await handlers['api-keys.create'](
        { label: 'central', scopes: ['events:read'], expiresInDays: 1 },
        box.call(atTheBox),
      );
      // Another process that writes stands for a disk that takes no writes: both are errors of the environment.
      const other = new Sqlite(join(box.dataDir, 'accounts.db'));
      other.exec('BEGIN IMMEDIATE');
      try {
        const caller = await box.caller({ authorization: `Bearer ${secret}` });
        assert.ok(caller?.scopes.has('events:read'));
      } finally {
        other.close();
      }
    }));

  test('of a user who must change the password does nothing', () =>
    withAccounts(async (box) => {
      await box.claim();
      const creator = await helpdesk(box);
      const { handlers } = box.accounts;
      const { secret } = await handlers['api-keys.create'](
        { label: 'central', scopes: ['events:read'], expiresInDays: 30 },
        box.call(creator),
      );
      await handlers['users.reset-password']({ id: creator.userId ?? '' }, box.call(atTheBox));
      const caller = await box.caller({ authorization: `Bearer ${secret}` });
      assert.equal(caller?.scopes.size, 0);
    }));
});

test('preferences change what the own account shows', () =>
  withAccounts(async (box) => {
    await box.claim();
    const { caller } = await box.login('anna', goodPassword);
    const { handlers } = box.accounts;
    const user = await handlers['auth.preferences']({ language: 'de', timeFormat: '12h' }, box.call(caller));
    assert.deepEqual([user.language, user.timeFormat, user.displayName], ['de', '12h', 'Anna']);
    const { action, subject, details } = box.entries.at(-1) ?? {};
    assert.deepEqual([action, subject, details?.['preferences']], ['user.changed', user.id, true]);
    assert.equal(
      await codeOf(() => handlers['auth.preferences']({ language: 'de' }, box.call(atTheBox))),
      'not-an-account',
    );
  }));

test('saved filters belong to one account, and outlive a restart', () =>
  withAccounts(async (box) => {
    await box.claim();
    const { caller } = await box.login('anna', goodPassword);
    const { handlers } = box.accounts;
    const unproven: SavedFilter = { page: 'passages', name: 'Unproven', query: '?outcome=unproven' };
    const doors: SavedFilter = { page: 'events', name: 'Doors', query: '?kind=camera' };
    const keep = async (savedFilters: readonly SavedFilter[]) => {
      await handlers['auth.preferences']({ savedFilters: [...savedFilters] }, box.call(caller));
      return (await handlers['auth.me']({}, box.call(caller))).savedFilters;
    };
    assert.deepEqual(await keep([unproven]), [unproven]);
    assert.deepEqual(await keep([]), undefined);
    assert.deepEqual(await keep([{ ...unproven, query: '?' }, unproven, doors]), [doors, unproven]);
    assert.deepEqual((await handlers['auth.me']({}, box.call(atTheBox))).savedFilters, undefined);
    // What a change leaves out stays.
    await handlers['auth.preferences']({ language: 'de' }, box.call(caller));
    await box.restart();
    const restarted = await box.accounts.handlers['auth.me']({}, box.call(caller));
    assert.deepEqual(restarted.savedFilters, [doors, unproven]);
  }));

function fail(): never {
  throw defect('defect', 'the audit log cannot be written');
}
