import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { AccountFaults } from '../../daemon/core/accounts/sealed-accounts.js';
import { Sqlite } from '../../daemon/host/sqlite-driver.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import {
  type AccountsFixture,
  accountsEpochMs,
  atTheBox,
  codeOf,
  goodPassword,
  openAccountsFixture,
} from '../support/accounts-fixture.js';

const keyText = `rck_${'A'.repeat(43)}`;
const cookieText = `rcs_${'B'.repeat(43)}`;
const hashOf = (text: string): Buffer => createHash('sha256').update(text).digest();
const yearMs = 365 * 86_400_000;

interface Box {
  readonly box: AccountsFixture;
  readonly anna: string;
  readonly berta: string;
  /** What the box found, newest last. */
  readonly found: AccountFaults[];
}

/** Anna is an administrator and Berta a viewer; both have logged in. */
async function openBox(): Promise<Box & AsyncDisposable> {
  const found: AccountFaults[] = [];
  const box = await openAccountsFixture({ onAltered: (faults) => void found.push(faults) });
  const anna = await box.claim();
  const berta = await box.addUser('berta', 'viewer');
  return { box, anna, berta, found, [Symbol.asyncDispose]: () => box[Symbol.asyncDispose]() };
}

const pathOf = ({ dataDir }: AccountsFixture): string => join(dataDir, 'accounts.db');

/** Writes into the file as somebody else. */
function tamper(box: AccountsFixture, sql: string, ...given: readonly unknown[]): void {
  const file = new Sqlite(pathOf(box));
  try {
    file.pragma('foreign_keys = OFF');
    file.prepare(sql).run(...given);
  } finally {
    file.close();
  }
}

/** What the audit log says of the newest finding. */
const reported = (box: AccountsFixture): unknown =>
  box.entries.findLast(({ action }) => action === 'accounts.set-aside')?.details?.['found'];

const cookie = (text: string) => ({ cookie: `__Host-rollcall=${text}` });
const bearer = (text: string) => ({ authorization: `Bearer ${text}` });

function insertKey(box: AccountsFixture, anna: string): void {
  const nowMs = box.clock.wallMs();
  tamper(
    box,
    `INSERT INTO api_key (id, hash, label, scopes, cameras, created_by, created_at_ms, expires_at_ms)
     VALUES (?, ?, 'x', '["users:write","users:read"]', NULL, ?, ?, ?)`,
    ...[`k-${'a'.repeat(26)}`, hashOf(keyText), `user:${anna}`, nowMs, nowMs + yearMs],
  );
}

