import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { Sqlite } from '../../daemon/host/sqlite-driver.js';
import { AlertBox } from '../support/alert-box.js';
import { alerting, posted, rule } from '../support/alert-hook.js';
import { alertAtMs, alertMessageOf } from '../support/alert-messages.js';
import { openHttpSink } from '../support/alert-sinks.js';
import { openTestRecords, temporaryFolder } from '../support/published-box.js';

const yearMs = 365 * 86_400_000;
const mute = { ruleId: 'door', untilMs: alertAtMs + 600_000, by: 'user:anna', sinceMs: alertAtMs };

function openStore() {
  const folder = temporaryFolder();
  const path = join(folder.path, 'records.db');
  let records = openTestRecords(path);
  return {
    get records() {
      return records;
    },
    /** Opens the file anew after somebody else wrote into it. */
    async tamper(sql: string, ...given: readonly unknown[]): Promise<void> {
      await records[Symbol.asyncDispose]();
      const file = new Sqlite(path);
      file.prepare(sql).run(...given);
      file.close();
      records = openTestRecords(path);
    },
    /** The states of the deliveries of an alert of this rule that is written now. */
    alerted(rule: string): readonly string[] {
      const { journal, deliveries } = records.alerts;
      const message = { ...alertMessageOf({ id: `alert-${rule}` }), rule };
      journal.advance({ cursor: 0, rules: new Map(), alerts: [{ message, channels: ['hook'] }] });
      const [newest] = deliveries.history({ limit: 1 });
      return newest?.deliveries.map(({ state }) => state) ?? [];
    },
    async [Symbol.asyncDispose]() {
      await records[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}

describe('mutes in records.db', () => {
  test('that this box made silence their rule, also after a restart', async () => {
    await using store = openStore();
    store.records.alerts.mutes.set(mute, () => undefined);
    await store.tamper('DELETE FROM alert');
    assert.deepEqual(store.records.alerts.mutes.inForce(alertAtMs), [mute]);
    assert.deepEqual(store.alerted('door'), []);
    assert.deepEqual(store.alerted('yard'), ['pending']);
  });

  test('that somebody else inserted, prolonged or moved to another rule silence nothing', async () => {
    for (const [sql, ...given] of [
      [
        `INSERT INTO alert_mute (rule_id, until_ms, muted_by, since_ms, seal) VALUES ('yard', ?, 'user:anna', ?, ?)`,
        ...[alertAtMs + yearMs, alertAtMs, Buffer.alloc(32)],
      ],
      [
        `INSERT INTO alert_mute (rule_id, until_ms, muted_by, since_ms) VALUES ('yard', ?, 'user:anna', ?)`,
        ...[alertAtMs + yearMs, alertAtMs],
      ],
      [`UPDATE alert_mute SET until_ms = ?`, alertAtMs + yearMs],
      [`UPDATE alert_mute SET rule_id = 'yard'`],
      [`UPDATE alert_mute SET muted_by = 'daemon'`],
    ] as const) {
      await using store = openStore();
      store.records.alerts.mutes.set(mute, () => undefined);
      await store.tamper(sql, ...given);
      const rules = store.records.alerts.mutes.inForce(alertAtMs).map(({ ruleId }) => ruleId);
      assert.deepEqual(rules, sql.startsWith('INSERT') ? ['door'] : [], sql);
      assert.deepEqual(store.alerted('yard'), ['pending'], sql);
    }
  });
});

describe('the progress of the alert rules in records.db', () => {
  /** Lets somebody else write into the records of a box that is off. */
  async function tamper(box: AlertBox, sql: string): Promise<void> {
    await box.stop();
    const file = new Sqlite(box.recordsPath);
    file.exec(sql);
    file.close();
    box.start();
  }

  for (const [what, sql] of [
    ['beyond the newest event', "UPDATE counter SET value = 9007199254740991 WHERE name = 'alerts'"],
    [
      'a state that is no JSON',
      "INSERT OR REPLACE INTO alert_rule VALUES ('unknown', 'x'), ('other', 'null')",
    ],
  ] as const) {
    test(`stops no alert when somebody else sets it to ${what}`, async () => {
      await using web = await openHttpSink();
      await using box = new AlertBox(alerting(web, rule('unknown')));
      await box.pass(6_000);
      await tamper(box, sql);
      await box.pass(6_000);
      box.unknown();
      await box.delivered(1);
      assert.equal(posted(web).length, 1);
    });
  }
});
