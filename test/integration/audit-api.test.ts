import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import type { AuditVerdict } from '../../daemon/audit/audit-verdict.js';
import { isRollcallError } from '../../daemon/base/errors.js';
import type { ComplianceReport, ShownAuditEntry } from '../../daemon/control/audit-control.js';
import { withAuditApi } from '../support/audit-api.js';
import { auditEpochMs, somebody } from '../support/audit-fixture.js';
import { rollcall } from '../support/box.js';

const dayMs = 86_400_000;
const uid = `uid:${process.getuid?.()}`;

describe('the audit log over the local API', () => {
  test('lists what matches, with times as text', () =>
    withAuditApi([], async ({ client, fixture }) => {
      fixture.fill(4);
      const path = `/v1/audit?action=person&subject=p-2&fromMs=${auditEpochMs}&limit=5`;
      const entries = await client.json<readonly ShownAuditEntry[]>('GET', path);
      assert.deepEqual(
        entries.map(({ hash: _, ...rest }) => rest),
        [
          {
            sequence: 3,
            at: '2026-03-01T08:00:02.000Z',
            ...somebody,
            action: 'person.erased',
            subject: 'p-2',
            details: { templates: 2 },
          },
        ],
      );
    }));

  test('refuses what it does not know, instead of finding nothing', () =>
    withAuditApi([], async ({ client }) => {
      const refused = (path: string, code: string, method = 'GET') =>
        assert.rejects(client.json(method, path), (error: unknown) => isRollcallError(error, code), path);
      await refused('/v1/audit?action=perso', 'no-such-action');
      await refused('/v1/audit?person=p-2', 'bad-request');
      await refused('/v1/audit?limit=0', 'bad-request');
      await refused('/v1/audit/verdict?sequence=1', 'bad-request');
      await refused('/v1/audit/verdict?sequence=1&hash=00', 'bad-request');
      await refused('/v1/audit/reports?fromMs=2&toMs=1', 'bad-request', 'POST');
      await refused('/v1/audit/reports', 'bad-request', 'POST');
    }));

  test('compares with an entry that was noted elsewhere', () =>
    withAuditApi([], async ({ client, fixture }) => {
      fixture.fill(3);
      const { newest } = await client.json<AuditVerdict>('GET', '/v1/audit/verdict');
      const noted = `/v1/audit/verdict?sequence=3&hash=${newest?.hash}`;
      assert.equal((await client.json<AuditVerdict>('GET', noted)).outcome, 'whole');
      const other = `/v1/audit/verdict?sequence=2&hash=${newest?.hash}`;
      assert.equal((await client.json<AuditVerdict>('GET', other)).breakage?.sequence, 2);
    }));

  test('reports on a period: who was enrolled and erased, who looked, what was refused', () => {
    const keys = [{ keyId: 'k1', provider: 'secret', createdAtMs: auditEpochMs - 40.5 * dayMs }];
    return withAuditApi(keys, async ({ client, fixture: { log, fill, clock } }) => {
      fill(6);
      log.append({ by: somebody, action: 'person.consent-withdrawn', subject: 'p-0' });
      log.append({ by: somebody, action: 'person.exported', subject: 'p-1' });
      log.append({
        by: { actor: 'uid:0', origin: 'local socket' },
        action: 'person.photograph-read',
        subject: 'p-1',
      });
      log.append({ by: somebody, action: 'key.unlock-refused' });
      clock.advanceBy(dayMs);
      log.append({ by: somebody, action: 'person.exported', subject: 'p-3' });
      const path = `/v1/audit/reports?fromMs=${auditEpochMs + 1000}&toMs=${auditEpochMs + dayMs}`;
      const report = await client.json<ComplianceReport>('POST', path);
      assert.deepEqual([report.site, report.box], ['test-site', 'test-box']);
      assert.deepEqual(report.period, { from: '2026-03-01T08:00:01.000Z', to: '2026-03-02T08:00:00.000Z' });
      assert.deepEqual([report.oldestEntryAt, report.entryCount], ['2026-03-01T08:00:00.000Z', 9]);
      assert.deepEqual(report.persons, {
        enrolled: 3,
        changed: 0,
        removed: 0,
        restored: 0,
        erased: 2,
        consentWithdrawn: 1,
      });
      assert.deepEqual(
        report.erasures.map(({ sequence, action, subject }) => [sequence, action, subject]),
        [
          [3, 'person.erased', 'p-2'],
          [6, 'person.erased', 'p-5'],
          [7, 'person.consent-withdrawn', 'p-0'],
        ],
      );
      assert.deepEqual(report.accesses, [
        { action: 'person.exported', actor: somebody.actor, count: 1 },
        { action: 'person.photograph-read', actor: 'uid:0', count: 1 },
      ]);
      assert.deepEqual(report.refusals, [{ action: 'key.unlock-refused', actor: somebody.actor, count: 1 }]);
      assert.deepEqual(report.keys, [
        { keyId: 'k1', provider: 'secret', madeAt: '2026-01-19T20:00:00.000Z', ageDays: 41 },
      ]);
      assert.deepEqual([report.integrity.outcome, report.integrity.entryCount], ['whole', 11]);
      const last = log.list({ limit: 1 })[0];
      assert.deepEqual(
        [last?.sequence, last?.action, last?.actor, last?.origin],
        [12, 'audit.exported', uid, `local socket pid ${process.pid}`],
        'who asked for it, as the kernel knows',
      );
    });
  });
});

