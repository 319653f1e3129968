import type { Clock } from '../../kernel/clock.js';
import type { Logger } from '../../kernel/logger.js';
import { Recurring } from '../../kernel/recurring.js';
import type { Records } from '../records/records.js';
import { whereThereIsALog } from './audit-keeper.js';
import type { AuditLog } from './audit-log.js';

export interface AuditDigestOptions {
  readonly audit: Pick<AuditLog, 'newest'>;
  readonly records: Pick<Records, 'record' | 'sources'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

export const checkDigestEveryMs = 60_000;
/** The longest time between two digests while the log grows. */
const digestEveryMs = 24 * 3_600_000;
/** After this many entries a digest is published early. */
const digestEveryEntries = 1_000;
const source = 'audit-digest';

/**
 * Publishes the head of the audit log: at the start, every day and after many entries. A receiver that keeps it can prove later
 * that no earlier entry was rewritten, even by an attacker with the box and all its keys.
 */
export function auditDigest({ audit, records, clock, logger }: AuditDigestOptions): Recurring {
  const { states } = records.sources;
  /** Monotonic time of the latest digest since the start. */
  let publishedAtMs: number | undefined;
  const publishIfDue = (): void => {
    const newest = audit.newest();
    if (newest === undefined) return;
    const { sequence, hash, keyId } = newest;
    const [lastSequence = '0', lastHash] = states.of(source)?.split(' ') ?? [];
    const nowMs = clock.monotonicMs();
    const isDue = publishedAtMs === undefined || nowMs - publishedAtMs >= digestEveryMs;
    if (hash === lastHash || (!isDue && sequence - Number(lastSequence) < digestEveryEntries)) return;
    const occurredAtMs = clock.wallMs();
    records.record({ kind: 'audit', occurredAtMs, entry: sequence, hash, keyId }, () =>
      states.set(source, `${sequence} ${hash}`),
    );
    publishedAtMs = nowMs;
  };
  return new Recurring({
    clock,
    everyMs: checkDigestEveryMs,
    work: () => whereThereIsALog(publishIfDue),
    onFailure: (error) => logger.error('the head of the audit log cannot be recorded; retrying', { error }),
  });
}
