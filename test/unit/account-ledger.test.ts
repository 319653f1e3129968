import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  AccountLedger,
  digestOfRows,
  nothingStated,
  placeOf,
  type SealedRows,
  sealOfSet,
  sealRow,
} from '../../daemon/core/accounts/account-ledger.js';
import { accountsMigrations } from '../../daemon/core/accounts/accounts-schema.js';
import { SealedTable } from '../../daemon/core/accounts/sealed-table.js';
import {
  apiKeyTable,
  refreshTable,
  SessionsStore,
  sessionTable,
} from '../../daemon/core/accounts/sessions-store.js';
import { roleTable } from '../../daemon/core/accounts/users-store.js';
import type { NewAuditEntry } from '../../daemon/core/audit/audit-entry.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { readState, type StatedSet } from '../../daemon/kernel/stated-set.js';
import { openMemoryDatabase } from '../support/memory-database.js';

const key = new Uint8Array(32).fill(7);
const box = 'werk/box-1';
const by = { actor: 'uid:0', origin: 'test' };
const role = (name: string, description = '') => ({ name, description, scopes: '[]', revision: 1 });
const session = (id: string) => ({
  ...{ id, userId: 'u-1', token: null, createdAtMs: 1, lastSeenAtMs: 2, expiresAtMs: 3, provedAtMs: 4 },
  ...({ provedBy: 'password', address: null, agent: null } as const),
});

function openLedger({
  rows = new Map(),
  stated = nothingStated,
}: {
  rows?: SealedRows;
  stated?: StatedSet;
} = {}) {
  const file = openMemoryDatabase(accountsMigrations);
  file.db.pragma('foreign_keys = OFF');
  const entries: NewAuditEntry[] = [];
  let isLogFull = false;
  const ledger = new AccountLedger(file, {
    ...{ key, box, logger: silentLogger, rows, stated },
    log: {
      append(entry) {
        if (isLogFull) throw new Error('the log takes nothing');
        entries.push(entry);
      },
    },
  });
  const roles = new SealedTable(ledger, roleTable);
  const sealed = (): { content: string; seal: Uint8Array } | undefined =>
    file.db.prepare<[], { content: string; seal: Uint8Array }>('SELECT content, seal FROM sealed').get();
  return {
    ...{ file, entries, ledger, roles, sealed },
    sessions: new SessionsStore(ledger),
    /** In a transaction of its own. */
    put: (name: string, description = '') =>
      ledger.database.transaction(() => roles.insert(role(name, description))),
    refresh: new SealedTable(ledger, refreshTable),
    namesOf: () => roles.all('ORDER BY name').map(({ name }) => name),
    states: () => entries.map(({ details = {} }) => readState(details)),
    fillLog: (isFull: boolean) => {
      isLogFull = isFull;
    },
  };
}

/** The digest of these roles. */
const digestOf = (...names: readonly string[]): string =>
  digestOfRows(
    new Map(
      names.map((name) => [placeOf(roleTable, role(name)), sealRow(roleTable, role(name), { key, box })]),
    ),
  );

describe('the entries about accounts', () => {
  test('state the set after each change and before it, in order', () => {
    const { ledger, roles, entries, states } = openLedger();
    for (const name of ['a', 'b']) {
      ledger.database.transaction(() => {
        roles.insert(role(name));
        ledger.audit.append({ by, action: 'role.created', subject: name, details: { scopes: 0 } });
      });
    }
    ledger.audit.append({ by, action: 'login.failed' });
    assert.deepEqual(
      entries.map(({ action, subject, details }) => [action, subject, details?.['scopes']]),
      [
        ['role.created', 'a', 0],
        ['role.created', 'b', 0],
        ['login.failed', undefined, undefined],
      ],
    );
    const second = { revision: 2, digest: digestOf('a', 'b'), before: digestOf('a') };
    assert.deepEqual(states(), [{ revision: 1, digest: digestOf('a'), before: digestOf() }, second, second]);
    assert.equal(ledger.revision, 2);
  });

  test('are one more of the box itself where a change has none', () => {
    const { ledger, entries, states, put } = openLedger();
    put('a');
    assert.deepEqual(
      entries.map(({ by: author, action }) => [author, action]),
      [[{ actor: 'daemon', origin: 'schedule' }, 'accounts.stated']],
    );
    assert.deepEqual(states(), [{ revision: 1, digest: digestOf('a'), before: digestOf() }]);
    ledger.state();
    assert.deepEqual(states()[1], states()[0], 'nothing has changed');
  });

  test('are none more where only a time of use has changed', () => {
    const { ledger, sessions, entries } = openLedger();
    ledger.database.transaction(() => sessions.insert(session('s-1')));
    assert.equal(entries.length, 1);
    ledger.database.transaction(() => sessions.seen('s-1', 9));
    assert.equal(entries.length, 1);
    assert.equal(sessions.byId('s-1')?.lastSeenAtMs, 9);
  });

  test('are none where nothing has changed', () => {
    const { ledger, entries, sealed } = openLedger();
    ledger.database.transaction(() => undefined);
    assert.deepEqual([entries, sealed()], [[], undefined]);
  });
});

