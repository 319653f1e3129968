import { createHash } from 'node:crypto';
import { daemonAtStart } from '../../audit/actor.js';
import type { AuditDetails } from '../../audit/audit-entry.js';
import type { AuditLog } from '../../audit/audit-log.js';
import type { Logger } from '../../base/logger.js';
import type { Config } from '../../config/schema.js';
import type { ReloadResult } from '../../contract/status.js';
import { programVersion } from '../../control/program-version.js';

/** The longest list of changes in an entry, characters. */
const longestList = 128;

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
      remedy: 'restore the former key as the secret audit-key-former, or find out who wrote the log',
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
    } else audit.append({ by, action: 'configuration.changed', details: changesOf(result) });
  } catch (error) {
    logger.error('the change of the configuration could not be written to the audit log', { error });
  }
}

function changesOf(result: Extract<ReloadResult, { outcome: 'applied' }>): AuditDetails {
  const { changes, needRestart, replaced } = result;
  const lists = { changes, needRestart, replaced };
  return Object.fromEntries(
    Object.entries(lists).flatMap(([name, words]) =>
      words.length === 0 ? [] : [[`${name}Count`, words.length] as const, [name, listOf(words)] as const],
    ),
  );
}

/** Joins the names, one word each, as many as fit into an entry. */
export function listOf(names: readonly string[]): string {
  let list = '';
  for (const name of names) {
    const word = name.replaceAll(/[^A-Za-z0-9._-]+/g, '.');
    const longer = list === '' ? word : `${list},${word}`;
    if (longer.length > longestList) break;
    list = longer;
  }
  return list === '' ? 'long' : list;
}

function fingerprint(config: Config): string {
  return createHash('sha256').update(JSON.stringify(config)).digest('hex').slice(0, 16);
}
