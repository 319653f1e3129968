import type { AuditLog } from '../../audit/audit-log.js';
import type { Clock } from '../../base/clock.js';
import type { Logger } from '../../base/logger.js';
import { Recurring } from '../../base/recurring.js';
import type { Records } from '../../records/open-records.js';
import { whereThereIsALog } from './missing-audit-log.js';

export interface AuditDigestOptions {
  readonly audit: Pick<AuditLog, 'newest'>;
  readonly records: Pick<Records, 'record' | 'sources'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

export const lookAtDigestEveryMs = 60_000;
/** So often at least, where the log has grown. */
export const digestEveryMs = 24 * 3_600_000;
/** Entries after which it is not waited any longer. */
export const digestEveryEntries = 1_000;
const source = 'audit-digest';

/**
 * Gives the head of the audit log away: at the start, every day, and after many entries. Whoever keeps it can prove later that
 * nothing before it was rewritten, even by somebody who had the box and all its keys.
 */
export function auditDigest({ audit, records, clock, logger }: AuditDigestOptions): Recurring {
  const { lastSaid } = records.sources;
  /** Monotonic; undefined before the first of this start. */
  let saidAtMs: number | undefined;
  const sayWhereDue = (): void => {
    const newest = audit.newest();
    if (newest === undefined) return;
    const { sequence, hash, keyId } = newest;
    const [lastSequence = '0', lastHash] = lastSaid.of(source)?.split(' ') ?? [];
    const nowMs = clock.monotonicMs();
    const isDue = saidAtMs === undefined || nowMs - saidAtMs >= digestEveryMs;
    if (hash === lastHash || (!isDue && sequence - Number(lastSequence) < digestEveryEntries)) return;
    const occurredAtMs = clock.wallMs();
    records.record({ kind: 'audit', occurredAtMs, entry: sequence, hash, keyId }, () =>
      lastSaid.set(source, `${sequence} ${hash}`),
    );
    saidAtMs = nowMs;
  };
  return new Recurring({
    clock,
    everyMs: lookAtDigestEveryMs,
    work: () => whereThereIsALog(sayWhereDue),
    onFailure: (error) =>
      logger.error('the head of the audit log cannot be recorded; it is tried again', { error }),
  });
}