describe('a change of the accounts that fails', () => {
  test('leaves the set as it was, and says so where the log states another one', () => {
    const { ledger, roles, put, namesOf, states } = openLedger();
    put('a');
    const fail = () =>
      ledger.database.transaction(() => {
        roles.insert(role('b'));
        roles.change('a', { description: 'changed' });
        ledger.audit.append({ by, action: 'role.created' });
        throw new Error('too late');
      });
    assert.throws(fail, /too late/);
    assert.deepEqual(namesOf(), ['a']);
    assert.deepEqual(
      states().map((state) => state?.digest === digestOf('a')),
      [true, false, true],
    );
    assert.equal(states()[2]?.revision, 3);
    put('c');
    assert.deepEqual(namesOf(), ['a', 'c']);
    assert.deepEqual(states()[3], { revision: 4, digest: digestOf('a', 'c'), before: digestOf('a') });
  });

  test('leaves no entry if the log has none of it', () => {
    const { ledger, roles, entries } = openLedger();
    const fail = () =>
      ledger.database.transaction(() => {
        roles.insert(role('a'));
        throw new Error('too early');
      });
    assert.throws(fail, /too early/);
    assert.deepEqual(entries, []);
  });

  test('is corrected by the next change if the log takes nothing at the moment', () => {
    const { ledger, roles, put, fillLog, namesOf, states } = openLedger();
    const fail = () =>
      ledger.database.transaction(() => {
        roles.insert(role('a'));
        ledger.audit.append({ by, action: 'role.created' });
        fillLog(true);
        throw new Error('too late');
      });
    assert.throws(fail, /too late/);
    fillLog(false);
    put('b');
    assert.deepEqual(namesOf(), ['b']);
    assert.deepEqual(states()[1], { revision: 2, digest: digestOf('b'), before: digestOf() });
  });

  test('undoes nothing of the change around it, which has one entry', () => {
    const { ledger, roles, namesOf, entries, states } = openLedger();
    ledger.database.transaction(() => {
      roles.insert(role('a'));
      const inner = () =>
        ledger.database.transaction(() => {
          roles.insert(role('b'));
          throw new Error('within');
        });
      assert.throws(inner, /within/);
      ledger.database.transaction(() => roles.insert(role('c')));
      roles.insert(role('d'));
    });
    assert.deepEqual(namesOf(), ['a', 'c', 'd']);
    assert.equal(entries.length, 1);
    assert.equal(states()[0]?.digest, digestOf('a', 'c', 'd'));
  });

  test('of an earlier one undoes nothing', () => {
    const { ledger, put, namesOf } = openLedger();
    put('a');
    const fail = () =>
      ledger.database.transaction(() => {
        throw new Error('at once');
      });
    assert.throws(fail, /at once/);
    assert.deepEqual(namesOf(), ['a']);
  });
});

