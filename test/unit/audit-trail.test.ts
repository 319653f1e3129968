import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { configSchema } from '../../daemon/contract/settings/schema.js';
import { type NewAuditEntry, recordedDetails, refuseMisshapen } from '../../daemon/core/audit/audit-entry.js';
import type { AuditLog } from '../../daemon/core/audit/audit-log.js';
import { auditReload, auditStart, auditStop } from '../../daemon/core/audit/audit-trail.js';
import { operational } from '../../daemon/kernel/errors.js';
import { silentLogger } from '../../daemon/kernel/logger.js';

/** Takes what the real log would take, and nothing else. */
function listeningLog(entries: NewAuditEntry[]): AuditLog {
  const append = (entry: NewAuditEntry) => {
    refuseMisshapen(entry);
    entries.push(entry);
    return { sequence: entries.length, hash: '' };
  };
  return { append } as Partial<AuditLog> as AuditLog;
}

describe('the trail of the configuration', () => {
  test('has every change that fits, and their number', () => {
    const entries: NewAuditEntry[] = [];
    const cameras = Array.from({ length: 40 }, (_, index) => `camera gate-${index}: url`);
    const replaced = ['vision', 'publisher'];
    const result = { outcome: 'applied', changes: cameras, needRestart: ['dataDir'], replaced } as const;
    auditReload(listeningLog(entries), result, silentLogger);
    const [entry] = entries;
    assert.equal(entry?.action, 'configuration.changed');
    const details = recordedDetails(entry.details ?? {});
    assert.deepEqual(
      [details['changesCount'], details['needRestart'], details['replaced']],
      [40, 'dataDir', 'vision,publisher'],
    );
    assert.match(String(details['changes']), /^camera\.gate-0\.url,camera\.gate-1\.url,.*[^,]$/);
  });

  test('reveals a configuration that was changed while the daemon was stopped', () => {
    const entries: NewAuditEntry[] = [];
    const log = listeningLog(entries);
    const config = (id: string) => configSchema.parse({ site: { id, timeZone: 'Etc/UTC' } });
    for (const id of ['site', 'site', 'other']) auditStart(log, config(id), silentLogger);
    const [first, second, third] = entries.map(({ details }) => details?.['configuration']);
    assert.ok(first !== undefined);
    assert.equal(first, second);
    assert.notEqual(first, third);
  });

  test('has refusals without their text, and nothing without a change', () => {
    const entries: NewAuditEntry[] = [];
    const log = listeningLog(entries);
    auditReload(log, { outcome: 'unchanged' }, silentLogger);
    auditReload(log, { outcome: 'refused', problems: ['site.id: must not be "Erika"', 'b'] }, silentLogger);
    assert.deepEqual(
      entries.map(({ action, details }) => [action, details]),
      [['configuration.refused', { problems: 2 }]],
    );
  });

  test('lets the daemon reload or stop when it cannot be written', () => {
    const append = (): never => {
      throw operational('disk-full', 'the disk is full');
    };
    const log = { append } as Partial<AuditLog> as AuditLog;
    const errors: string[] = [];
    const logger = { ...silentLogger, error: (message: string) => void errors.push(message) };
    auditReload(log, { outcome: 'refused', problems: ['a'] }, logger);
    auditStop(log, logger);
    assert.equal(errors.length, 2);
  });
});
