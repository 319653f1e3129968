import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import type { AuditVerdict, ComplianceReport } from '../../daemon/contract/audit.js';
import { withAuditApi } from '../support/audit-api.js';
import { auditEpochMs, somebody } from '../support/audit-fixture.js';
import { rollcall } from '../support/box.js';

const dayMs = 86_400_000;
const uid = `uid:${process.getuid?.()}`;

describe('the audit log over the local API', () => {
  test('lists the matching entries, with times as text', () =>
    withAuditApi([], async ({ client, fixture }) => {
      fixture.fill(4);
      const from = new Date(auditEpochMs).toISOString();
      const query = { action: 'person', subject: 'p-2', from, limit: 5 };
      const { items, nextCursor } = await client.call('audit.list', query);
      assert.equal(nextCursor, undefined);
      assert.deepEqual(
        items.map(({ hash: _, ...rest }) => rest),
        [
          {
            sequence: 3,
            at: '2026-03-01T08:00:02.000Z',
            ...somebody,
            action: 'person.erased',
            severity: 'warning',
            subject: 'p-2',
            details: { templates: 2 },
          },
        ],
      );
    }));

  test('lists a long log page by page, the newest first, and finds old entries behind many others', () =>
    withAuditApi([], async ({ client, fixture: { log, fill, database } }) => {
      log.append({ by: somebody, action: 'person.exported', subject: 'p-old' });
      database.transaction(() => fill(12_000));
      const sequences: number[] = [];
      let cursor: string | undefined;
      do {
        const page = await client.call('audit.list', { action: 'person.erased', limit: 900, cursor });
        sequences.push(...page.items.map(({ sequence }) => sequence));
        cursor = page.nextCursor;
      } while (cursor !== undefined);
      assert.deepEqual(
        sequences,
        Array.from({ length: 4000 }, (_, index) => 12_001 - 3 * index),
      );
      const old = await client.call('audit.list', { subject: 'p-old' });
      assert.deepEqual(
        old.items.map(({ sequence }) => sequence),
        [1],
      );
    }));

  test('lists an altered log, so that an auditor can see what was done to it', () =>
    withAuditApi([], async ({ client, fixture: { fill, tamper } }) => {
      fill(4);
      tamper('UPDATE audit SET at_ms = 900000000000000, details = \'{"a":[1]}\' WHERE sequence = 3');
      tamper('UPDATE audit SET sequence = 9000000000000000 WHERE sequence = 4');
      const { items } = await client.call('audit.list', { action: 'person' });
      assert.deepEqual(
        items.map(({ sequence, at, details }) => [sequence, at.slice(0, 4), details]),
        [
          [9_000_000_000_000_000, '2026', { templates: 3 }],
          [3, '9999', { unreadable: true }],
          [2, '2026', { templates: 1 }],
          [1, '2026', { templates: 0 }],
        ],
      );
      assert.equal((await client.call('audit.verify')).outcome, 'broken');
    }));

  test('refuses unknown parameters and values instead of answering with an empty list', () =>
    withAuditApi([], async ({ socketPath }) => {
      const refused = async (path: string, code: string, body?: object): Promise<void> => {
        const headers = body === undefined ? {} : { 'content-type': 'application/json' };
        const method = body === undefined ? 'GET' : 'POST';
        const answer = await new Promise<string>((resolve, reject) => {
          const asking = request({ socketPath, method, path: `/api/v1/audit${path}`, headers });
          asking.on('response', (response) => void text(response).then(resolve, reject));
          asking.on('error', reject);
          asking.end(body === undefined ? undefined : JSON.stringify(body));
        });
        assert.equal((JSON.parse(answer) as { error?: { code: string } }).error?.code, code, path);
      };
      await refused('?action=perso', 'no-such-action');
      await refused('?person=p-2', 'bad-request');
      await refused('?limit=0', 'bad-request');
      await refused('?cursor=x', 'bad-request');
      await refused('?from=yesterday', 'bad-request');
      await refused('/verdict?sequence=1', 'bad-request');
      await refused('/verdict?sequence=1&hash=00', 'bad-request');
      const [early, late] = ['2026-03-01T00:00:00.000Z', '2026-03-02T00:00:00.000Z'];
      await refused('/reports', 'bad-request', { from: late, to: early });
      await refused('/reports', 'bad-request', {});
    }));

  test('compares the log with an entry that was noted elsewhere', () =>
    withAuditApi([], async ({ client, fixture }) => {
      fixture.fill(3);
      const { newest } = await client.call('audit.verify');
      const hash = newest?.hash;
      assert.equal((await client.call('audit.verify', { sequence: 3, hash })).outcome, 'whole');
      assert.equal((await client.call('audit.verify', { sequence: 2, hash })).breakage?.sequence, 2);
    }));

  test('reports on a period: which persons were enrolled and erased, who read personal data, what was refused', () => {
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
      const [from = '', to = ''] = [1000, dayMs].map((ms) => new Date(auditEpochMs + ms).toISOString());
      const report = await client.call('audit.report', { from, to });
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
        'the entry names the client process as the kernel reports it',
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

  test('lists, verifies and reports; its exit code shows whether the log is whole', () =>
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
