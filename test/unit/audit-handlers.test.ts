import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Caller } from '../../daemon/contract/caller.js';
import type { Call } from '../../daemon/contract/handlers.js';
import type { AuditEntry, NewAuditEntry } from '../../daemon/core/audit/audit-entry.js';
import { type AuditHandlersOptions, auditHandlers } from '../../daemon/core/audit/audit-handlers.js';
import { AuditKeeper, whereThereIsALog } from '../../daemon/core/audit/audit-keeper.js';
import type { AuditLog } from '../../daemon/core/audit/audit-log.js';
import { readEntry } from '../../daemon/core/audit/read-entry.js';
import { auditActions } from '../../daemon/kernel/audit-action.js';
import { operational } from '../../daemon/kernel/errors.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';

const dayMs = 86_400_000;
const nowMs = Date.UTC(2026, 2, 2);
const by = { actor: 'user:1', origin: 'https 192.0.2.1' };
const caller = { ...by, scopes: new Set() } as unknown as Caller;
const call: Call = { caller, signal: new AbortController().signal, requestId: 'r' };

const entryOf = (sequence: number, changes: Partial<AuditEntry> = {}): AuditEntry => ({
  ...{ sequence, atMs: nowMs, ...by, action: 'person.read', details: {}, hash: 'ab' },
  ...changes,
});

/** By hand: who looked at personal data or got copies of it, and whom the box turned away. */
const accesses = `attendance.read audit.exported backup.created backup.downloaded backup.restored evidence.read key.unlocked
  login.succeeded passage.clip-read passage.listed passage.picture-read passage.read person.exported person.listed person.photograph-read person.read
  person.recognised person.verified`;
const refusals = `access.refused backup.refused key.unlock-refused login.failed login.locked screen.pairing-refused
  user.claim-refused`;

function handlers({
  entries = [] as readonly AuditEntry[],
  keys = [] as ReturnType<AuditHandlersOptions['keys']>,
} = {}) {
  const asked: unknown[] = [];
  const appended: NewAuditEntry[] = [];
  const log: Partial<AuditLog> = {
    listInTurns: async (filter, page) => {
      asked.push([filter, page]);
      return entries.filter(({ action }) => filter.action === undefined || filter.action === action);
    },
    tallyInTurns: async () =>
      auditActions.flatMap((action, index) => [
        { action, actor: 'user:1', count: index + 1 },
        { action, actor: 'user:2', count: 1000 },
      ]),
    verifyInTurns: async (noted) => {
      asked.push(noted);
      return { outcome: 'whole', entryCount: 0, segments: [] };
    },
    oldest: () => undefined,
    append: (entry) => {
      appended.push(entry);
      return { sequence: 1, hash: '' };
    },
  };
  const options = {
    log,
    identity: { siteId: 'office', boxId: 'box' },
    clock: new VirtualClock(nowMs),
    keys: () => keys,
  };
  return { asked, appended, ...auditHandlers(options as unknown as AuditHandlersOptions) };
}

describe('the report of the audit log', () => {
  const period = { from: '2026-03-01T00:00:00.000Z', to: '2026-03-02T00:00:00.000Z' };

  test('counts accesses and refusals, each by its own actions, and what became of persons', async () => {
    const { appended, ...operations } = handlers();
    const report = await operations['audit.report'](period, call);
    const named = (list: typeof report.accesses) => [...new Set(list.map(({ action }) => action))].sort();
    assert.deepEqual(named(report.accesses), accesses.split(/\s+/));
    assert.deepEqual(named(report.refusals), refusals.split(/\s+/));
    const countOf = (action: (typeof auditActions)[number]) => auditActions.indexOf(action) + 1001;
    assert.deepEqual(report.persons, {
      enrolled: countOf('person.enrolled'),
      changed: countOf('person.changed') + countOf('person.photographs-changed'),
      removed: countOf('person.removed'),
      restored: countOf('person.restored'),
      erased: countOf('person.erased'),
      consentWithdrawn: countOf('person.consent-withdrawn'),
    });
    assert.equal(
      report.entryCount,
      auditActions.reduce((sum, action) => sum + countOf(action), 0),
    );
    assert.equal('oldestEntryAt' in report, false);
    assert.deepEqual(appended, [{ by, action: 'audit.exported', details: { ...period, outcome: 'whole' } }]);
  });

  test('has the newest thousand erasures and withdrawals in order, and whole days of the keys', async () => {
    const erased = Array.from({ length: 700 }, (_, index) =>
      entryOf(2 * index + 2, { action: 'person.erased' }),
    );
    const withdrawn = Array.from({ length: 700 }, (_, index) =>
      entryOf(2 * index + 1, { action: 'person.consent-withdrawn' }),
    );
    const keyOf = (agoMs: number) => ({ keyId: 'k', provider: 'tpm', createdAtMs: nowMs - agoMs });
    const ages = [0, dayMs - 1, dayMs, 3.5 * dayMs, -dayMs];
    const { asked, ...operations } = handlers({ entries: [...erased, ...withdrawn], keys: ages.map(keyOf) });
    const report = await operations['audit.report'](period, call);
    assert.deepEqual(
      report.erasures.map(({ sequence }) => sequence),
      Array.from({ length: 1000 }, (_, index) => 401 + index),
    );
    assert.deepEqual(
      report.keys.map(({ ageDays }) => ageDays),
      [0, 0, 1, 3, 0],
    );
    const within = { fromMs: nowMs - dayMs, toMs: nowMs };
    assert.deepEqual(asked.slice(1), [
      [{ ...within, action: 'person.erased' }, { limit: 1000 }],
      [{ ...within, action: 'person.consent-withdrawn' }, { limit: 1000 }],
    ]);
  });
});