describe('rollcall audit', () => {
  const config = (socketPath: string, directory: string): string =>
    [
      'site: { id: test-site, timeZone: Europe/Paris }',
      'box: { id: test-box }',
      `dataDir: ${directory}`,
      `secretsDir: ${directory}`,
      `control: { socketPath: ${socketPath} }`,
    ].join('\n');

  test('lists, verifies and reports; its exit code tells whether the log is whole', () =>
    withAuditApi([], async ({ configPath, fixture, directory, socketPath }) => {
      await writeFile(configPath, config(socketPath, directory));
      const { log, fill, tamper } = fixture;
      const audit = (...args: readonly string[]) => rollcall(['audit', ...args, '--config', configPath]);
      fill(4);
      const list = await audit(
        'list',
        '--from',
        '2026-03-01',
        '--to',
        '2026-03-01',
        '--action',
        'person.erased',
      );
      assert.equal(list.exitCode, 0, list.stderr);
      assert.match(
        list.stdout,
        /3 +2026-03-01 09:00:02 +uid:1000 +local socket pid 4711 +person.erased +p-2/,
      );
      assert.equal(list.stdout.trimEnd().split('\n').length, 2);

      const whole = await audit('verify');
      assert.equal(whole.exitCode, 0, whole.stderr);
      const note = /newest entry: (4:[0-9a-f]{64})/.exec(whole.stdout)?.[1] ?? '';
      assert.equal((await audit('verify', '--noted', note)).exitCode, 0);

      const report = await audit('report', '--from', '2026-03-01', '--to', '2026-03-31', '--json');
      assert.equal(report.exitCode, 0, report.stderr);
      const { persons, period } = JSON.parse(report.stdout) as ComplianceReport;
      assert.deepEqual([persons.enrolled, persons.erased, period.to], [3, 1, '2026-03-31T22:00:00.000Z']);
      assert.equal(log.list({ limit: 1 })[0]?.origin, `local socket pid ${report.pid}`);

      tamper("UPDATE audit SET actor = 'uid:0' WHERE sequence = 2");
      const broken = await audit('verify');
      assert.equal(broken.exitCode, 1);
      assert.match(broken.stdout, /broken at entry 2 \(altered\)/);
      const json = await audit('verify', '--json');
      assert.deepEqual([json.exitCode, (JSON.parse(json.stdout) as AuditVerdict).breakage?.sequence], [1, 2]);
      const text = await audit('report', '--from', '2026-03-01', '--to', '2026-03-31');
      assert.equal(text.exitCode, 1);
      assert.match(text.stdout, /broken at entry 2/);
      assert.equal((await audit('report', '--from', '2026-03-02', '--to', '2026-03-01')).exitCode, 2);
    }));
});