describe('the seals in the file', () => {
  test('name the box, the newest statement and every row, under a seal of their own', () => {
    const { put, sealed, ledger } = openLedger();
    put('a');
    const { content = '', seal = Buffer.of() } = sealed() ?? {};
    const { firm, whole } = sealRow(roleTable, role('a'), { key, box });
    assert.deepEqual(JSON.parse(content), { box, revision: 1, rows: [['role a', firm, whole]] });
    assert.deepEqual(Buffer.from(seal), sealOfSet(key, box, content));
    ledger.database.transaction(() => ledger.forgetAllBut(new Set()));
    assert.deepEqual(JSON.parse(sealed()?.content ?? ''), { box, revision: 2, rows: [] });
  });

  test('are written when a time of use changes, too', () => {
    const { ledger, sessions, sealed } = openLedger();
    ledger.database.transaction(() => sessions.insert(session('s-1')));
    const before = sealed()?.content;
    ledger.database.transaction(() => sessions.seen('s-1', 9));
    assert.notEqual(sealed()?.content, before);
  });

  test('are written on request, though nothing has changed', () => {
    const { ledger, sealed } = openLedger();
    assert.equal(sealed(), undefined);
    ledger.store();
    assert.deepEqual(JSON.parse(sealed()?.content ?? ''), { box, revision: 0, rows: [] });
  });

  test('of a row differ by box, key, table, column, type and value', () => {
    const whole = (row: object, form: object = roleTable, given: object = {}): string =>
      sealRow({ ...roleTable, ...form }, row as ReturnType<typeof role>, { key, box, ...given }).whole;
    const a = role('a');
    const others = [
      whole({ ...a, description: 'b' }),
      whole({ ...a, description: null }),
      whole({ ...a, description: 'null' }),
      whole({ ...a, description: 1 }),
      whole({ ...a, description: '1' }),
      whole({ ...a, description: Buffer.from('1') }),
      whole({ ...a, description: 'a', name: '' }),
      whole(a, { name: 'user' }),
      whole(a, { columns: { ...roleTable.columns, description: 'text' } }),
      whole(a, {}, { box: 'werk/box-2' }),
      whole(a, {}, { key: new Uint8Array(32).fill(8) }),
    ];
    assert.equal(new Set([whole(a), ...others]).size, others.length + 1);
    assert.match(whole(a), /^[0-9a-f]{32}$/);
    assert.equal(whole({ ...a, description: undefined }), whole({ ...a, description: null }));
  });

  test('of the set leave out what changes with every use, but of the row do not', () => {
    const [before, after] = [session('s-1'), { ...session('s-1'), lastSeenAtMs: 9 }].map((row) =>
      sealRow(sessionTable, row, { key, box }),
    );
    assert.equal(before?.firm, after?.firm);
    assert.notEqual(before?.whole, after?.whole);
    const proved = sealRow(sessionTable, { ...session('s-1'), provedAtMs: 9 }, { key, box });
    assert.notEqual(proved.firm, before?.firm);
  });

  test('are the same in every version: an update must not refuse its own accounts', () => {
    const hash = Buffer.from('00ff', 'hex');
    const apiKey = {
      ...{ id: 'k-1', hash, label: 'Käse', scopes: '[]', cameras: null, createdBy: 'uid:0' },
      ...{ createdAtMs: 5, expiresAtMs: 6, lastUsedAtMs: 7 },
    };
    const row = sealRow(apiKeyTable, apiKey, { key, box });
    assert.deepEqual(row, {
      firm: '5cae93f7e23a4bcf5a29f835aa82f9a5',
      whole: '62056713871ddf0a4dca1b6685ddb345',
    });
    assert.equal(digestOfRows(new Map([['api_key k-1', row]])), '3b611a5479af1358567d5cb860045960');
    assert.equal(
      sealOfSet(key, box, '{}').toString('hex'),
      '879329cdffb3c2f78d08ab02509c9c6d21ea8b88d62ad28763e2d417a399ced5',
    );
  });

  test('of the set do not depend on the order of the rows', () => {
    const rows = ['a', 'b'].map((name) => [`role ${name}`, { firm: name, whole: '' }] as const);
    assert.equal(digestOfRows(new Map(rows)), digestOfRows(new Map([...rows].reverse())));
    assert.match(digestOfRows(new Map(rows)), /^[0-9a-f]{32}$/);
    assert.equal(nothingStated.digest, digestOfRows(new Map()));
  });
});