describe('the list of the audit log', () => {
  test('has times that can be shown, whatever an altered log says, and the next page where one is full', async () => {
    const { asked, ...operations } = handlers({
      entries: [entryOf(9, { atMs: -1 }), entryOf(8, { atMs: 8.64e15, action: 'login.locked' })],
    });
    const full = await operations['audit.list']({ limit: 2, cursor: '10' } as never, call);
    assert.deepEqual(
      full.items.map(({ at, severity }) => `${at} ${severity}`),
      ['1970-01-01T00:00:00.000Z info', '9999-12-31T23:59:59.999Z critical'],
    );
    assert.equal(full.nextCursor, '8');
    assert.deepEqual(asked, [[{}, { limit: 2, before: 10 }]]);
    const last = await operations['audit.list']({ limit: 3 } as never, call);
    assert.equal('nextCursor' in last, false);
  });

  test('refuses a cursor of another list, an action that there is none of, and a caller with some cameras', async () => {
    const operations = handlers();
    const list = async (query: object, as = call) =>
      operations['audit.list']({ limit: 1, ...query } as never, as);
    for (const cursor of ['x', '1.5', '1234567890123456'])
      await assert.rejects(list({ cursor }), { code: 'bad-request' });
    for (const action of ['persn', 'person.reed'])
      await assert.rejects(list({ action }), { code: 'no-such-action' });
    for (const action of ['person', 'person.read']) assert.deepEqual((await list({ action })).items, []);
    const limited = { ...call, caller: { ...caller, cameras: new Set(['gate']) } };
    await assert.rejects(list({}, limited), { code: 'forbidden' });
  });

  test('is compared with an entry of which number and hash are known', async () => {
    const { asked, ...operations } = handlers();
    await operations['audit.verify']({ sequence: 3, hash: 'ab' }, call);
    await operations['audit.verify']({ sequence: 3 } as never, call);
    assert.deepEqual(asked, [{ sequence: 3, hash: 'ab' }, undefined]);
  });
});

test('damaged details of an entry are shown as unreadable, and its subject only where it has one', () => {
  const row = (details: string, subject = '') =>
    readEntry({
      ...{ sequence: 1, atMs: 2, ...by, action: 'person.read', subject, details },
      ...{ keyId: 'k', previous: new Uint8Array(32), hash: Uint8Array.of(1, 171) },
    });
  assert.deepEqual(row('{"a":1,"b":"x","c":true}').details, { a: 1, b: 'x', c: true });
  for (const damaged of ['', '{', '[]', 'null', '7', '{"a":null}', '{"a":1,"b":{}}'])
    assert.deepEqual(row(damaged).details, { unreadable: true }, damaged);
  assert.equal('subject' in row('{}'), false);
  assert.deepEqual([row('{}', 'p-1').subject, row('{}').hash], ['p-1', '01ab']);
});

describe('entries while no gallery file is open', () => {
  const kept = () => {
    const clock = new VirtualClock(nowMs);
    const keeper = new AuditKeeper({ clock, logger: silentLogger });
    const written: NewAuditEntry[] = [];
    const log = {
      keyId: 'key-1',
      append: (entry: NewAuditEntry) => {
        written.push(entry);
        return { sequence: written.length, hash: 'ab' };
      },
    } as unknown as AuditLog;
    return { clock, keeper, written, log };
  };
  const entry = { by, action: 'key.unlocked', subject: 'k', details: { count: 1 } } as const;

  test('wait, and are written once with their time when a file opens', () => {
    const { clock, keeper, written, log } = kept();
    assert.equal(keeper.append(entry).sequence, 0);
    clock.advanceBy(5_000);
    keeper.resume(log);
    assert.deepEqual(written, [{ ...entry, details: { count: 1, heldFrom: '2026-03-02T00:00:00.000Z' } }]);
    assert.equal(keeper.append(entry).sequence, 2);
    assert.deepEqual([keeper.keyId, written[1]], ['key-1', entry]);
    keeper.suspend();
    keeper.resume(log);
    assert.equal(written.length, 2);
  });

  test('are a thousand at most', () => {
    const { keeper, written, log } = kept();
    for (let count = 0; count < 1_001; count += 1) keeper.append(entry);
    keeper.resume(log);
    assert.equal(written.length, 1_000);
  });

  test('leave nothing to read, which ends no work that waits for a log', async () => {
    const { keeper } = kept();
    assert.deepEqual([keeper.keyId, keeper.foreignKeyId], ['none', undefined]);
    assert.throws(() => keeper.newest(), { code: 'audit-log-missing', retryable: true });
    await whereThereIsALog(() => void keeper.newest());
    const other = operational('disk-full', 'the disk is full');
    await assert.rejects(
      whereThereIsALog(() => Promise.reject(other)),
      other,
    );
  });
});
