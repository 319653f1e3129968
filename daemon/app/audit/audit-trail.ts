import { createHash } from 'node:crypto';
import { daemonAtStart } from '../../audit/actor.js';
import type { AuditDetails } from '../../audit/audit-entry.js';
import type { AuditLog } from '../../audit/audit-log.js';
import type { Logger } from '../../base/logger.js';
import type { Config } from '../../config/schema.js';
import type { ReloadResult } from '../../control/box-control.js';
import { programVersion } from '../../control/program-version.js';

/** Longest list of changes in an entry, characters. */
const longestList = 128;

/**
 * Writes that the daemon starts, with a fingerprint of its configuration: a change made while it was stopped shows as another
 * one. The place and hash of the entry go into the log, which keeps them outside the database: a witness should the whole file
 * be put back to an older state. A log under another key is reported loudly, and goes on in a new segment.
 */
export function trailStart(audit: AuditLog, config: Config, logger: Logger): void {
  const { foreignKeyId, keyId } = audit;
  if (foreignKeyId !== undefined) {
    logger.error('the audit log was written under another key; what stands there cannot be proven', {
      foreignKeyId,
      keyId,
      remedy: 'put the former key back as the secret audit-key-former, or find out who wrote the log',
    });
  }
  const details = { version: programVersion(), configuration: fingerprint(config) };
  const { sequence, hash } = audit.append({ by: daemonAtStart, action: 'daemon.started', details });
  logger.info('the audit log is open', { entry: sequence, hash, keyId });
}

/** Writes that the daemon stops. A disk that is full then must not keep it from stopping. */
export function trailStop(audit: AuditLog, logger: Logger): void {
  try {
    audit.append({ by: { actor: 'daemon', origin: 'stop' }, action: 'daemon.stopped' });
  } catch (error) {
    logger.error('the audit log could not take that the daemon stops', { error });
  }
}

/** Writes what a reload of the configuration came to. The reload has happened: a full disk is reported, not thrown. */
export function trailReload(audit: AuditLog, result: ReloadResult, logger: Logger): void {
  if (result.outcome === 'unchanged') return;
  const by = { actor: 'daemon', origin: 'SIGHUP' };
  try {
    if (result.outcome === 'refused') {
      audit.append({ by, action: 'configuration.refused', details: { problems: result.problems.length } });
    } else audit.append({ by, action: 'configuration.changed', details: changesOf(result) });
  } catch (error) {
    logger.error('the audit log could not take that the configuration changed', { error });
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

/** Names as one word each, as many as an entry takes. */
function listOf(names: readonly string[]): string {
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