function insertSession(box: AccountsFixture, anna: string): void {
  const nowMs = box.clock.wallMs();
  tamper(
    box,
    `INSERT INTO session (id, user_id, token, created_at_ms, last_seen_at_ms, expires_at_ms, proved_at_ms)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
    ...[`s-${'a'.repeat(26)}`, anna, hashOf(cookieText), nowMs, nowMs, nowMs + yearMs, nowMs + yearMs],
  );
}

/** Each column of an account that could give somebody more. */
const columns: Readonly<Record<string, string>> = {
  role: "role = 'admin'",
  cameras: `cameras = '["gate"]'`,
  'the password': "password = (SELECT password FROM user WHERE user_name = 'anna')",
  'the authenticator': "second_factor = x'00'",
  'a new authenticator': "new_second_factor = x'00'",
  'that it is disabled': 'is_disabled = 1',
  'that it must change its password': 'must_change = 1',
  'its user name': "user_name = 'carla'",
  'when it got its rights': 'granted_at_ms = 0',
  'the step of its last code': 'code_step = 5',
};

describe('rows of the accounts that somebody else wrote', () => {
  for (const isRunning of [true, false]) {
    const when = isRunning ? 'while the box runs' : 'while the box is stopped';
    const attack = async ({ box }: Box, work: () => void): Promise<void> => {
      if (isRunning) work();
      else await box.restart(work);
    };

    test(`open nothing when an API key is inserted ${when}`, async () => {
      await using opened = await openBox();
      const { box, anna, found } = opened;
      await attack(opened, () => insertKey(box, anna));
      assert.equal(await codeOf(() => box.caller(bearer(keyText))), 'unauthenticated');
      assert.deepEqual(await box.accounts.handlers['api-keys.list']({}, box.call(atTheBox)), []);
      assert.equal(reported(box), 'not-sealed:1');
      assert.deepEqual(found.at(-1), new Map([['not-sealed', 1]]));
    });

    test(`open nothing when a session is inserted ${when}`, async () => {
      await using opened = await openBox();
      const { box, anna } = opened;
      await attack(opened, () => insertSession(box, anna));
      assert.equal(await codeOf(() => box.caller(cookie(cookieText))), 'unauthenticated');
      assert.equal(reported(box), 'not-sealed:1');
    });

    for (const [what, set] of Object.entries(columns)) {
      test(`are not used when ${what} is changed ${when}`, async () => {
        await using opened = await openBox();
        const { box, berta } = opened;
        await attack(opened, () => tamper(box, `UPDATE user SET ${set} WHERE user_name = 'berta'`));
        const { handlers } = box.accounts;
        assert.equal(
          await codeOf(() => handlers['users.get']({ id: berta }, box.call(atTheBox))),
          'no-such-user',
        );
        assert.equal(await codeOf(() => box.login('berta')), 'login-refused');
        assert.equal(reported(box), 'not-sealed:1');
        await box.login('anna');
      });
    }

    test(`are not used when they are exchanged between accounts ${when}`, async () => {
      await using opened = await openBox();
      const { box } = opened;
      // Each value is genuine in the other row.
      const exchange = (): void => {
        tamper(box, 'CREATE TABLE former AS SELECT * FROM user');
        tamper(
          box,
          `UPDATE user SET (password, role) = (SELECT password, role FROM former WHERE former.id <> user.id)`,
        );
      };
      await attack(opened, exchange);
      for (const userName of ['anna', 'berta'])
        assert.equal(await codeOf(() => box.login(userName)), 'login-refused');
    });
  }

  test('are not used when a passkey, a recovery code, a role, an approval or a claim is inserted', async () => {
    await using opened = await openBox();
    const { box, anna } = opened;
    const nowMs = box.clock.wallMs();
    const claim = `rcc_${'C'.repeat(43)}`;
    tamper(box, 'INSERT INTO claim VALUES (1, ?, 1, ?)', hashOf(claim), nowMs + 1000);
    tamper(box, 'INSERT INTO recovery_code VALUES (?, ?)', hashOf('x'), anna);
    tamper(box, `INSERT INTO role VALUES ('helper', '', '["users:write"]', 1)`);
    tamper(box, `INSERT INTO passkey VALUES ('p', 'c', ?, 'x', x'00', 0, '[]', 0, NULL)`, anna);
    tamper(
      box,
      `INSERT INTO approval VALUES ('q', 'users.create', 'users', 'users:write', x'00', '{}', ?, ?, ?, 'approved', 'uid:0')`,
      ...[anna, nowMs, nowMs + 1000],
    );
    const { handlers } = box.accounts;
    const redeem = { secret: claim, userName: 'carla', displayName: '', password: goodPassword };
    assert.equal(await codeOf(() => handlers['auth.claim'](redeem, box.call())), 'claim-refused');
    const by = box.call(atTheBox);
    assert.equal(await codeOf(() => handlers['roles.get']({ name: 'helper' }, by)), 'no-such-role');
    const shown = await handlers['users.get']({ id: anna }, by);
    assert.deepEqual([shown.passkeys, shown.recoveryCodesLeft], [0, 0]);
    assert.equal((await handlers['approvals.list']({ limit: 10 }, by)).total, 0);
    await box.restart();
    for (const table of ['claim', 'recovery_code', 'role', 'passkey', 'approval']) {
      const file = new Sqlite(pathOf(box), { readonly: true });
      assert.equal(file.prepare(`SELECT count(*) FROM ${table}`).pluck().get(), 0, table);
      file.close();
    }
  });

  test('gain nothing by a trigger that changes what the box writes', async () => {
    await using opened = await openBox();
    const { box, berta } = opened;
    tamper(
      box,
      `CREATE TRIGGER gift AFTER UPDATE ON user BEGIN UPDATE user SET role = 'admin' WHERE id = NEW.id; END`,
    );
    const { handlers } = box.accounts;
    const change = () => handlers['users.change']({ id: berta, displayName: 'Berta' }, box.call(atTheBox));
    assert.equal(await codeOf(change), 'no-such-user');
    await box.restart();
    const { caller } = await box.login('berta');
    assert.ok(!caller.scopes.has('users:write'));
    const file = new Sqlite(pathOf(box), { readonly: true });
    assert.equal(file.prepare(`SELECT count(*) FROM sqlite_schema WHERE type = 'trigger'`).pluck().get(), 0);
    file.close();
  });
});

describe('accounts of a box that gets another name', () => {
  test('stay in force, also through later changes', async () => {
    const found: AccountFaults[] = [];
    let ids = { siteId: 'vm', boxId: 'box' };
    const options = { onAltered: (faults: AccountFaults) => void found.push(faults) };
    await using box = await openAccountsFixture(
      Object.defineProperty(options, 'ids', { enumerable: true, get: () => ids }),
    );
    await box.claim();
    await box.restart(() => {
      assert.ok(!existsSync(`${pathOf(box)}-wal`), 'the file was closed');
      ids = { siteId: 'plant-1', boxId: 'box-1' };
    });
    await box.login('anna');
    await box.addUser('berta', 'viewer');
    await box.restart();
    for (const userName of ['anna', 'berta']) await box.login(userName);
    assert.deepEqual(found, []);
  });
});

describe('an older copy of the accounts', () => {
  /** Copies the file as it is now, and returns what puts it back. */
  const copied = async (box: AccountsFixture): Promise<() => void> => {
    const copy = join(box.dataDir, 'copy');
    await box.restart(() => copyFileSync(pathOf(box), copy));
    return () => {
      for (const suffix of ['-wal', '-shm']) rmSync(`${pathOf(box)}${suffix}`, { force: true });
      copyFileSync(copy, pathOf(box));
    };
  };

  test('is refused as a whole, kept for whoever looks into it, and leaves the way by the claim', async () => {
    await using opened = await openBox();
    const { box, berta, found } = opened;
    const putBack = await copied(box);
    const { handlers } = box.accounts;
    await handlers['users.change']({ id: berta, isDisabled: true }, box.call(atTheBox));
    await box.login('anna');
    await box.restart(putBack);
    assert.deepEqual(found.at(-1), new Map([['put-back', 1]]));
    assert.equal(reported(box), 'put-back:1');
    for (const userName of ['anna', 'berta'])
      assert.equal(await codeOf(() => box.login(userName)), 'login-refused');
    assert.ok(readdirSync(box.dataDir).some((name) => name.startsWith('accounts.db.refused-')));
    await box.claim('carla');
    await box.restart();
    await box.login('carla');
    assert.equal(found.length, 1);
  });

  test('of one change before disables the account that the change was about', async () => {
    await using opened = await openBox();
    const { box, anna, berta, found } = opened;
    const putBack = await copied(box);
    await box.accounts.handlers['users.change']({ id: berta, role: 'auditor' }, box.call(atTheBox));
    await box.restart(putBack);
    assert.deepEqual(found.at(-1), new Map([['unfinished', 1]]));
    assert.equal(await codeOf(() => box.login('berta')), 'login-refused');
    const { handlers } = box.accounts;
    assert.equal((await handlers['users.get']({ id: berta }, box.call(atTheBox))).isDisabled, true);
    assert.equal((await handlers['users.get']({ id: anna }, box.call(atTheBox))).isDisabled, false);
    await box.login('anna');
  });

  test('of one change before does not bring back an API key, a session or an account', async () => {
    const changes: Readonly<Record<string, (given: Box, keyId: string) => Promise<unknown>>> = {
      key: async ({ box }, id) => box.accounts.handlers['api-keys.revoke']({ id }, box.call(atTheBox)),
      sessions: async ({ box, anna }) =>
        box.accounts.handlers['users.end-sessions']({ id: anna }, box.call(atTheBox)),
      account: async ({ box, berta }) =>
        box.accounts.handlers['users.remove']({ id: berta }, box.call(atTheBox)),
    };
    for (const [what, change] of Object.entries(changes)) {
      await using opened = await openBox();
      const { box } = opened;
      const given = { label: 'x', scopes: ['users:read' as const], expiresInDays: 1 };
      const { apiKey, secret } = await box.accounts.handlers['api-keys.create'](given, box.call(atTheBox));
      const { accessToken } = await box.login('anna');
      const putBack = await copied(box);
      await change(opened, apiKey.id);
      await box.restart(putBack);
      const opens = {
        key: () => box.caller(bearer(secret)),
        sessions: () => box.caller(bearer(accessToken)),
        account: () => box.login('berta'),
      }[what];
      assert.notEqual(await codeOf(async () => opens?.()), 'none', what);
    }
  });

  test('of single rows brings nothing back', async () => {
    await using opened = await openBox();
    const { box, berta, found } = opened;
    const file = new Sqlite(pathOf(box));
    file.exec('CREATE TABLE kept AS SELECT * FROM user');
    const { handlers } = box.accounts;
    await handlers['users.change']({ id: berta, isDisabled: true }, box.call(atTheBox));
    file.exec('DELETE FROM user; INSERT INTO user SELECT * FROM kept');
    file.close();
    assert.equal(await codeOf(() => box.login('berta')), 'login-refused');
    await box.restart();
    assert.equal(await codeOf(() => box.login('berta')), 'login-refused');
    assert.ok(found.length > 0);
  });

  test('is reported when rows or the whole file are gone', async () => {
    await using opened = await openBox();
    const { box, found } = opened;
    await box.restart(() => tamper(box, `DELETE FROM user WHERE user_name = 'berta'`));
    assert.equal([...(found.at(-1)?.keys() ?? [])].join(), 'missing');
    await box.login('anna');
    await box.restart(() => {
      for (const suffix of ['', '-wal', '-shm']) rmSync(`${pathOf(box)}${suffix}`, { force: true });
    });
    assert.deepEqual(found.at(-1), new Map([['missing', 1]]));
    assert.equal(reported(box), 'missing:1');
    await box.claim('carla');
  });

  test('is reported when the file is deleted while the box runs', async () => {
    await using opened = await openBox();
    const { box, found } = opened;
    rmSync(pathOf(box));
    box.clock.advanceBy(11 * 60_000);
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(found.at(-1), new Map([['missing', 1]]));
  });

  test('does not stop the box when the file is garbage, of another program, or lacks a table', async () => {
    const garbage: Readonly<Record<string, (path: string) => void>> = {
      garbage: (path) => writeFileSync(path, 'x'.repeat(10_000)),
      foreign(path) {
        rmSync(path);
        const file = new Sqlite(path);
        file.exec('PRAGMA application_id = 1; CREATE TABLE other (x)');
        file.close();
      },
      'without a table'(path) {
        const file = new Sqlite(path);
        file.exec('DROP TABLE session');
        file.close();
      },
      'a table that is a view'(path) {
        const file = new Sqlite(path);
        file.exec(`ALTER TABLE user RENAME TO users; CREATE VIEW user AS SELECT * FROM users`);
        file.close();
      },
    };
    for (const [what, damage] of Object.entries(garbage)) {
      await using opened = await openBox();
      const { box, found } = opened;
      await box.restart(() => damage(pathOf(box)));
      assert.equal(await codeOf(() => box.login('anna')), 'login-refused', what);
      assert.ok(found.length > 0, what);
      assert.ok(existsSync(pathOf(box)));
      await box.claim('carla');
      await box.restart();
      await box.login('carla');
    }
  });
});

describe('accounts of an earlier version', () => {
  test('are sealed once, without those that the log does not know, and never again', async () => {
    const found: AccountFaults[] = [];
    let isEarlier = true;
    await using box = await openAccountsFixture({
      isEarlier: () => isEarlier,
      onAltered: (faults) => void found.push(faults),
    });
    const anna = await box.claim();
    const given = { label: 'x', scopes: ['users:read' as const], expiresInDays: 1 };
    const { secret } = await box.accounts.handlers['api-keys.create'](given, box.call(atTheBox));
    const { accessToken } = await box.login('anna');
    const unseal = (): void => {
      isEarlier = false;
      tamper(box, 'DELETE FROM sealed');
      insertKey(box, anna);
      insertSession(box, anna);
    };
    await box.restart(unseal);
    const sealed = box.entries.filter(({ action }) => action === 'accounts.sealed');
    assert.deepEqual(
      sealed.map(({ details }) => details),
      [{ users: 1, apiKeys: 1, screens: 0 }],
    );
    assert.deepEqual(found, [new Map([['not-sealed', 1]])]);
    assert.ok(await box.caller(bearer(secret)));
    for (const planted of [bearer(keyText), cookie(cookieText), bearer(accessToken)]) {
      assert.equal(await codeOf(() => box.caller(planted)), 'unauthenticated');
    }
    await box.login('anna');
    // The log states the accounts now: a file without seals is none of an earlier version.
    await box.restart(unseal);
    assert.deepEqual(found.at(-1), new Map([['missing', 1]]));
    assert.equal(await codeOf(() => box.login('anna')), 'login-refused');
    assert.equal(await codeOf(() => box.caller(bearer(keyText))), 'unauthenticated');
  });
});

describe('a session', () => {
  test('that began, or proved something, in the future opens nothing', async () => {
    const real = new VirtualClock(accountsEpochMs);
    let aheadMs = 0;
    const clock = {
      monotonicMs: () => real.monotonicMs(),
      wallMs: () => real.wallMs() + aheadMs,
      after: (delayMs: number, callback: () => void) => real.after(delayMs, callback),
    };
    await using box = await openAccountsFixture({ clock });
    await box.claim();
    aheadMs = yearMs;
    const { refreshToken } = await box.login('anna');
    const { handlers } = box.accounts;
    const given = { label: 'x', scopes: ['users:read' as const], expiresInDays: 1 };
    const { secret } = await handlers['api-keys.create'](given, box.call(atTheBox));
    assert.ok(await box.caller(bearer(secret)));
    // A little is no attack: a time server may set the clock back.
    aheadMs = yearMs - 30_000;
    assert.ok(await box.caller(bearer(secret)));
    aheadMs = 0;
    assert.equal(await codeOf(() => box.caller(bearer(secret))), 'unauthenticated');
    assert.equal(
      await codeOf(() => handlers['auth.refresh']({ refreshToken }, box.call())),
      'refresh-refused',
    );
  });
});