describe('a row of the accounts that somebody else wrote', () => {
  const plant = ({ file }: ReturnType<typeof openLedger>, name: string): void =>
    void file.db.prepare(`INSERT INTO role VALUES (?, '', '["users:write"]', 1)`).run(name);

  test('is not there: neither read, nor changed, nor counted when it is removed', () => {
    const opened = openLedger();
    const { ledger, roles, put, namesOf } = opened;
    put('a');
    plant(opened, 'b');
    assert.deepEqual(namesOf(), ['a']);
    assert.equal(roles.one('WHERE name = ?', 'b'), undefined);
    ledger.database.transaction(() => roles.change('b', { description: 'x' }));
    assert.equal(roles.one('WHERE name = ?', 'b'), undefined);
    assert.equal(
      ledger.database.transaction(() => roles.remove('')),
      1,
    );
    assert.deepEqual(namesOf(), []);
  });

  test('is told of once in a turn, after the present work, and again later', async () => {
    const opened = openLedger();
    const { ledger, namesOf } = opened;
    let told = 0;
    ledger.onForeign(() => {
      told += 1;
    });
    for (const round of [1, 2]) {
      plant(opened, `foreign ${round}`);
      namesOf();
      namesOf();
      assert.equal(told, round - 1, 'not at once');
      await nextTurn();
      assert.equal(told, round);
    }
  });

  test('that cannot be dealt with is told of again, and stops nothing', async () => {
    const opened = openLedger();
    const { ledger, namesOf } = opened;
    let told = 0;
    ledger.onForeign(() => {
      told += 1;
      throw new Error('the disk is full');
    });
    plant(opened, 'b');
    for (const round of [1, 2]) {
      assert.deepEqual(namesOf(), []);
      await nextTurn();
      assert.equal(told, round);
    }
  });

  test('is not told of after the file was closed', async () => {
    const opened = openLedger();
    let told = 0;
    opened.ledger.onForeign(() => {
      told += 1;
    });
    plant(opened, 'b');
    opened.namesOf();
    opened.file.close();
    await nextTurn();
    assert.equal(told, 0);
  });

  test('counts where it proves nothing, as a used refresh token does', () => {
    const { ledger, file, refresh } = openLedger();
    const put = file.db.prepare(`INSERT INTO refresh_token VALUES (?, 's-1', 9, ?)`);
    put.run(Buffer.of(1), null);
    put.run(Buffer.of(2), 5);
    assert.deepEqual(
      refresh.all('').map(({ hash }) => [...hash]),
      [[2]],
    );
    assert.equal(
      ledger.database.transaction(() => refresh.remove('')),
      0,
      'it is not one of the set',
    );
  });
});

describe('a row of the accounts', () => {
  test('keeps the fields that a change does not name', () => {
    const { ledger, roles, put } = openLedger();
    put('a', 'night');
    const change = (name: string, values: object) =>
      ledger.database.transaction(() => roles.change(name, values));
    change('a', { description: undefined, revision: 2 });
    assert.deepEqual(roles.one('WHERE name = ?', 'a'), { ...role('a', 'night'), revision: 2 });
    change('a', { description: undefined });
    change('b', { description: 'x' });
    assert.deepEqual(roles.all(''), [{ ...role('a', 'night'), revision: 2 }]);
  });

  test('that becomes one without meaning leaves the set', () => {
    const { ledger, sessions, sealed } = openLedger();
    const hash = Buffer.of(1);
    ledger.database.transaction(() => sessions.insertRefreshToken(hash, 's-1', 9));
    assert.match(sealed()?.content ?? '', /refresh_token 01/);
    ledger.database.transaction(() => sessions.useRefreshToken(hash, 5));
    assert.doesNotMatch(sealed()?.content ?? '', /refresh_token/);
    assert.equal(sessions.refreshToken(hash)?.usedAtMs, 5);
  });

  test('leaves the set when it is removed', () => {
    const { ledger, roles, put, states, namesOf } = openLedger();
    for (const name of ['a', 'b']) put(name);
    ledger.database.transaction(() => roles.remove('WHERE name = ?', 'a'));
    assert.deepEqual(namesOf(), ['b']);
    assert.equal(states().at(-1)?.digest, digestOf('b'));
  });

  test('is forgotten if the file has it no more', () => {
    const { ledger, put, namesOf, states } = openLedger();
    for (const name of ['a', 'b', 'c']) put(name);
    const gone = ledger.database.transaction(() => ledger.forgetAllBut(new Set(['role b'])));
    assert.equal(gone, 2);
    assert.deepEqual(namesOf(), ['b']);
    assert.equal(states().at(-1)?.digest, digestOf('b'));
  });

  test('of an earlier run counts by the seals that were read', () => {
    const first = openLedger();
    first.put('a');
    const rows: SealedRows = new Map([['role a', sealRow(roleTable, role('a'), { key, box })]]);
    const stated = { revision: 7, digest: digestOfRows(rows), before: digestOf() };
    const { file, namesOf, put, states } = openLedger({ rows, stated });
    file.db.prepare(`INSERT INTO role VALUES ('a', '', '[]', 1)`).run();
    assert.deepEqual(namesOf(), ['a']);
    put('b');
    assert.deepEqual(states(), [{ revision: 8, digest: digestOf('a', 'b'), before: digestOf('a') }]);
  });
});
