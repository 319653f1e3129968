import assert from 'node:assert/strict';
import { copyFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { nothingStated } from '../../daemon/core/accounts/account-ledger.js';
import { ApprovalsStore } from '../../daemon/core/accounts/approvals-store.js';
import { newUserRow } from '../../daemon/core/accounts/claims.js';
import { PasskeysStore } from '../../daemon/core/accounts/passkeys-store.js';
import { ScreensStore } from '../../daemon/core/accounts/screens-store.js';
import {
  type AccountsLog,
  openSealedAccounts,
  type SealedAccounts,
} from '../../daemon/core/accounts/sealed-accounts.js';
import { SessionsStore } from '../../daemon/core/accounts/sessions-store.js';
import { UsersStore } from '../../daemon/core/accounts/users-store.js';
import type { AuditDetails } from '../../daemon/core/audit/audit-entry.js';
import { Sqlite } from '../../daemon/host/sqlite-driver.js';
import type { AuditAction } from '../../daemon/kernel/audit-action.js';
import { operational } from '../../daemon/kernel/errors.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { readState, stateDetail } from '../../daemon/kernel/stated-set.js';
import { auditEpochMs, auditKeyOf, openAuditFixture, somebody } from '../support/audit-fixture.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

interface Opening {
  readonly keys?: readonly number[];
  readonly box?: string;
  readonly log?: Partial<AccountsLog>;
}

/** A folder with accounts.db, and an audit log in memory. */
async function openPlace() {
  const directory = await temporaryDirectory();
  const audit = openAuditFixture();
  const { log, clock } = audit;
  const path = join(directory.path, 'accounts.db');
  let sealed: SealedAccounts | undefined;
  const close = (): void => {
    sealed?.[Symbol.dispose]();
    sealed = undefined;
  };
  const open = ({ keys = [7], box = 'werk/box-1', log: other = {} }: Opening = {}): SealedAccounts => {
    close();
    sealed = openSealedAccounts({
      ...{ path, box, clock, logger: silentLogger, log: { ...log, ...other } },
      auditKeys: keys.map(auditKeyOf),
    });
    return sealed;
  };
  /** Writes into the file as somebody else. */
  const tamper = (...statements: readonly string[]): void => {
    const file = new Sqlite(path);
    file.pragma('foreign_keys = OFF');
    for (const sql of statements) file.exec(sql);
    file.close();
  };
  return {
    ...{ path, log, clock, audit, open, close, tamper },
    names: () => readdirSync(directory.path),
    /** What the newest finding in the log says, and how many there are. */
    reported: () => {
      const entries = log.list({ action: 'accounts.set-aside' });
      return [entries.at(-1)?.details['found'], entries.length];
    },
    stated: () =>
      log
        .list({})
        .flatMap(({ details }) => readState(details) ?? [])
        .at(-1) ?? nothingStated,
    async [Symbol.asyncDispose]() {
      close();
      audit[Symbol.dispose]();
      await directory[Symbol.asyncDispose]();
    },
  };
}
type Place = Awaited<ReturnType<typeof openPlace>>;

const far = 9_000_000_000_000;

/** One row in every table. The entry is what the log has of it. */
function fill({ ledger }: SealedAccounts, action: AuditAction = 'user.created', subject = 'u-1'): void {
  const [users, sessions] = [new UsersStore(ledger), new SessionsStore(ledger)];
  ledger.database.transaction(() => {
    const password = Buffer.from('hash');
    users.insert(newUserRow({ id: 'u-1', userName: 'anna', password, role: 'admin' }, auditEpochMs));
    users.putRecoveryCodes('u-1', [Buffer.of(1)]);
    users.insertRole('night', '', []);
    sessions.insert({
      ...{ id: 's-1', userId: 'u-1', token: null, createdAtMs: 1, lastSeenAtMs: 2, expiresAtMs: far },
      ...{ provedAtMs: 4, provedBy: 'password', address: null, agent: null },
    });
    sessions.insertRefreshToken(Buffer.of(1), 's-1', far);
    sessions.insertApiKey({
      ...{ id: 'k-1', hash: Buffer.of(1), label: 'x', scopes: '[]', cameras: null, createdBy: 'user:u-1' },
      ...{ createdAtMs: auditEpochMs, expiresAtMs: far, lastUsedAtMs: null },
    });
    sessions.putClaim(Buffer.of(1), false, far);
    new PasskeysStore(ledger).insert({
      ...{ id: 'p-1', credentialId: 'c', userId: 'u-1', name: 'x', publicKey: Buffer.of(1), counter: 0 },
      ...{ transports: '[]', createdAtMs: auditEpochMs, lastUsedAtMs: null },
    });
    new ApprovalsStore(ledger).insert({
      ...{ id: 'q-1', operation: 'users.create', class: 'users', scope: 'users:write', shown: '{}' },
      ...{ digest: Buffer.of(1), askedBy: 'u-1', askedAtMs: 1, expiresAtMs: far, state: 'waiting' },
      decidedBy: null,
    });
    new ScreensStore(ledger).insert({
      ...{ id: 'd-1', camera: 'gate', label: 'x', createdBy: 'uid:0', createdAtMs: auditEpochMs },
      ...{ pairing: Buffer.of(1), token: null, pairedAtMs: null, expiresAtMs: far, lastSeenAtMs: null },
      ...{ address: null, agent: null },
    });
    ledger.audit.append({ by: somebody, action, subject });
  });
}

/** A row of somebody else for every table. */
const planted: Readonly<Record<string, string>> = {
  recovery_code: `INSERT INTO recovery_code VALUES (x'aa', 'u-1')`,
  refresh_token: `INSERT INTO refresh_token VALUES (x'aa', 's-1', ${far}, NULL)`,
  session: `INSERT INTO session (id, user_id, created_at_ms, last_seen_at_ms, expires_at_ms, proved_at_ms)
    VALUES ('s-9', 'u-1', 1, 1, ${far}, 1)`,
  passkey: `INSERT INTO passkey VALUES ('p-9', 'c9', 'u-1', 'x', x'00', 0, '[]', ${auditEpochMs}, NULL)`,
  approval: `INSERT INTO approval
    VALUES ('q-9', 'users.create', 'users', 'users:write', x'00', '{}', 'u-1', 1, ${far}, 'approved', 'uid:0')`,
  api_key: `INSERT INTO api_key VALUES ('k-9', x'aa', 'x', '[]', NULL, 'uid:0', ${auditEpochMs}, ${far}, NULL)`,
  claim: `REPLACE INTO claim VALUES (1, x'aa', 1, ${far})`,
  screen: `INSERT INTO screen (id, camera, label, created_by, created_at_ms, expires_at_ms)
    VALUES ('d-9', 'gate', 'x', 'uid:0', ${auditEpochMs}, ${far})`,
  user: `INSERT INTO user
    (id, user_name, display_name, role, language, time_format, password, created_at_ms, password_at_ms)
    VALUES ('u-9', 'eva', '', 'admin', 'en', '24h', x'00', ${auditEpochMs}, 0)`,
  role: `INSERT INTO role VALUES ('helper', '', '["users:write"]', 1)`,
};
const tables = Object.keys(planted);
const triggers = [
  `CREATE TRIGGER "a ""gift""" AFTER UPDATE ON user BEGIN SELECT 1; END`,
  'CREATE VIEW mine AS SELECT * FROM user',
];

const rowsIn = ({ ledger }: SealedAccounts, table: string): number =>
  Number(ledger.database.db.prepare(`SELECT count(*) FROM ${table}`).pluck().get());
/** Tables that have rows. */
const filled = (sealed: SealedAccounts): readonly string[] =>
  tables.filter((table) => rowsIn(sealed, table) > 0);
const foundBy = (sealed: SealedAccounts) => Object.fromEntries(sealed.faults);

describe('accounts that nobody touched', () => {
  test('open with every row, and without an entry in the log', async () => {
    await using place = await openPlace();
    fill(place.open());
    const entries = place.log.count();
    const sealed = place.open();
    assert.deepEqual([foundBy(sealed), filled(sealed)], [{}, tables]);
    assert.equal(sealed.inspect().size, 0);
    assert.deepEqual([place.log.count(), sealed.ledger.revision], [entries, 1]);
    assert.deepEqual(
      place.names().filter((name) => name.includes('refused')),
      [],
    );
  });

  test('open though the file was empty so far', async () => {
    await using place = await openPlace();
    for (let start = 0; start < 3; start += 1) assert.deepEqual(foundBy(place.open()), {});
    assert.equal(place.log.count(), 0);
    place.open().ledger.state();
    place.close();
    rmSync(place.path);
    assert.deepEqual(foundBy(place.open()), {}, 'nothing is missing of nothing');
  });

  test('keep a row that changes with its use', async () => {
    await using place = await openPlace();
    const first = place.open();
    fill(first);
    first.ledger.database.transaction(() => new SessionsStore(first.ledger).seen('s-1', 99));
    assert.deepEqual(foundBy(place.open()), {});
  });

  test('do not open without an audit key', async () => {
    await using place = await openPlace();
    assert.throws(() => place.open({ keys: [] }), RangeError);
  });

  test('leave no journal behind when they are closed', async () => {
    await using place = await openPlace();
    fill(place.open());
    place.close();
    assert.deepEqual(place.names(), ['accounts.db']);
  });
});

describe('a row of somebody else', () => {
  for (const table of tables) {
    test(`in ${table} is deleted, whether the box runs or not`, async () => {
      await using place = await openPlace();
      const { open, tamper } = place;
      const running = open();
      fill(running);
      tamper(planted[table] ?? '');
      assert.deepEqual(Object.fromEntries(running.inspect()), { 'not-sealed': 1 });
      assert.equal(rowsIn(running, table), table === 'claim' ? 0 : 1);
      assert.equal(running.inspect().size, 0);
      assert.deepEqual(place.reported(), ['not-sealed:1', 1]);
      place.close();
      tamper(planted[table] ?? '');
      const later = open();
      assert.deepEqual(foundBy(later), { 'not-sealed': 1 });
      assert.equal(rowsIn(later, table), table === 'claim' ? 0 : 1);
      assert.deepEqual(place.reported(), ['not-sealed:1', 2]);
      assert.deepEqual(foundBy(open()), {}, 'once');
    });

    test(`in ${table} cannot be hidden by deleting it: that is told, whether the box runs or not`, async () => {
      for (const isRunning of [true, false]) {
        await using place = await openPlace();
        const running = place.open();
        fill(running);
        if (!isRunning) place.close();
        place.tamper(`DELETE FROM ${table}`);
        const found = isRunning ? running.inspect() : place.open().faults;
        assert.deepEqual(Object.fromEntries(found), { missing: 1 });
        assert.deepEqual(place.reported(), ['missing:1', 1]);
        assert.deepEqual(foundBy(place.open()), {}, 'once');
      }
    });
  }

  test('is counted with the others', async () => {
    for (const isRunning of [true, false]) {
      await using place = await openPlace();
      const running = place.open();
      fill(running);
      if (!isRunning) place.close();
      place.tamper(planted['role'] ?? '', planted['api_key'] ?? '', `DELETE FROM screen`);
      const found = isRunning ? running.inspect() : place.open().faults;
      assert.deepEqual(Object.fromEntries(found), { 'not-sealed': 2 });
    }
    await using place = await openPlace();
    fill(place.open());
    place.close();
    place.tamper('DELETE FROM screen', 'DELETE FROM role');
    assert.deepEqual(foundBy(place.open()), { missing: 2 });
  });

  test('may be a trigger or a view: both are dropped', async () => {
    for (const isRunning of [true, false]) {
      await using place = await openPlace();
      const running = place.open();
      fill(running);
      if (!isRunning) place.close();
      place.tamper(...triggers);
      const sealed = isRunning ? running : place.open();
      const found = isRunning ? running.inspect() : sealed.faults;
      assert.deepEqual(Object.fromEntries(found), { 'not-sealed': 2 });
      const left = `SELECT count(*) FROM sqlite_schema WHERE type IN ('trigger', 'view')`;
      assert.equal(sealed.ledger.database.db.prepare(left).pluck().get(), 0);
      assert.equal(sealed.inspect().size, 0);
    }
  });

  test('counts if it is a refresh token that was used: it opens nothing', async () => {
    await using place = await openPlace();
    fill(place.open());
    place.close();
    place.tamper(`INSERT INTO refresh_token VALUES (x'aa', 's-1', ${far}, 5)`);
    const sealed = place.open();
    assert.deepEqual([foundBy(sealed), rowsIn(sealed, 'refresh_token')], [{}, 2]);
    assert.equal(sealed.inspect().size, 0);
  });
});

describe('a file of the accounts that is gone while the box runs', () => {
  for (const [how, take] of Object.entries({
    removed: (path: string) => rmSync(path),
    replaced(path: string) {
      copyFileSync(path, `${path}.copy`);
      rmSync(path);
      copyFileSync(`${path}.copy`, path);
    },
  })) {
    test(`because it was ${how} is told of once`, async () => {
      await using place = await openPlace();
      const sealed = place.open();
      fill(sealed);
      take(place.path);
      assert.deepEqual(Object.fromEntries(sealed.inspect()), { missing: 1 });
      assert.equal(sealed.inspect().size, 0);
      assert.deepEqual(place.reported(), ['missing:1', 1]);
    });
  }
});

describe('a file of the accounts that lacks something', () => {
  for (const table of [...tables, 'sealed', 'failure']) {
    test(`such as the table ${table} is put aside as damaged`, async () => {
      await using place = await openPlace();
      fill(place.open());
      place.close();
      place.tamper(`DROP TABLE ${table}`);
      const sealed = place.open();
      assert.deepEqual([filled(sealed), foundBy(sealed)], [[], { missing: 1 }]);
      assert.ok(place.names().some((name) => name.startsWith('accounts.db.damaged-2026-03-01T08-00-00')));
    });
  }

  test('such as a column is put aside as damaged', async () => {
    for (const sql of ['ALTER TABLE role DROP COLUMN description', 'ALTER TABLE sealed DROP COLUMN seal']) {
      await using place = await openPlace();
      fill(place.open());
      place.close();
      place.tamper(sql);
      assert.deepEqual(filled(place.open()), []);
      assert.ok(
        place.names().some((name) => name.startsWith('accounts.db.damaged-')),
        sql,
      );
    }
  });

  test('such as the seal is refused', async () => {
    for (const sql of [
      'DELETE FROM sealed',
      `UPDATE sealed SET seal = x'00'`,
      `UPDATE sealed SET content = 'no JSON'`,
    ]) {
      await using place = await openPlace();
      fill(place.open());
      place.close();
      place.tamper(sql);
      const sealed = place.open();
      const isGone = sql.startsWith('DELETE');
      assert.deepEqual(
        [filled(sealed), foundBy(sealed)],
        [[], isGone ? { missing: 1 } : { 'not-sealed': 1 }],
      );
      assert.ok(
        place.names().some((name) => name.startsWith('accounts.db.refused-')),
        sql,
      );
      assert.deepEqual(foundBy(place.open()), {}, 'once');
    }
  });
});

/** Adds an entry to the log that states another set: what is in the file is what was before. */
function stateNext(
  { log, stated }: Place,
  action: AuditAction,
  { subject, details, by = 1 }: { subject?: string; details?: AuditDetails; by?: number } = {},
): void {
  const { revision, digest } = stated();
  log.append({
    ...{ by: somebody, action, ...(subject === undefined ? {} : { subject }) },
    details: {
      ...details,
      ...stateDetail({ revision: revision + by, digest: 'f'.repeat(32), before: digest }),
    },
  });
}

describe('accounts one change behind the log', () => {
  for (const action of [
    ...(['accounts.stated', 'login.failed', 'session.refreshed', 'user.unlocked', 'role.created'] as const),
    ...(['screen.paired', 'approval.asked', 'access.key-created', 'access.key-revoked'] as const),
  ]) {
    test(`are known as such when that was ${action}`, async () => {
      await using place = await openPlace();
      fill(place.open());
      stateNext(place, action);
      const { revision } = place.stated();
      const sealed = place.open();
      assert.deepEqual(foundBy(sealed), { unfinished: 1 });
      assert.equal(sealed.ledger.revision, revision + 1, 'the next statement is a newer one');
      assert.deepEqual(place.reported(), ['unfinished:1', 1]);
      assert.deepEqual(foundBy(place.open()), {}, 'once');
    });
  }

  /** What is gone when an entry of this action about this subject was the last. */
  const undone: readonly (readonly [AuditAction, string, readonly string[], AuditDetails?])[] = [
    ['login.failed', 'u-2', ['claim']],
    ['session.ended', 'u-1', ['approval', 'claim', 'session', 'refresh_token']],
    ['access.key-revoked', 'k-1', ['api_key', 'claim']],
    ['screen.removed', 'd-1', ['claim', 'screen']],
    ['role.changed', 'night', ['claim', 'role']],
    ['user.unlocked', 'night', ['claim']],
    ['user.recovery-code-used', 'u-1', ['approval', 'claim', 'recovery_code', 'session', 'refresh_token']],
    [
      'user.recovery-codes-renewed',
      'u-1',
      ['approval', 'claim', 'recovery_code', 'session', 'refresh_token'],
    ],
    ['user.passkey-added', 'u-1', ['approval', 'claim', 'session', 'refresh_token'], { passkey: 'p-1' }],
    [
      'user.passkey-removed',
      'u-1',
      ['approval', 'claim', 'passkey', 'session', 'refresh_token'],
      { passkey: 'p-1' },
    ],
    ['user.passkey-removed', 'u-1', ['approval', 'claim', 'session', 'refresh_token'], { passkey: 'p-2' }],
    [
      ...(['user.removed', 'u-1'] as const),
      ['api_key', 'approval', 'claim', 'passkey', 'recovery_code', 'session', 'refresh_token', 'user'],
    ],
  ];
  for (const [action, subject, gone, details] of undone) {
    const about = details === undefined ? subject : `${subject} and ${details['passkey']}`;
    test(`lose what ${action} of ${about} may have ended`, async () => {
      await using place = await openPlace();
      fill(place.open());
      stateNext(place, action, { subject, ...(details === undefined ? {} : { details }) });
      const sealed = place.open();
      const left = filled(sealed);
      assert.deepEqual(tables.filter((table) => !left.includes(table)).sort(), [...gone].sort());
      assert.equal(
        new UsersStore(sealed.ledger).byId('u-1')?.isDisabled,
        left.includes('user') ? 0 : undefined,
      );
      assert.deepEqual(foundBy(place.open()), {}, 'what is left is sealed again');
    });
  }

  for (const action of [
    ...(['user.changed', 'user.password-changed', 'user.password-reset'] as const),
    ...(['user.second-factor-added', 'user.second-factor-removed'] as const),
  ]) {
    test(`disable the account whose newest change is ${action}`, async () => {
      await using place = await openPlace();
      fill(place.open());
      stateNext(place, action, { subject: 'u-1' });
      assert.equal(new UsersStore(place.open().ledger).byId('u-1')?.isDisabled, 1);
      assert.equal(new UsersStore(place.open().ledger).byId('u-1')?.isDisabled, 1, 'for good');
    });
  }
});

describe('accounts that do not fit the log', () => {
  /** What is found, and whether the accounts are in force. */
  const outcome = (sealed: SealedAccounts) => [foundBy(sealed), filled(sealed).length > 0];

  test('are refused as put back when two changes are missing', async () => {
    await using place = await openPlace();
    fill(place.open());
    stateNext(place, 'user.changed');
    stateNext(place, 'user.changed');
    assert.deepEqual(outcome(place.open()), [{ 'put-back': 1 }, false]);
    assert.deepEqual(place.reported(), ['put-back:1', 1]);
    assert.equal(place.stated().revision, 4);
    place.close();
    assert.deepEqual(place.names(), ['accounts.db', 'accounts.db.refused-2026-03-01T08-00-00.000Z']);
  });

  test('are refused as put back when the log states another set at the same time', async () => {
    await using place = await openPlace();
    fill(place.open());
    stateNext(place, 'user.changed', { by: 0 });
    assert.deepEqual(outcome(place.open()), [{ 'put-back': 1 }, false]);
  });

  test('stay in force, and are told of, when the log is the older one', async () => {
    await using place = await openPlace();
    fill(place.open());
    stateNext(place, 'user.changed', { by: -1 });
    const sealed = place.open();
    assert.deepEqual(outcome(sealed), [{ 'log-older': 1 }, true]);
    assert.equal(sealed.ledger.revision, 3, 'the statement is newer than both');
    assert.deepEqual(outcome(place.open()), [{}, true]);
  });

  test('are refused under another name of the box when the log is the older one', async () => {
    await using place = await openPlace();
    fill(place.open());
    stateNext(place, 'user.changed', { by: -1 });
    assert.deepEqual(outcome(place.open({ box: 'werk/box-2' })), [{ 'put-back': 1 }, false]);
  });

  test('stay in force under another name of the box when the log fits', async () => {
    await using place = await openPlace();
    fill(place.open());
    assert.deepEqual(outcome(place.open({ box: 'werk/box-2' })), [{}, true]);
    assert.deepEqual(outcome(place.open()), [{}, true]);
  });

  test('stay in force when the log is new, for the same box and its present key only', async () => {
    const cases: readonly (readonly [Opening, boolean])[] = [
      [{}, true],
      [{ box: 'werk/box-2' }, false],
      [{ keys: [8, 7] }, false],
      [{ keys: [8, 7], box: 'werk/box-2' }, false],
    ];
    for (const [opening, isKept] of cases) {
      await using place = await openPlace();
      fill(place.open());
      using other = openAuditFixture();
      const sealed = place.open({ ...opening, log: other.log });
      assert.deepEqual(outcome(sealed), [{ 'log-older': 1 }, isKept], JSON.stringify(opening));
    }
  });

  test('raise no alarm when they are empty and the log is new', async () => {
    await using place = await openPlace();
    place.open();
    using other = openAuditFixture();
    assert.deepEqual(foundBy(place.open({ box: 'werk/box-2', log: other.log })), {});
  });

  test('are refused when the log cannot be trusted', async () => {
    for (const log of [{ isWholeSince: () => false }, { list: () => [], verify: broken }]) {
      await using place = await openPlace();
      fill(place.open());
      assert.deepEqual(outcome(place.open({ log })), [{ 'log-broken': 1 }, false]);
    }
  });

  test('that are empty are told of when the log cannot be trusted, but not at the first start', async () => {
    await using place = await openPlace();
    const log = { list: () => [], verify: broken };
    assert.deepEqual(outcome(place.open({ log })), [{}, false]);
    assert.deepEqual(outcome(place.open({ log })), [{ 'log-broken': 1 }, false]);
    assert.ok(!place.names().some((name) => name.includes('refused')), 'there is nothing to put aside');
    place.close();
    place.tamper('DELETE FROM sealed', planted['role'] ?? '');
    assert.deepEqual(outcome(place.open({ log })), [{ 'log-broken': 1 }, false]);
    assert.ok(place.names().some((name) => name.includes('refused')));
  });

  test('stay in force as they are sealed while the log is being replaced', async () => {
    await using place = await openPlace();
    fill(place.open());
    stateNext(place, 'user.changed');
    stateNext(place, 'user.changed');
    const list = () => {
      throw operational('audit-log-missing', 'the log is being replaced');
    };
    const sealed = place.open({ log: { list } });
    assert.deepEqual([outcome(sealed), sealed.ledger.revision], [[{}, true], 1]);
  });

  test('are not sealed anew while the log is being replaced', async () => {
    await using place = await openPlace();
    fill(place.open());
    place.close();
    place.tamper('DELETE FROM sealed');
    const list = () => {
      throw operational('audit-log-missing', 'the log is being replaced');
    };
    assert.deepEqual(outcome(place.open({ log: { list } })), [{ 'not-sealed': 1 }, false]);
  });

  test('do not open when the log cannot be read', async () => {
    await using place = await openPlace();
    fill(place.open());
    const list = () => {
      throw operational('disk-failed', 'the disk failed');
    };
    assert.throws(() => place.open({ log: { list } }), { code: 'disk-failed' });
  });

  test('stay in force after a backup with another log was restored, and not for what came later', async () => {
    await using place = await openPlace();
    fill(place.open());
    place.log.append({ by: somebody, action: 'backup.restored' });
    stateNext(place, 'user.changed');
    stateNext(place, 'user.changed');
    place.log.append({ by: somebody, action: 'backup.restored' });
    assert.deepEqual(outcome(place.open()), [{}, true]);
    place.close();
    stateNext(place, 'user.changed');
    stateNext(place, 'user.changed');
    assert.deepEqual(outcome(place.open()), [{ 'put-back': 1 }, false]);
  });
});

describe('accounts under a former audit key', () => {
  test('are sealed under the present one if they are what the log states', async () => {
    await using place = await openPlace();
    fill(place.open());
    const sealed = place.open({ keys: [8, 7] });
    assert.deepEqual([foundBy(sealed), filled(sealed)], [{}, tables]);
    sealed.ledger.state();
    const later = place.open({ keys: [8] });
    assert.deepEqual([foundBy(later), filled(later)], [{}, tables]);
  });

  test('are refused if they are anything else: the key may be known', async () => {
    for (const by of [1, -1]) {
      await using place = await openPlace();
      fill(place.open());
      stateNext(place, 'user.changed', { by });
      const sealed = place.open({ keys: [8, 7] });
      assert.deepEqual([foundBy(sealed), filled(sealed)], [{ 'put-back': 1 }, []]);
    }
  });

  test('are refused if the box does not have that key any more', async () => {
    await using place = await openPlace();
    fill(place.open());
    const sealed = place.open({ keys: [8] });
    assert.deepEqual([foundBy(sealed), filled(sealed)], [{ 'not-sealed': 1 }, []]);
  });
});

describe('accounts of a box that is killed before the log states them', () => {
  const append = () => {
    throw operational('killed', 'the box was killed');
  };

  test('are still one change behind, and lose what that may have ended', async () => {
    await using place = await openPlace();
    fill(place.open());
    stateNext(place, 'access.key-revoked', { subject: 'k-1' });
    assert.throws(() => place.open({ log: { append } }), { code: 'killed' });
    const sealed = place.open();
    assert.deepEqual([foundBy(sealed), rowsIn(sealed, 'api_key')], [{ unfinished: 1 }, 0]);
  });

  test('stay in force under the new audit key', async () => {
    await using place = await openPlace();
    fill(place.open());
    place.open({ keys: [8, 7] });
    const sealed = place.open({ keys: [8, 7] });
    assert.deepEqual([foundBy(sealed), filled(sealed)], [{ 'log-older': 1 }, tables]);
  });

  test('stay in force without the rows of somebody else', async () => {
    await using place = await openPlace();
    fill(place.open());
    place.close();
    place.tamper(`UPDATE role SET scopes = '["users:write"]'`);
    assert.throws(() => place.open({ log: { append } }), { code: 'killed' });
    const sealed = place.open();
    assert.deepEqual(
      [foundBy(sealed), filled(sealed)],
      [{ 'log-older': 1 }, tables.filter((table) => table !== 'role')],
    );
  });
});

describe('accounts that were never sealed', () => {
  /** What an earlier version left: rows without seals, and a log that names those that were made. */
  async function openEarlier(known: readonly (readonly [AuditAction, string, AuditDetails?])[]) {
    const place = await openPlace();
    using unused = openAuditFixture();
    fill(place.open({ log: unused.log }));
    place.close();
    place.tamper('DELETE FROM sealed');
    const { log } = place;
    for (const [action, subject, details] of known)
      log.append({ by: somebody, action, subject, ...(details === undefined ? {} : { details }) });
    return place;
  }
  const all = [
    ['user.created', 'u-1'],
    ['user.passkey-added', 'u-1', { passkey: 'p-1' }],
    ['access.key-created', 'k-1'],
    ['screen.added', 'd-1'],
  ] as const;
  const without = (...actions: readonly string[]) => all.filter(([action]) => !actions.includes(action));
  const kept = ['recovery_code', 'passkey', 'api_key', 'screen', 'user', 'role'];

  test('are sealed with what the log knows, and nobody stays logged in', async () => {
    await using place = await openEarlier(all);
    const sealed = place.open();
    assert.deepEqual([foundBy(sealed), filled(sealed)], [{}, kept]);
    const [entry] = place.log.list({ action: 'accounts.sealed' });
    const { state: _, ...details } = entry?.details ?? {};
    assert.deepEqual(
      [entry?.actor, entry?.origin, details],
      ['daemon', 'start', { users: 1, apiKeys: 1, screens: 1 }],
    );
    const again = place.open();
    assert.deepEqual([foundBy(again), filled(again)], [{}, kept]);
    assert.equal(place.log.count({ action: 'accounts.sealed' }), 1);
  });

  test('are not sealed twice when the box is killed before the log has that', async () => {
    await using place = await openEarlier(all);
    const append = () => {
      throw operational('killed', 'the box was killed');
    };
    assert.throws(() => place.open({ log: { append } }), { code: 'killed' });
    const sealed = place.open();
    assert.deepEqual([foundBy(sealed), filled(sealed)], [{ 'log-older': 1 }, kept]);
  });

  for (const [missing, gone] of [
    ['user.passkey-added', ['passkey']],
    ['access.key-created', ['api_key']],
    ['screen.added', ['screen']],
  ] as const) {
    test(`lose what the log does not know of ${missing}`, async () => {
      const others = [
        ['access.key-revoked', 'k-1'],
        ['screen.removed', 'd-1'],
      ] as const;
      await using place = await openEarlier([...without(missing), ...others]);
      const sealed = place.open();
      assert.deepEqual(
        [foundBy(sealed), filled(sealed)],
        [{ 'not-sealed': 1 }, kept.filter((table) => !(gone as readonly string[]).includes(table))],
      );
    });
  }

  test('lose accounts that the log does not know, with all that is theirs', async () => {
    const rest = without('user.created', 'user.passkey-added');
    await using place = await openEarlier([...rest, ['session.ended', 'u-1']]);
    const sealed = place.open();
    assert.deepEqual(filled(sealed), ['api_key', 'screen', 'role']);
    assert.equal(place.log.list({ action: 'accounts.sealed' })[0]?.details['users'], 0);
  });

  test('keep what is older than a log that was cut, and lose what is younger', async () => {
    for (const [oldestAtMs, isKept] of [
      [auditEpochMs + 1, true],
      [auditEpochMs, false],
    ] as const) {
      await using place = await openEarlier([]);
      const entry = { ...place.log.append({ by: somebody, action: 'daemon.started' }) };
      const [listed] = place.log.list({});
      assert.ok(listed && entry);
      const sealed = place.open({ log: { oldest: () => ({ ...listed, sequence: 2, atMs: oldestAtMs }) } });
      assert.deepEqual([filled(sealed).includes('user'), 'not-sealed' in foundBy(sealed)], [isKept, !isKept]);
    }
  });

  test('lose what a whole log does not know, however old it is', async () => {
    await using place = await openEarlier([]);
    place.clock.advanceBy(60_000);
    place.log.append({ by: somebody, action: 'daemon.started' });
    const sealed = place.open();
    assert.deepEqual([filled(sealed), foundBy(sealed)], [['role'], { 'not-sealed': 4 }]);
  });

  test('keep what is older than the log of a backup that was restored', async () => {
    await using place = await openEarlier([]);
    place.clock.advanceBy(60_000);
    place.log.append({ by: somebody, action: 'backup.restored' });
    const sealed = place.open();
    assert.deepEqual([foundBy(sealed), filled(sealed)], [{}, kept]);
  });

  test('are refused if the log is not whole: an attacker may have taken its statement away', async () => {
    await using place = await openEarlier(all);
    const sealed = place.open({ log: { verify: broken } });
    assert.deepEqual([foundBy(sealed), filled(sealed)], [{ 'log-broken': 1 }, []]);
  });
});

/** A log that was altered. */
function broken(): ReturnType<AccountsLog['verify']> {
  return { outcome: 'broken' } as unknown as ReturnType<AccountsLog['verify']>;
}
