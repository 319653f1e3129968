import { createHash } from 'node:crypto';
import type { Config } from '../../contract/settings/schema.js';
import type { ReloadResult } from '../../contract/status.js';
import { daemonAtStart } from '../../kernel/actor.js';
import type { Logger } from '../../kernel/logger.js';
import { programVersion } from '../api/program-version.js';
import type { AuditLog } from './audit-log.js';

/**
 * Writes an entry for the start of the daemon. Its fingerprint of the configuration reveals changes made while the daemon was
 * stopped. The number and hash of the entry also go to the log of the daemon, outside the database, to prove a rollback of the
 * whole file. An audit log under another key is reported and continues in a new segment.
 */
export function auditStart(audit: AuditLog, config: Config, logger: Logger): void {
  const { foreignKeyId, keyId } = audit;
  if (foreignKeyId !== undefined) {
    logger.error('the audit log was written under another key; its entries cannot be verified', {
      foreignKeyId,
      keyId,
      remedy: 'Restore the former key as the secret audit-key-former, or find out who wrote the log.',
    });
  }
  const details = { version: programVersion(), configuration: fingerprint(config) };
  const { sequence, hash } = audit.append({ by: daemonAtStart, action: 'daemon.started', details });
  logger.info('the audit log is open', { entry: sequence, hash, keyId });
}

/** Writes an entry for the stop of the daemon. Never throws: a full disk must not prevent the stop. */
export function auditStop(audit: AuditLog, logger: Logger): void {
  try {
    audit.append({ by: { actor: 'daemon', origin: 'stop' }, action: 'daemon.stopped' });
  } catch (error) {
    logger.error('the stop of the daemon could not be written to the audit log', { error });
  }
}

/** Writes the outcome of a reload. Never throws: the reload has already happened. */
export function auditReload(audit: AuditLog, result: ReloadResult, logger: Logger): void {
  if (result.outcome === 'unchanged') return;
  const by = { actor: 'daemon', origin: 'SIGHUP' };
  try {
    if (result.outcome === 'refused') {
      audit.append({ by, action: 'configuration.refused', details: { problems: result.problems.length } });
    } else {
      const { changes, needRestart, replaced } = result;
      audit.append({ by, action: 'configuration.changed', details: { changes, needRestart, replaced } });
    }
  } catch (error) {
    logger.error('the change of the configuration could not be written to the audit log', { error });
  }
}

function fingerprint(config: Config): string {
  return createHash('sha256').update(JSON.stringify(config)).digest('hex').slice(0, 16);
}
